#include "base/transport_kit.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>

namespace weft::transport {

const char* fault_of(const Put& put, int* peer) {
  const RemoteMemory* memory = put.bytes > 0 ? put.target : put.signal_memory;
  if (memory == nullptr) memory = put.target;
  if (memory == nullptr) return "a put without a target";
  const auto outside = [](const RemoteMemory* m, std::uint64_t offset, std::size_t bytes) {
    return m == nullptr || offset > m->bytes || bytes > m->bytes - offset;
  };
  if ((put.bytes > 0 && outside(put.target, put.target_offset, put.bytes)) ||
      (put.signal != SignalOp::none && outside(put.signal_memory, put.signal_offset, 8)))
    return "a put beyond the end of a memory";
  *peer = memory->peer;
  return nullptr;
}

const char* fault_of(const Get& get) {
  const RemoteMemory& source = *get.source;
  const bool inside =
      get.source_offset <= source.bytes && get.bytes <= source.bytes - get.source_offset;
  return inside ? nullptr : "a get beyond the end of a memory";
}

Status queue_full() { return Status::error(ErrorCode::no_resources, "the queue is full"); }

const char* text_setting(const OpenOptions& options, const char* name) {
  return options.setting != nullptr ? options.setting(options.context, name) : nullptr;
}

long number_setting(const OpenOptions& options, const char* name, long least, long most,
                    long otherwise) {
  const char* text = text_setting(options, name);
  if (text == nullptr) return otherwise;
  long value = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  if (error == std::errc{} && stopped == end && value >= least && value <= most) return value;
  throw std::invalid_argument(std::string("the setting ") + name + " must be a number from " +
                              std::to_string(least) + " to " + std::to_string(most) + ", not \"" +
                              text + '"');
}

std::size_t whole_pages(std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  return (std::max<std::size_t>(bytes, 1) + kPage - 1) / kPage * kPage;
}

}  // namespace weft::transport
