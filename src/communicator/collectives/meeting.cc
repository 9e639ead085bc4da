#include "communicator/collectives/meeting.h"

#include <weft/collective_traits.h>

#include "base/error.h"
#include "communicator/collectives/arguments.h"

namespace weft {
namespace {

Location input_of(const memory::Note& note) { return {note[0], note[1]}; }
Location output_of(const memory::Note& note) { return {note[2], note[3]}; }

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
    launch_.notes = &notes_;
  }
  invocation_ = invocation;
  launch_.input = static_cast<const std::byte*>(invocation.input);
  launch_.output = static_cast<std::byte*>(invocation.output);
  operation_.prepare = nullptr;
  operation_.launch = launch_;
  parted_ = false;
  const BufferBytes bytes = buffer_bytes(invocation.call, owner_.ranks());
  const Location input = owner_.allocations->locate(invocation.input, bytes.input);
  const Location output = owner_.allocations->locate(invocation.output, bytes.output);
  notes_.own = {input.id, input.offset, output.id, output.offset};
  of_[static_cast<std::size_t>(owner_.rank())] = notes_.own;
}

// Every rank has the notes of those whose buffers others reach, so all find the same: in a
// broadcast everyone reads the root's, and nobody else's is told.
bool Meeting::read_notes() {
  const executor::Call& call = invocation_.call;
  const CollectiveTraits& traits = traits_of(call.collective);
  bool mapped = true;
  for (int peer = 0; peer < owner_.ranks(); ++peer) {
    const auto index = static_cast<std::size_t>(peer);
    const Location input = input_of(of_[index]);
    const Location output = output_of(of_[index]);
    const bool written = call.collective != Collective::broadcast && traits.writes(peer, call.root);
    mapped = mapped && (input.id != 0 || !traits.reads(peer, call.root));
    mapped = mapped && (output.id != 0 || !written);
    peers_.inputs[index] = owner_.allocations->address(peer, input);
    peers_.outputs[index] = owner_.allocations->address(peer, output);
  }
  if (mapped) return true;
  parted_ = true;
  operation_.again = true;
  operation_.prepare_context = this;
  operation_.prepare = [](executor::Operation* operation, void* context) {
    const auto* meeting = static_cast<Meeting*>(context);
    operation->launch = meeting->owner_.staged_launch(meeting->invocation_);
  };
  return false;
}

}  // namespace weft
