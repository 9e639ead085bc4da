#include "segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <string>

#include "base/populate.h"
#include "base/transport_kit.h"
#include "names.h"

namespace weft::shm {
namespace {

using transport::Status;

constexpr std::size_t kPage = 4096;

// First page of a POSIX segment: counts who still has to map it. The last one removes the name.
struct Header {
  std::atomic<int> missing;
};

std::size_t header_bytes(Backing backing) { return backing == Backing::posix ? kPage : 0; }

std::size_t length_of(const SegmentKey& key) {
  return transport::whole_pages(key.bytes) + header_bytes(key.backing);
}

Header& header_of(const Mapping& mapping) { return *reinterpret_cast<Header*>(mapping.base()); }

// The mappings that transports of this process have made, for those of the same process. A forked
// child has its parent's too, and finds none: keys name the owner's identity.
class OwnMappings {
 public:
  void add(std::uint32_t serial, const SharedMapping& mapping) {
    const std::lock_guard lock(mutex_);
    std::erase_if(mappings_, [](const auto& entry) { return entry.second.expired(); });
    mappings_[serial] = mapping;
  }
  SharedMapping find(std::uint32_t serial) {
    const std::lock_guard lock(mutex_);
    const auto found = mappings_.find(serial);
    return found == mappings_.end() ? nullptr : found->second.lock();
  }

 private:
  std::mutex mutex_;
  std::map<std::uint32_t, std::weak_ptr<Mapping>> mappings_;
};

OwnMappings& own_mappings() {
  static auto* const kMappings = new OwnMappings;  // transports may end after statics
  return *kMappings;
}

std::uint32_t next_serial() {
  static std::atomic<std::uint32_t> count{0};
  return count.fetch_add(1, std::memory_order_relaxed);
}

Status map_file(int fd, const SegmentKey& key, SharedMapping* out) {
  const std::size_t length = length_of(key);
  // Populated: the pages exist already, and a fault at a call's first touch of each would cost it
  // more than the call.
  void* base = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (base == MAP_FAILED) return memory_error("mapping shared memory", length, errno);
  *out =
      std::make_shared<Mapping>(static_cast<std::byte*>(base), length, header_bytes(key.backing));
  return {};
}

void count_import(const SegmentKey& key, const Mapping& mapping) {
  if (key.backing != Backing::posix) return;
  if (header_of(mapping).missing.fetch_sub(1, std::memory_order_acq_rel) == 1) remove_name_of(key);
}

Status cannot_open(const SegmentKey& key, int code) {
  const bool denied = code == EACCES || code == EPERM;
  const std::string hint =
      denied && key.backing == Backing::memfd
          ? " (another user, or it gave up privileges): try WEFT_SHM_BACKING=posix"
      : denied ? " (another user)"
               : "";
  return Status::error(
      code == EMFILE || code == ENFILE ? ErrorCode::no_resources : ErrorCode::internal,
      fmt::format("opening the shared memory of process {}: {}{}", key.pid, words_of_error(code),
                  hint)
          .c_str());
}

Status open_file(const SegmentKey& key, FileDescriptor* out) {
  if (key.backing == Backing::posix) {
    *out = FileDescriptor(open_named(name_of(key.owner, key.serial)));
  } else {
    const std::string path = fmt::format("/proc/{}/fd/{}", key.pid, key.fd);
    *out = FileDescriptor(above_standard(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK)));
  }
  if (!*out) return cannot_open(key, errno);
  struct stat info{};
  const bool right = fstat(out->get(), &info) == 0 && info.st_ino == key.inode &&
                     info.st_size == static_cast<off_t>(length_of(key));
  if (right) return {};
  return Status::error(
      ErrorCode::peer_failed,
      fmt::format("process {} has released that memory, or is another one by now", key.pid)
          .c_str());
}

}  // namespace

Mapping::~Mapping() { munmap(base_, length_); }

OwnSegment::~OwnSegment() {
  // A child that was forked has no say in its parent's names.
  if (mapping_ != nullptr && key_.owner == process_identity()) remove_name_of(key_);
}

Status OwnSegment::create_file(std::size_t bytes, Backing backing) {
  constexpr int kTries = 16;  // a cleaner may be faster, each time
  key_.owner = process_identity();
  key_.bytes = bytes;
  key_.pid = getpid();
  key_.backing = backing;
  for (int i = 0; i < kTries && !file_; ++i) {
    key_.serial = next_serial();
    file_ = FileDescriptor(backing == Backing::posix
                               ? create_named(name_of(key_.owner, key_.serial))
                               : above_standard(memfd_create("weft", MFD_CLOEXEC)));
    if (!file_ && errno != EEXIST) break;
  }
  if (!file_) return memory_error("creating shared memory", length_of(key_), errno);
  if (backing == Backing::memfd) key_.fd = file_.get();
  struct stat info{};
  if (fstat(file_.get(), &info) == 0) key_.inode = info.st_ino;
  return populate_file(file_.get(), length_of(key_));
}

Status OwnSegment::create(std::size_t bytes, Backing backing, int importers) {
  Status status = create_file(bytes, backing);
  if (status.ok()) status = map_file(file_.get(), key_, &mapping_);
  if (!status.ok()) {
    if (file_) remove_name_of(key_);
    return status;
  }
  own_mappings().add(key_.serial, mapping_);
  if (backing != Backing::posix) return status;
  header_of(*mapping_).missing.store(importers, std::memory_order_release);
  if (importers == 0) remove_name_of(key_);
  return status;
}

void OwnSegment::expect_import() {
  if (key_.backing != Backing::posix) return;
  std::atomic<int>& missing = header_of(*mapping_).missing;
  int now = missing.load(std::memory_order_relaxed);
  while (now > 0 && !missing.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) {
  }
}

Status import_segment(const SegmentKey& key, bool counts, SharedMapping* out) {
  if (key.owner == process_identity()) {
    *out = own_mappings().find(key.serial);
    if (*out == nullptr)
      return Status::error(ErrorCode::peer_failed, "that memory has been released");
  } else {
    FileDescriptor file;
    Status status = open_file(key, &file);
    if (status.ok()) status = map_file(file.get(), key, out);
    if (!status.ok()) return status;
  }
  if (counts) count_import(key, **out);
  return {};
}

void remove_name_of(const SegmentKey& key) {
  if (key.backing == Backing::posix) remove_name(name_of(key.owner, key.serial));
}

}  // namespace weft::shm
