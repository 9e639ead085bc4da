// Peers and their stages: idle until the first put or get, offered while queue pairs are exchanged
// over TCP, ready; and how each of them ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "context.h"
#include "control.h"
#include "peer.h"

namespace weft::verbs {

// Who takes what is in the completion queues and the eager rings; each returns how many events
// there were.
struct Inbox {
  virtual ~Inbox() = default;
  virtual int take_receives() = 0;
  virtual int take_entries() = 0;
  virtual int take_completions() = 0;
};

class Peers final : private ControlListener {
 public:
  // `context` outlives it; listen() comes before any peer.
  explicit Peers(Context& context);
  ~Peers() override;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  void listen(Inbox& inbox) { inbox_ = &inbox; }

  // Not ok where peers could not reach this transport.
  const transport::Status& status() const { return control_->status(); }
  // What peers need in order to connect.
  Address address() const;

  Peer& operator[](int number) { return all_[static_cast<std::size_t>(number)]; }
  const Peer& operator[](int number) const { return all_[static_cast<std::size_t>(number)]; }
  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }
  // Those whose eager ring may hold something.
  const std::vector<int>& polled() const { return polled_; }

  transport::Status connect(int number, std::span<const std::byte> address);
  bool connected(int number) const;
  void disconnect(int number);
  // Whether work requests may be posted. Where its queue pairs were never asked for, they are now.
  bool ready(Peer& peer);

  // Posts work requests. False where that failed, and the peer with it.
  bool post(Peer& peer, int lane, Chain* chain);
  // A write of nothing, whose completion says that the peer's queue pair answers. False as post().
  bool ask(Peer& peer, int lane);
  // Asks those whose TCP connection is lost and who have nothing on its way that asks as well.
  void ask_silent();
  // Tells the peer of what it may send again, where nothing else that goes there does.
  void return_credits(Peer& peer, int lane);

  // Final for the peer. An orderly end is not reported: there may be nobody who minds.
  void fail(int number, ErrorCode code, const std::string& cause, bool report = true);
  // Ends every peer that uses the rail; those that may do without it go on.
  void lose_rail(int rail, const std::string& cause);

  // Moves the TCP connections on.
  int progress() { return control_->progress(); }
  int control_descriptor() const { return control_->descriptor(); }
  // Whether some are being set up, and whether some may be any moment.
  bool connecting() const { return connecting_ > 0; }
  bool others_may_connect() const { return ready_ < known_; }
  // Ends TCP in good order, then everything else.
  void close();

 private:
  void received(int peer, const Frame& frame) override;
  void lost(int peer, Loss loss, const std::string& cause) override;
  bool make_queue_pair(Peer& peer, int lane);
  bool open_buffers(Peer& peer);
  void close_buffers(Peer& peer);
  Frame offer_of(const Peer& peer, int lane) const;
  bool offer(Peer& peer);
  void take_offer(Peer& peer, const Frame& frame);
  bool join_lane(Peer& peer, const Frame& frame);
  void open_arrivals(Peer& peer);
  void take_ready(Peer& peer, std::uint8_t usable);
  void leave_out(Peer& peer, int lane);
  void say_leave(int peer, const std::string& cause);
  void quiesce(Peer& peer);
  void forget_lane(Peer& peer, int lane);
  void drop_work(Peer& peer);
  void tear_down(Peer& peer);

  Context& context_;
  Inbox* inbox_ = nullptr;
  std::vector<Peer> all_;
  std::vector<int> polled_;
  std::uint32_t ring_slots_ = 0;  // of each eager ring; 0: there are none
  int rings_left_ = 0;
  int connecting_ = 0;  // peers offered to and not ready
  int ready_ = 0;       // peers whose queue pairs are
  int known_ = 0;       // others that may connect
  std::unique_ptr<Control> control_;
};

}  // namespace weft::verbs
