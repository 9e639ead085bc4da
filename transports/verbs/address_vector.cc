#include "address_vector.h"

#include <algorithm>
#include <cstddef>

namespace weft::verbs {
namespace {

// A site-local prefix (fec0::/10) may name the router port that leads to the GID's subnet by a LID
// of its own (FLID), in bytes 4 and 5; the subnet's number is in bytes 6 and 7.
bool is_site_local(const ibv_gid& gid) { return gid.raw[0] == 0xfe && (gid.raw[1] & 0xc0) == 0xc0; }

std::uint16_t router_lid(const ibv_gid& gid) {
  if (!is_site_local(gid)) return 0;
  return static_cast<std::uint16_t>(gid.raw[4] << 8 | gid.raw[5]);
}

bool is_set(const ibv_gid& gid) {
  return std::any_of(gid.raw, gid.raw + sizeof(gid.raw),
                     [](std::uint8_t byte) { return byte != 0; });
}

}  // namespace

bool same_subnet(const ibv_gid& one, const ibv_gid& other) {
  const bool routed = is_site_local(one) && is_site_local(other);
  for (std::size_t i = 0; i < 8; ++i) {
    const bool part_of_router_lid = routed && (i == 4 || i == 5);
    if (one.raw[i] != other.raw[i] && !part_of_router_lid) return false;
  }
  return true;
}

ibv_ah_attr address_vector(const LocalPort& local, const PortAddress& peer,
                           const PathWishes& wishes) {
  ibv_ah_attr way{};
  way.port_num = local.port;
  if (wishes.service_level >= 0) way.sl = static_cast<std::uint8_t>(wishes.service_level);
  const bool gids = local.gid_index >= 0 && is_set(peer.gid);
  const bool routed = !local.ethernet && gids && !same_subnet(local.address.gid, peer.gid);
  if (!local.ethernet) {
    const std::uint16_t router = routed ? router_lid(peer.gid) : 0;
    way.dlid = router != 0 ? router : peer.lid;
  }
  const bool needed =
      local.ethernet || routed || local.address.grh_required || peer.grh_required || wishes.global;
  if (!gids || !needed) return way;
  way.is_global = 1;
  way.grh.dgid = peer.gid;
  way.grh.sgid_index = static_cast<std::uint8_t>(local.gid_index);
  way.grh.hop_limit = 64;
  if (wishes.traffic_class >= 0)
    way.grh.traffic_class = static_cast<std::uint8_t>(wishes.traffic_class);
  if (wishes.flow_label >= 0) way.grh.flow_label = static_cast<std::uint32_t>(wishes.flow_label);
  return way;
}

}  // namespace weft::verbs
