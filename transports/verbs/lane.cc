#include "lane.h"

#include <cstring>

namespace weft::verbs {

ibv_send_wr& Chain::add(Lane& lane, ibv_wr_opcode opcode) {
  ibv_send_wr& request = requests_[count_];
  request = {};
  request.opcode = opcode;
  request.sg_list = parts_[count_];
  if (count_ > 0) requests_[count_ - 1].next = &request;
  ++count_;
  ++lane.posted;
  return request;
}

void Chain::add_part(const void* address, std::size_t bytes, std::uint32_t key) {
  ibv_send_wr& request = requests_[count_ - 1];
  parts_[count_ - 1][request.num_sge++] = {reinterpret_cast<std::uint64_t>(address),
                                           static_cast<std::uint32_t>(bytes), key};
}

void Chain::add_record(Lane& lane, const Record& record, const void* payload) {
  ibv_send_wr& send = add(lane, IBV_WR_SEND);
  std::byte* kept = records_[count_ - 1];
  std::memcpy(kept, &record, sizeof(record));
  add_part(kept, record.bytes(), 0);
  if (record.payload_bytes > 0) add_part(payload, record.payload_bytes, 0);
  send.send_flags = IBV_SEND_INLINE;
}

int Chain::post(Lane& lane, int* completions) {
  if (count_ == 0) return 0;
  ibv_send_wr& last = requests_[count_ - 1];
  if (completes_ || lane.posted - lane.signaled >= lane.pair.sends / 4) {
    last.send_flags |= IBV_SEND_SIGNALED;
    lane.signaled = lane.posted;
    ++lane.awaited;
    ++*completions;
  }
  last.wr_id = lane.posted;
  count_ = 0;
  completes_ = false;
  ibv_send_wr* bad = nullptr;
  return ibv_post_send(lane.pair.handle.get(), requests_, &bad);
}

}  // namespace weft::verbs
