#include "inspect.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/memory_room.h"
#include "process.h"

namespace weft::shm {
namespace {

using transport::Finding;

// Sixteen ranks of WEFT_SHARED_BYTES' default. Docker gives a container as much.
constexpr std::uint64_t kEnough = std::uint64_t{64} << 20;
constexpr std::uint64_t kPerRank = std::uint64_t{4} << 20;

constexpr const char* kFolder = "/dev/shm";

}  // namespace

void inspect(const transport::OpenOptions* options, void* context,
             void (*report)(void* context, const Finding* finding)) {
  const auto tell = [&](Finding::Kind kind, const char* about, const std::string& text) {
    const Finding finding = Finding::of(kind, about, text.c_str());
    report(context, &finding);
  };
  const char* backing =
      options->setting != nullptr ? options->setting(options->context, "shm.backing") : nullptr;
  const bool hidden = own_process().pid_namespace == 0 || !shows_its_files();
  const bool wanted = backing != nullptr && std::strcmp(backing, "posix") == 0;
  const bool posix = wanted || (backing == nullptr && hidden);
  if (backing != nullptr && !wanted && std::strcmp(backing, "memfd") != 0) {
    tell(Finding::Kind::warning, "memory",
         fmt::format("WEFT_SHM_BACKING={}: choose memfd or posix", backing));
  }
  tell(Finding::Kind::choice, "",
       wanted  ? "objects in /dev/shm: WEFT_SHM_BACKING=posix"
       : posix ? "objects in /dev/shm: /proc does not show this process's files to others"
               : "anonymous files (memfd), which need no room in /dev/shm: the default");
  for (const MemoryLimit& limit : memory_limits()) {
    tell(Finding::Kind::detail, "memory",
         fmt::format("{} has {}", limit.name, size_in_words(limit.left)));
  }

  struct statvfs space{};
  if (statvfs(kFolder, &space) != 0) {
    tell(posix ? Finding::Kind::warning : Finding::Kind::detail, kFolder,
         fmt::format("not there: {}{}", std::strerror(errno),
                     posix ? "; mount -t tmpfs tmpfs /dev/shm" : ""));
    return;
  }
  const auto unit = static_cast<std::uint64_t>(space.f_frsize);
  const std::uint64_t room = space.f_bavail * unit;
  const std::uint64_t size = space.f_blocks * unit;
  tell(Finding::Kind::detail, kFolder,
       fmt::format("{} MiB free of {} MiB{}", room >> 20, size >> 20,
                   posix ? "" : "; used with WEFT_SHM_BACKING=posix only"));
  if (room >= kEnough || !posix) return;
  tell(Finding::Kind::warning, kFolder,
       fmt::format("room for {} ranks of 4 MiB (WEFT_SHARED_BYTES): `mount -o remount,size=1g "
                   "/dev/shm`, docker run --shm-size=1g, or WEFT_SHM_BACKING=memfd",
                   room / kPerRank));
}

}  // namespace weft::shm
