#include "queue_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include "memory.h"

namespace weft::verbs {

using transport::Status;

namespace {

Status failed(ErrorCode code, const std::string& text) { return Status::error(code, text.c_str()); }

}  // namespace

Status create_queue_pair(const Device& device, const QueueLimits& limits, ibv_cq* send_queue,
                         ibv_cq* receive_queue, ibv_srq* receives, QueuePair* out) {
  ibv_qp_init_attr wanted{};
  wanted.send_cq = send_queue;
  wanted.recv_cq = receive_queue;
  wanted.srq = receives;
  wanted.qp_type = IBV_QPT_RC;
  wanted.cap.max_send_wr =
      std::min(limits.sends, static_cast<std::uint32_t>(device.limits.max_qp_wr));
  wanted.cap.max_send_sge = 2;
  wanted.cap.max_inline_data = limits.inline_bytes;
  // Devices refuse what they cannot inline: ask for less until one grants.
  for (;;) {
    out->handle.reset(ibv_create_qp(device.domain.get(), &wanted));
    if (out->handle != nullptr || errno != EINVAL || wanted.cap.max_inline_data <= 64) break;
    wanted.cap.max_inline_data /= 2;
  }
  if (out->handle == nullptr) {
    const int error = errno;
    return failed(ErrorCode::no_resources,
                  fmt::format("{}: no queue pair: {}{}", device.name, std::strerror(error),
                              locked_memory_hint(error)));
  }
  out->inline_bytes = wanted.cap.max_inline_data;
  out->sends = std::min(limits.sends, wanted.cap.max_send_wr);
  out->psn = std::random_device()() & 0xffffff;
  ibv_qp_attr attributes{};
  attributes.qp_state = IBV_QPS_INIT;
  attributes.port_num = device.port;
  attributes.qp_access_flags =
      IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ;
  const int error =
      ibv_modify_qp(out->handle.get(), &attributes,
                    IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);
  if (error == 0) return {};
  return failed(ErrorCode::no_resources, fmt::format("{}: a queue pair cannot be initialised: {}",
                                                     device.name, std::strerror(error)));
}

Status connect_queue_pair(const Device& device, const QueueLimits& limits, const QueuePair& pair,
                          const Frame& peer) {
  ibv_qp_attr attributes{};
  attributes.qp_state = IBV_QPS_RTR;
  attributes.path_mtu = std::min(device.attributes.active_mtu, static_cast<ibv_mtu>(peer.mtu));
  attributes.dest_qp_num = peer.queue_pair;
  attributes.rq_psn = peer.psn;
  attributes.max_dest_rd_atomic =
      static_cast<std::uint8_t>(std::clamp(device.limits.max_qp_rd_atom, 1, 16));
  attributes.min_rnr_timer = limits.rnr_timer;
  attributes.ah_attr.port_num = device.port;
  attributes.ah_attr.dlid = peer.lid;
  if (limits.service_level >= 0)
    attributes.ah_attr.sl = static_cast<std::uint8_t>(limits.service_level);
  if (device.gid_index >= 0) {
    attributes.ah_attr.is_global = 1;
    attributes.ah_attr.grh.hop_limit = 64;
    attributes.ah_attr.grh.sgid_index = static_cast<std::uint8_t>(device.gid_index);
    std::memcpy(attributes.ah_attr.grh.dgid.raw, peer.gid.data(), peer.gid.size());
    if (limits.traffic_class >= 0)
      attributes.ah_attr.grh.traffic_class = static_cast<std::uint8_t>(limits.traffic_class);
  }
  int error = ibv_modify_qp(pair.handle.get(), &attributes,
                            IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
                                IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
  if (error != 0) {
    return failed(ErrorCode::peer_failed,
                  fmt::format("{}: its address cannot be reached from GID {}: {}; choose another "
                              "with WEFT_VERBS_GID_INDEX",
                              device.name, device.gid_index, std::strerror(error)));
  }
  attributes = {};
  attributes.qp_state = IBV_QPS_RTS;
  attributes.timeout = limits.timeout;
  attributes.retry_cnt = limits.retries;
  attributes.rnr_retry = 7;  // for ever: receives are counted, so it should never come to it
  attributes.sq_psn = pair.psn;
  attributes.max_rd_atomic = static_cast<std::uint8_t>(
      std::min<int>(std::clamp(device.limits.max_qp_init_rd_atom, 1, 16), peer.max_reads));
  error = ibv_modify_qp(pair.handle.get(), &attributes,
                        IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
                            IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC);
  if (error == 0) return {};
  return failed(ErrorCode::peer_failed,
                fmt::format("{}: queue pair to RTS: {}", device.name, std::strerror(error)));
}

}  // namespace weft::verbs
