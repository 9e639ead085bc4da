#include "segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

#include <fmt/format.h>

namespace weft::shm {
namespace {

using transport::Status;

constexpr std::size_t kPage = 4096;
constexpr const char* kPrefix = "weft-";

// First page of a POSIX segment: counts who still has to map it. The last one removes the name.
struct Header {
  std::atomic<int> missing;
};

std::size_t header_bytes(Backing backing) { return backing == Backing::posix ? kPage : 0; }

std::size_t mapping_length(const SegmentKey& key) {
  return (key.bytes + kPage - 1) / kPage * kPage + header_bytes(key.backing);
}

std::string posix_name(const SegmentKey& key) {
  return fmt::format("/{}{}-{}-{}-{}", kPrefix, key.pid, key.start_time, key.owner, key.serial);
}

Status os_error(const std::string& what) {
  const int code = errno;
  const bool resources = code == ENOMEM || code == ENOSPC || code == EMFILE || code == ENFILE;
  return Status::error(resources ? ErrorCode::no_resources : ErrorCode::internal,
                       fmt::format("{}: {}", what, std::strerror(code)).c_str());
}

Status no_space(const SegmentKey& key) {
  struct statvfs info{};
  if (key.backing != Backing::posix || statvfs("/dev/shm", &info) != 0) {
    return Status::error(ErrorCode::no_resources,
                         fmt::format("no memory for {} KiB of shared memory: raise the memory "
                                     "limit, or lower WEFT_SHARED_BYTES",
                                     key.bytes / 1024)
                             .c_str());
  }
  const auto unit = static_cast<std::uint64_t>(info.f_frsize);
  return Status::error(
      ErrorCode::no_resources,
      fmt::format("/dev/shm is too small: {} KiB needed, {} of {} KiB free. Enlarge it (docker run "
                  "--shm-size=1g, "
                  "mount -o remount,size=1g /dev/shm), use WEFT_SHM_BACKING=memfd, or lower "
                  "WEFT_SHARED_BYTES",
                  key.bytes / 1024, info.f_bavail * unit / 1024, info.f_blocks * unit / 1024)
          .c_str());
}

int open_new(const SegmentKey& key) {
  if (key.backing == Backing::memfd) return memfd_create("weft", MFD_CLOEXEC);
  return shm_open(posix_name(key).c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}

int open_existing(const SegmentKey& key) {
  if (key.backing == Backing::posix)
    return shm_open(posix_name(key).c_str(), O_RDWR | O_CLOEXEC, 0);
  return open(fmt::format("/proc/{}/fd/{}", key.pid, key.fd).c_str(), O_RDWR | O_CLOEXEC);
}

Status map_descriptor(int fd, const SegmentKey& key, Mapping* out) {
  const std::size_t length = mapping_length(key);
  // Populated: the pages exist already, and a fault at a call's first touch of each would cost it
  // more than the call.
  void* base = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (base == MAP_FAILED) return os_error("mmap of shared memory");
  out->base = static_cast<std::byte*>(base);
  out->length = length;
  out->data = out->base + header_bytes(key.backing);
  return {};
}

void count_import(const SegmentKey& key, std::byte* base) {
  if (key.backing != Backing::posix) return;
  if (reinterpret_cast<Header*>(base)->missing.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    remove_name(key);
  }
}

}  // namespace

Status create_segment(SegmentKey* key, int importers, Mapping* out) {
  const int fd = open_new(*key);
  if (fd < 0) return os_error("creating shared memory");
  const int error = posix_fallocate(fd, 0, static_cast<off_t>(mapping_length(*key)));
  Status status = error == 0 ? map_descriptor(fd, *key, out) : no_space(*key);
  key->fd = fd;
  if (!status.ok()) {
    close(fd);
    remove_name(*key);
    return status;
  }
  key->address = reinterpret_cast<std::uint64_t>(out->data);
  if (key->backing == Backing::posix) {
    reinterpret_cast<Header*>(out->base)->missing.store(importers, std::memory_order_release);
    if (importers == 0) remove_name(*key);
    close(fd);
    key->fd = -1;
  }
  return {};
}

Status map_segment(const SegmentKey& key, Mapping* out) {
  const int fd = open_existing(key);
  if (fd < 0) {
    return os_error(fmt::format("opening the shared memory of process {} (try WEFT_SHM_BACKING={})",
                                key.pid, key.backing == Backing::memfd ? "posix" : "memfd"));
  }
  Status status = map_descriptor(fd, key, out);
  close(fd);
  if (status.ok()) count_import(key, out->base);
  return status;
}

void note_import(const SegmentKey& key) {
  count_import(key, reinterpret_cast<std::byte*>(key.address) - header_bytes(key.backing));
}

void expect_import(const SegmentKey& key) {
  if (key.backing != Backing::posix) return;
  std::atomic<int>& missing =
      reinterpret_cast<Header*>(reinterpret_cast<std::byte*>(key.address) - kPage)->missing;
  int now = missing.load(std::memory_order_relaxed);
  while (now > 0 && !missing.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) {
  }
}

void unmap(const Mapping& mapping) { munmap(mapping.base, mapping.length); }

void remove_name(const SegmentKey& key) {
  if (key.backing == Backing::posix) shm_unlink(posix_name(key).c_str());
}

void remove_stale_names() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", error)) {
    const std::string name = entry.path().filename().string();
    int pid = 0;
    unsigned long long start = 0;
    if (std::sscanf(name.c_str(), "weft-%d-%llu-", &pid, &start) != 2) continue;
    if (start_time_of(pid) != start) shm_unlink(("/" + name).c_str());
  }
}

}  // namespace weft::shm
