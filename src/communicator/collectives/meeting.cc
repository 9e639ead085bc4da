#include "communicator/collectives/meeting.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <span>

namespace weft {
namespace {

// A note: the call as Call packs it, its count and parts; where the input and the output are.
Announcement announcement_of(const memory::Note& note) {
  Announcement found;
  found.call = note[0];
  found.count = note[1];
  found.parts = note[2];
  found.input = {note[3], note[4]};
  found.output = {note[5], note[6]};
  return found;
}

memory::Note note_of(const Announcement& a) {
  return {a.call, a.count, a.parts, a.input.id, a.input.offset, a.output.id, a.output.offset};
}

bool same_call(const memory::Note& one, const memory::Note& other) {
  return std::ranges::equal(std::span(one).first<3>(), std::span(other).first<3>());
}

// In place of a call's signature: ranks that called different things meet all the same, and each of
// them is told. In a broadcast the root hears of nobody; and all must run as many passes.
std::uint64_t signature_of(const executor::Launch& launch) {
  constexpr std::uint64_t kAnyCall = 0xCA11;
  const bool told = launch.call.collective != Collective::broadcast && launch.partition.passes == 1;
  return told ? kAnyCall : launch.call.signature();
}

}  // namespace

Meeting::Meeting(Communicator::Impl& owner, executor::Operation& operation)
    : owner_(owner), operation_(operation), of_(static_cast<std::size_t>(owner.ranks())) {
  peers_.inputs.resize(of_.size());
  peers_.outputs.resize(of_.size());
  notes_.of = of_.data();
  notes_.context = this;
  notes_.read = [](void* context) { return static_cast<Meeting*>(context)->read_notes(); };
}

void Meeting::prepare(const Invocation& invocation) {
  if (invocation_.call.count == 0 || !(invocation_.call == invocation.call)) {
    launch_ = owner_.programs->launch(invocation.call, true);
    launch_.peer_inputs = peers_.inputs.data();
    launch_.peer_outputs = peers_.outputs.data();
    if (launch_.program->schedule.direct) {
      launch_.notes = &notes_;
      launch_.signature = signature_of(launch_);
    }
  }
  invocation_ = invocation;
  launch_.input = static_cast<const std::byte*>(invocation.input);
  launch_.output = static_cast<std::byte*>(invocation.output);
  operation_.prepare = nullptr;
  operation_.launch = launch_;
  parted_ = false;
  if (launch_.notes == nullptr) return;
  notes_.own = note_of(owner_.announcement(invocation));
  of_[static_cast<std::size_t>(owner_.rank())] = notes_.own;
}

// Every rank has the notes of those whose buffers others reach, so all find the same: in a
// broadcast everyone reads the root's, and nobody else's is told.
bool Meeting::read_notes() {
  const executor::Call& call = invocation_.call;
  const CollectiveTraits& traits = traits_of(call.collective);
  const bool broadcast = call.collective == Collective::broadcast;
  bool mapped = true;
  same_call_ = true;
  for (int peer = 0; peer < owner_.ranks(); ++peer) {
    const auto index = static_cast<std::size_t>(peer);
    const Announcement theirs = announcement_of(of_[index]);
    same_call_ = same_call_ && (broadcast || same_call(of_[index], notes_.own));
    mapped = mapped && (theirs.input.id != 0 || !traits.reads(peer, call.root));
    mapped = mapped && (theirs.output.id != 0 || broadcast || !traits.writes(peer, call.root));
    peers_.inputs[index] = owner_.allocations->address(peer, theirs.input);
    peers_.outputs[index] = owner_.allocations->address(peer, theirs.output);
  }
  if (mapped && same_call_) return true;
  parted_ = true;
  operation_.again = true;
  operation_.prepare_context = this;
  operation_.prepare = [](executor::Operation* operation, void* context) {
    static_cast<Meeting*>(context)->go_on(operation);
  };
  return false;
}

void Meeting::go_on(executor::Operation* operation) const {
  if (!same_call_) {
    std::vector<Announcement> all;
    for (const memory::Note& note : of_) all.push_back(announcement_of(note));
    owner_.check_same_call(all);
  }
  operation->launch = owner_.staged_launch(invocation_);
}

}  // namespace weft
