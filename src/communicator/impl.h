// The parts a communicator owns, and what its calls share.
#pragma once

#include <weft/communicator.h>

#include <array>
#include <memory>
#include <vector>

#include "base/config.h"
#include "communicator/collectives/programs.h"
#include "communicator/endpoint.h"
#include "communicator/memory/allocations.h"
#include "communicator/memory/closed_memory.h"
#include "communicator/memory/registered.h"
#include "communicator/setup/segments.h"
#include "executor/executor.h"
#include "p2p/messages/messenger.h"
#include "p2p/pages/pages.h"
#include "tuner/rules.h"
#include "tuner/tuning.h"

namespace weft {

// What a rank tells the others about a call whose buffers may be mapped. Plain bytes.
struct Announcement {
  std::uint64_t call = 0;
  std::uint64_t count = 0;
  std::uint64_t parts = 0;   // of the call
  std::uint64_t detail = 0;  // what else must be the same everywhere
  Location input;
  Location output;
  Location second_output;
};

// Every rank's buffers as they are mapped here.
struct PeerBuffers {
  std::vector<const std::byte*> inputs;
  std::vector<std::byte*> outputs;
  std::vector<std::byte*> second_outputs;  // of calls that have one
};

// Buffers and their call.
struct Invocation {
  executor::Call call;
  const void* input = nullptr;
  void* output = nullptr;
};

class Meeting;

struct Communicator::Impl : std::enable_shared_from_this<Communicator::Impl> {
  // Collective over the ranks that `options` make join each other.
  explicit Impl(const Options& options);
  // Over a parent's connections, with a segment of its own; a part of make_child().
  Impl(const Impl& parent, std::unique_ptr<Segments> own);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  int rank() const { return world().rank; }
  int ranks() const { return world().ranks; }
  const executor::World& world() const { return segments->world(); }
  // Of the connections, which others may share.
  links::Links& links() const { return connections->links(); }

  // Communicators of some of this one's ranks each, in the order of `members`, over the same
  // connections: opens no transport and connects nobody. Collective over this one's ranks; those
  // who name the same members make one together. `members`: without this rank, or empty, it takes
  // part and gets null. Throws at every rank what failed at one, and leaves this one usable:
  // Error(invalid_argument) for members that cannot be, Error(mismatch) where theirs differ.
  std::shared_ptr<Impl> make_child(const std::vector<int>& members);
  // All ranks, for memory that they share.
  std::vector<Region::Member> members() const;
  // For what has the insides and wants the public face.
  static Communicator face_of(std::shared_ptr<Impl> impl) { return Communicator(std::move(impl)); }
  static Impl& behind(const Communicator& communicator) { return *communicator.impl_; }

  // Checks the arguments and runs the call to its end.
  void run(const Invocation& invocation);
  std::unique_ptr<Request::State> start(const Invocation& invocation);
  std::unique_ptr<Plan::State> plan(const Invocation& invocation, const PlanOptions& options = {});
  void prefer(Collective collective, const Preference& preference);
  // This rank's part of a new allocation.
  struct Part {
    std::uint64_t id;
    void* data;
  };
  Part allocate(std::size_t bytes);

  // A blocking call as it was prepared the last time; the programs of a rank make few, in turns.
  struct Blocking {
    Invocation invocation;  // count 0: nothing
    executor::Operation operation;
    std::unique_ptr<Meeting> meeting;  // of calls that meet
  };
  static constexpr std::size_t kBlocking = 32;

  // Calls whose buffers were private at some rank lately: so often more such calls are staged
  // without asking. The same at every rank when a call begins, since all run in one order.
  struct Private {
    executor::Call call;
    unsigned left = 0;
  };

  void build();
  void await_others();
  // Where a blocking call is kept, or would be.
  Blocking& kept(const executor::Call& call);
  void prepare(Blocking* last, const Invocation& invocation, bool known, bool meets_now);
  // The launch of a call between private buffers.
  executor::Launch staged_launch(const Invocation& invocation);
  // Whether ranks can work in each other's buffers and it is worth it: the same at every rank.
  bool may_be_direct(const executor::Call& call) const;
  // For a call that begins; each asks once.
  bool is_private(const executor::Call& call);
  void note_private(const executor::Call& call);
  // From so many bytes on a plan works in place where it can.
  std::size_t direct_bytes() const { return tuner::direct_bytes(ranks(), situation.crowded); }
  Announcement announcement(const Invocation& invocation) const;
  // Every rank's `bytes` bytes, by rank: a small all-gather of weft's own. Collective.
  executor::Launch gather_launch(const void* mine, void* all, std::size_t bytes);
  void gather(const void* mine, void* all, std::size_t bytes);
  // The same for blobs, whose sizes may differ.
  std::vector<Blob> gather(const Blob& mine);
  // Every rank's announcement, by rank, once all are the same call. Collective. Throws
  // Error(mismatch).
  std::vector<Announcement> announce(const Announcement& mine);
  // A plan's buffer, registered where that is worth it.
  Registered registered(const void* address, std::size_t bytes) const;
  // Throws Error(mismatch) naming both sides unless every rank announced the same call.
  void check_same_call(const std::vector<Announcement>& all) const;
  // Fills `peers` and returns true when every rank's buffers are mapped here, by what every rank
  // announced.
  bool map_peers(const executor::Call& call, const std::vector<Announcement>& all,
                 PeerBuffers* peers) const;

  Config config;
  Log log;
  std::shared_ptr<Bootstrap> bootstrap;
  std::shared_ptr<Connections> connections;
  std::unique_ptr<Segments> segments;
  tuner::Situation situation;
  tuner::Tuning tuning;
  std::unique_ptr<Programs> programs;
  std::unique_ptr<executor::Executor> executor;
  std::unique_ptr<Allocations> allocations;
  std::unique_ptr<RankEndpoint> endpoint;
  std::unique_ptr<p2p::Messenger> messenger;
  std::unique_ptr<ClosedMemory> closed_memory;
  std::unique_ptr<p2p::PageMover> pages;
  std::array<Blocking, kBlocking> blocking;
  std::array<Private, kBlocking> private_calls;
};

}  // namespace weft
