#include "gid.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "base/descriptor.h"

namespace weft::verbs {
namespace {

bool is_link_local(const ibv_gid& gid) { return gid.raw[0] == 0xfe && (gid.raw[1] & 0xc0) == 0x80; }

}  // namespace

bool is_mapped_v4(const ibv_gid& gid) {
  static constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(gid.raw, kPrefix, sizeof(kPrefix)) == 0;
}

std::string text_of(const ibv_gid& gid) {
  char text[INET6_ADDRSTRLEN];
  const bool v4 = is_mapped_v4(gid);
  inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? gid.raw + 12 : gid.raw, text, sizeof(text));
  return text;
}

int rank_of(const ibv_gid_entry& entry) {
  if (entry.gid_type != IBV_GID_TYPE_ROCE_V2 || !interface_of(entry.ndev_ifindex).up) return 0;
  if (is_mapped_v4(entry.gid)) return 3;
  return is_link_local(entry.gid) ? 1 : 2;
}

Interface interface_of(unsigned index) {
  Interface found;
  ifreq request{};
  if (if_indextoname(index, request.ifr_name) == nullptr) return found;
  found.name = request.ifr_name;
  const int fd = above_standard(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return found;
  // Each request overwrites what the one before has returned.
  found.up = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
  if (ioctl(fd, SIOCGIFMTU, &request) == 0) found.mtu = request.ifr_mtu;
  ::close(fd);
  return found;
}

}  // namespace weft::verbs
