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

template <Meeting::Callback kCallback>
void Meeting::when_it_begins() {
  operation_.prepare_context = this;
  operation_.prepare = [](executor::Operation*, void* context) {
    (static_cast<Meeting*>(context)->*kCallback)();
  };
}

void Meeting::prepare(const Invocation& invocation) {
  if (!(invocation_.call == invocation.call)) {
    staged_ = {};
    direct_ = owner_.programs->launch(invocation.call, true);
    direct_.peer_inputs = peers_.inputs.data();
    direct_.peer_outputs = peers_.outputs.data();
    if (direct_.program->schedule.direct) {
      direct_.notes = &notes_;
      direct_.signature = signature_of(direct_);
    }
  }
  invocation_ = invocation;
  direct_.input = static_cast<const std::byte*>(invocation.input);
  direct_.output = static_cast<std::byte*>(invocation.output);
  when_it_begins<&Meeting::choose>();
}

void Meeting::choose() {
  if (direct_.notes != nullptr && owner_.is_private(invocation_.call)) return stage();
  operation_.launch = direct_;
  if (direct_.notes == nullptr) return;
  notes_.own = note_of(owner_.announcement(invocation_));
  of_[static_cast<std::size_t>(owner_.rank())] = notes_.own;
}

void Meeting::stage() {
  if (staged_.program == nullptr) staged_ = owner_.staged_launch(invocation_);
  staged_.input = direct_.input;
  staged_.output = direct_.output;
  operation_.launch = staged_;
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
  operation_.again = true;
  when_it_begins<&Meeting::go_on>();
  return false;
}

void Meeting::go_on() {
  if (!same_call_) {
    std::vector<Announcement> all(of_.size());
    std::ranges::transform(of_, all.begin(), announcement_of);
    owner_.check_same_call(all);
  }
  owner_.note_private(invocation_.call);
  stage();
}

}  // namespace weft
