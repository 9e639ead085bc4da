// weft over InfiniBand and RoCE: reliable queue pairs of libibverbs.
//
// A put's bytes go by RDMA WRITE; its signal goes behind them in a record that the receiver's
// progress() applies. A record travels as *mail* (mail.h: a WRITE that says itself that it has
// arrived) where it carries all there is to say, or where the device places in order; else by SEND
// on the same queue pair, whose completion says that what was written before is there. Credits
// count mail slots and receives, so that no queue overruns. A rank may use several devices (rails):
// a lane is a queue pair over one of them; records are numbered, and applied by their numbers.
#pragma once

#include <weft/transport.h>

#include <array>
#include <deque>
#include <vector>

#include "base/transport_kit.h"
#include "control.h"
#include "lane.h"
#include "rail.h"
#include "regions.h"

namespace weft::verbs {

struct Settings {
  std::string device;  // comma-separated; empty: what the core proposes
  PortWish port;
  QueueLimits limits;
  std::uint64_t max_message = 0;  // 0: the port's
  int rails = static_cast<int>(kMaxRails);
};

class Transport final : public transport::Transport, private ControlListener {
 public:
  Transport(const transport::OpenOptions& options, const Settings& settings,
            std::vector<std::unique_ptr<Rail>> rails);
  ~Transport() override;

  // Not ok where open() must fail.
  const transport::Status& status() const { return status_; }

