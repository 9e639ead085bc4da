#include "bootstrap/job.h"

#include "base/blob.h"
#include "base/error.h"
#include "base/random.h"

#include <unistd.h>

namespace weft::bootstrap {
namespace {

// Of letters that come from a stranger.
std::string printable(const std::string& text) {
  std::string shown;
  for (const char c : text.substr(0, kMaxJobName)) shown += c >= 0x20 && c < 0x7f ? c : '?';
  return shown;
}

}  // namespace

Job Job::of(const JobName& name, int size) {
  if (name.name.size() > kMaxJobName) {
    fail(ErrorCode::invalid_argument, "{}: a name of {} characters; there may be {}", name.origin,
         name.name.size(), kMaxJobName);
  }
  return {name, static_cast<std::uint32_t>(geteuid()), size};
}

JobName Job::random_name() {
  return {fmt::format("{:016x}{:016x}", random_word(), random_word()), "made at random", true};
}

std::string Job::in_words() const {
  if (name.name.empty()) return fmt::format("a job without a name (user {}, {} ranks)", user, size);
  return fmt::format("job \"{}\" ({}, user {}, {} ranks)", printable(name.name),
                     printable(name.origin), user, size);
}

bool same_name(const Job& one, const Job& other) {
  const bool chosen = one.name.chosen && other.name.chosen;
  return one.name.name == other.name.name && (chosen || one.user == other.user);
}

Blob pack(const Job& job) {
  BlobWriter writer;
  writer.put(job.user);
  writer.put(static_cast<std::uint8_t>(job.name.chosen ? 1 : 0));
  writer.put_text(job.name.name);
  writer.put_text(job.name.origin);
  return writer.blob();
}

Job unpack_job(std::span<const std::byte> bytes, int size) {
  BlobReader reader(bytes);
  Job job;
  job.user = reader.get<std::uint32_t>();
  job.name.chosen = reader.get<std::uint8_t>() == 1;
  job.name.name = reader.get_text();
  job.name.origin = reader.get_text();
  job.size = size;
  if (!reader.at_end() || job.name.name.size() > kMaxJobName) {
    fail(ErrorCode::bootstrap, "what describes its job is nonsense");
  }
  return job;
}

}  // namespace weft::bootstrap
