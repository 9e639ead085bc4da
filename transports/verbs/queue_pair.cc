#include "queue_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include "inline_data.h"
#include "memory.h"

namespace weft::verbs {

using transport::Status;

namespace {

Status failed(ErrorCode code, const std::string& text) { return Status::error(code, text.c_str()); }

ibv_qp_init_attr request_of(const Device& device, const QueueLimits& limits,
                            const SharedQueues& queues, std::uint32_t inline_bytes) {
  ibv_qp_init_attr request{};
  request.send_cq = queues.sends;
  request.recv_cq = queues.arrivals;
  request.srq = queues.receives;
  request.qp_type = IBV_QPT_RC;
  request.cap.max_send_wr =
      std::min(limits.sends, static_cast<std::uint32_t>(device.limits.max_qp_wr));
  request.cap.max_send_sge = 2;
  request.cap.max_inline_data = inline_bytes;
  return request;
}

PortAddress address_in(const Frame& frame) {
  PortAddress address;
  address.lid = frame.lid;
  std::memcpy(address.gid.raw, frame.gid.data(), frame.gid.size());
  address.grh_required = frame.grh_required != 0;
  return address;
}

}  // namespace

Status create_queue_pair(const Device& device, const QueueLimits& limits,
                         const SharedQueues& queues, QueuePair* out) {
  ibv_qp_init_attr granted{};
  const std::uint32_t asked = first_granted(
      inline_sizes(limits.inline_bytes),
      [&](std::uint32_t inline_bytes) {
        granted = request_of(device, limits, queues, inline_bytes);
        errno = 0;  // some providers refuse without a word
        return QueuePairHandle(ibv_create_qp(device.domain.get(), &granted));
      },
      &out->handle);
  if (out->handle == nullptr) {
    const int error = errno;
    return failed(ErrorCode::no_resources,
                  fmt::format("{}: no queue pair: {}{}", device.name,
                              error != 0 ? std::strerror(error) : "its provider does not say why",
                              locked_memory_hint(error)));
  }
  out->inline_bytes = std::min(asked, granted.cap.max_inline_data);
  out->sends = std::min(limits.sends, granted.cap.max_send_wr);
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
  attributes.ah_attr = address_vector(device.local_port(), address_in(peer), limits.path);
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