  transport::Capabilities capabilities() const override;
  std::span<const std::byte> address() const override {
    return std::as_bytes(std::span(&address_, 1));
  }
  transport::Status connect(int peer, std::span<const std::byte> address) override;
  bool connected(int peer) const override;
  void disconnect(int peer) override;
  transport::Status allocate(std::size_t bytes, transport::LocalMemory* out) override;
  transport::Status register_memory(void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override;
  transport::Status register_dmabuf(int fd, std::uint64_t offset, void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override;
  void release(const transport::LocalMemory& memory) override;
  transport::Status import_memory(int peer, const transport::MemoryKey& key,
                                  transport::RemoteMemory* out) override;
  void release(const transport::RemoteMemory& memory) override;
  transport::Status put(std::span<const transport::Put> puts, std::size_t* posted) override;
  transport::Status get(std::span<const transport::Get> gets) override;
  int progress() override;
  void arm() override;

 private:
  enum class Stage : std::uint8_t { idle, offered, ready };
  // A record that arrived before its turn.
  struct Held {
    int rail = 0;
    int slot = -1;
  };
  struct Mailbox {
    std::byte* inbox = nullptr;
    std::byte* outbox = nullptr;   // what is written to the peer's inbox, until it was read there
    std::uint32_t slots = 0;       // of the inbox; 0: this rank takes no mail of this peer
    std::uint32_t peer_slots = 0;  // of the peer's inbox
    std::uint32_t window = 0;      // letters that each side may have on their way
    std::uint32_t taken = 0, owed = 0;  // letters read; of those not yet told
    std::uint32_t sent = 0, credits = 0;
  };
  // Memory for what goes to and comes from one peer: mail, and SENDs on their way.
  struct Desk {
    std::byte* memory = nullptr;
    std::size_t bytes = 0;
    Registration* registration = nullptr;
  };
  struct Peer {
    bool known = false;  // connect() succeeded
    Stage stage = Stage::idle;
    int lanes = 0;              // rails that both sides have
    std::uint8_t answered = 0;  // lanes whose offer has come, as bits
    std::uint8_t usable = 0;    // lanes that work on this side
    std::array<Lane, kMaxRails> lane;
    std::vector<int> active;    // lanes that work on both sides
    std::size_t turn = 0;       // the active lane that takes the next small transfer
    bool in_order = false;      // mail overtakes nothing that was written before it
    std::uint16_t sent = 0;     // the next record's number
    std::uint16_t applied = 0;  // the number of the next record to apply
    std::vector<Held> held;     // by number, modulo their count; empty: nothing may come yet
    Mailbox mail;
    Desk desk;
    std::string trouble;  // what keeps lanes from working
    transport::Status failure;
  };
  // One of several pieces' transfer.
  struct Transfer {
    std::uint64_t* completed = nullptr;
    int left = 0;
  };
  // Bytes that go by RDMA, over one lane or over all of them.
  struct Movement {
    ibv_wr_opcode opcode = IBV_WR_RDMA_WRITE;  // or RDMA_READ
    void* local = nullptr;
    const Key* remote = nullptr;
    std::uint64_t offset = 0;  // in the peer's memory
    std::size_t bytes = 0;
    bool may_copy = true;  // the processor may read `local`
    std::uint64_t* completed = nullptr;
  };
  // The memory that a work request reads or writes here.
  struct Local {
    std::byte* address = nullptr;
    Registration* registration = nullptr;  // null: it is in the rail's buffers
    Pending holds;
  };

  // transport.cc
  void open_wait_descriptor();  // wait.cc
  transport::Status check_region(std::size_t bytes) const;
  void describe(std::uint32_t region, transport::LocalMemory* out) const;
  void flush_all();
  Peer& peer(int number) { return peers_[static_cast<std::size_t>(number)]; }
  int number_of(const Peer& peer) const { return static_cast<int>(&peer - peers_.data()); }
  // connect.cc
  void received(int peer, const Frame& frame) override;
  void lost(int peer, const std::string& cause) override;
  bool offer(int peer);
  bool make_queue_pair(Peer& peer, int lane);
  bool open_desk(Peer& peer);
  void close_desk(Peer& peer);
  void open_arrivals(Peer& peer);
  void take_offer(int peer, const Frame& frame);
  void take_ready(int peer, std::uint8_t usable);
  void quiesce(Peer& peer);
  void forget_lane(Peer& peer, int lane);
  void end(int peer);
  void fail_peer(int peer, ErrorCode code, const std::string& cause, bool report = true);
  // post.cc
  const char* fault_of(const transport::Put& put, int* peer) const;
  transport::Status put_here(const transport::Put& put);
  void put_one(const transport::Put& put, Peer& peer, transport::Status* status);
  void send_mail(const transport::Put& put, Peer& peer, bool with_payload);
  void send_records(const transport::Put& put, Peer& peer, bool with_payload);
  void send_record(Peer& peer, int lane, const Record& record, const void* payload);
  Record make_record(const transport::Put& put, Peer& peer, bool with_payload);
  bool has_room(const Peer& peer, bool for_records) const;
  void make_room(Peer& peer);
  bool flush(Peer& peer);
  bool post_now(Peer& peer, int lane, Chain& chain);
  // move.cc
  transport::Status write(const transport::Put& put, Peer& peer, bool on_device);
  transport::Status move(Peer& peer, const Movement& movement);
  transport::Status borrow(const Movement& movement, Peer& peer, Rail& rail, Local* out);
  bool on_device(const transport::Put& put);
  int start_transfer(std::uint64_t* completed, std::size_t pieces);
  void finish(Rail& rail, const Pending& pending, bool raise);
  transport::Status get_one(const transport::WaitingGet& get);
  int post_gets();
  // arrive.cc
  int take_receives();
  int take_all_mail();
  bool take_mail(Peer& peer);
  bool take_held(Peer& peer);
  void take_in_turn(Peer& peer);
  void arrived(Peer& peer, int rail, int slot);
  bool apply(Peer& peer, const Record& record, const std::byte* payload, std::size_t most);
  void return_credits(Peer& peer, int lane);
  // progress.cc
  int take_completions();
  int take_events();
  void complete(Lane& lane, Rail& rail, std::uint64_t up_to);
  void lose_rail(std::size_t rail, const std::string& cause);

  const transport::OpenOptions options_;
  const Settings settings_;
  transport::Status status_;
  Address address_;
  const std::vector<std::unique_ptr<Rail>> rails_;
  Registrations registrations_;
  Regions regions_;
  std::uint32_t mail_slots_ = 0;  // of each inbox
  int inboxes_left_ = 0;
  transport::Imports<Key> imports_;
  std::vector<Peer> peers_;
  std::vector<int> correspondents_;      // peers whose mail may come
  std::array<Chain, kMaxRails> chains_;  // of the peer whose puts are being posted
  std::vector<Transfer> transfers_;
  std::vector<int> free_transfers_;
  std::deque<transport::WaitingGet> gets_;  // not posted yet
  int connecting_ = 0;                      // peers offered to and not ready
  int ready_ = 0;                           // peers whose queue pairs are
  int known_ = 0;                           // other ranks that may connect
  int awaited_ = 0;                         // completions of work requests that will come
  unsigned idle_ = 0;
  int wait_fd_ = -1;  // an epoll of all that wakes this rank; -1: it polls
  std::unique_ptr<Control> control_;
};

}  // namespace weft::verbs
