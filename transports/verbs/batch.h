// Work requests for one peer that is ready, gathered and posted with one doorbell for each lane.
#pragma once

#include <array>

#include "peers.h"

namespace weft::verbs {

class Batch {
 public:
  // All outlive it. What is gathered and not flushed must not be left behind.
  Batch(Context& context, Peers& peers, Peer& peer)
      : context_(context), peers_(peers), peer_(peer) {}

  Peer& peer() const { return peer_; }
  // Queues a put that is without fault. `no_resources`: nothing of it was.
  transport::Status put(const transport::Put& put);
  // Queues more of the peer's put in pieces. False: the rest must wait for room.
  bool continue_put();
  // Queues a get. False: it, or what is left of it, must wait for room.
  bool get(WaitingGet* get);
  // Posts what was queued. False where the peer has failed.
  bool flush();

 private:
  // A put, with the keys of its memories; null where it does not use one.
  struct Order {
    const transport::Put& put;
    const Key* target;
    const Key* word;
  };
  // Bytes that go by RDMA, over one lane or over all of them.
  struct Movement {
    ibv_wr_opcode opcode = IBV_WR_RDMA_WRITE;  // or RDMA_READ
    std::byte* local = nullptr;
    const Key* remote = nullptr;
    std::uint64_t offset = 0;  // in the peer's memory
    std::size_t bytes = 0;
    bool may_copy = true;  // the processor may read `local`
    std::uint64_t* completed = nullptr;
    int transfer = -1;  // whose pieces it adds to, instead of `completed`; -1: none's
  };
  enum class Moved { yes, no_room, unregistrable };
  // The memory that a work request reads or writes here.
  struct Local {
    std::byte* address = nullptr;
    Registration* registration = nullptr;  // null: it is in the rail's buffers
    Pending holds;
  };

  // batch.cc
  transport::Status queue(const Order& order);
  void send_entry(const Order& order, bool with_payload);
  void send_records(const Order& order, bool with_payload);
  void send_record(int lane, const Record& record, const void* payload);
  Record make_record(const Order& order, bool with_payload);
  bool has_room(bool for_records) const;
  void make_room();
  // move.cc
  bool on_device(const Order& order);
  transport::Status write(const Order& order, bool device);
  Moved move(const Movement& movement);
  Moved borrow(const Movement& movement, Rail& rail, Local* out);
  void stage(const Movement& movement, Rail& rail, int slot, Local* out);
  bool get_pieces(WaitingGet* get);

  Context& context_;
  Peers& peers_;
  Peer& peer_;
  std::array<Chain, kMaxRails> chains_;
};

}  // namespace weft::verbs
