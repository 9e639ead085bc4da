#include "executor/lane.h"

#include "base/error.h"
#include "base/float_environment.h"
#include "base/futex.h"
#include "executor/packet.h"

namespace weft::executor {
namespace {

using schedule::kMaxDestinations;
using schedule::kMaxSources;

// Below, a stream past the caches takes longer to begin than it saves.
constexpr std::size_t kFarBytes = 2 << 10;

// One step's view of the launch. `kTable`: whether its parts are uneven, so that equal ones are
// found by arithmetic alone.
template <bool kTable>
struct Frame {
  LaneState* lane;
  const Launch& launch;
  const Program& program;
  Outbox* outbox;
  Distances* distances;

  std::size_t length(const Instruction& code, std::size_t i) const {
    return launch.partition.length<kTable>(static_cast<std::size_t>(code.block) + i, lane->chunk);
  }
  std::byte* address(const Place& place, std::size_t i) const {
    switch (place.kind) {
      case Place::Kind::slot:
        return place.base + slot_offset(place, i);
      case Place::Kind::memory:
        return place.base + i * program.private_stride;
      case Place::Kind::input:
        return const_cast<std::byte*>(launch.input) + offset(place, i);
      case Place::Kind::output:
        return launch.output + offset(place, i);
      case Place::Kind::peer_input:
        return const_cast<std::byte*>(launch.peer_inputs[place.rank]) + offset(place, i);
      case Place::Kind::peer_output:
        return launch.peer_outputs[place.rank] + offset(place, i);
    }
    return nullptr;
  }
  // Of a place in a user's buffer.
  std::size_t offset(const Place& place, std::size_t i) const {
    return launch.partition.offset<kTable>(place.index + i, lane->chunk);
  }
  std::size_t slot_offset(const Place& place, std::size_t i) const {
    return lane->first_slot + (place.index + i) * launch.slot_block_bytes;
  }
  bool packet() const { return program.protocol == Protocol::packet; }
  // What `bytes` of elements are where partial sums are kept.
  std::size_t widened(std::size_t bytes, bool partial) const {
    return partial ? bytes << launch.partial_shift : bytes;
  }
};

void wake(const Place& place) {
  if (place.bell->load(std::memory_order_relaxed) != 0) futex_wake(place.bell);
}

void raise(const auto& frame, const Place& place) {
  place.signal[frame.lane->parity]->store(frame.lane->flag, std::memory_order_release);
  wake(place);
}

// Hands a put to the transport of a peer that is not mapped; false if it has no room now.
bool post(const auto& frame, const Place& place, const std::byte* source, std::size_t i,
          std::size_t bytes, bool with_signal) {
  transport::Put put;
  put.source = source;
  put.target = &place.link->segment_memory;
  put.target_offset = place.slots_offset + frame.slot_offset(place, i);
  put.bytes = bytes;
  if (with_signal) {
    put.signal_memory = &place.link->segment_memory;
    put.signal_offset = place.signal_offset[frame.lane->parity];
    put.signal_value = frame.lane->flag;
    put.signal = transport::SignalOp::set;
  }
  return frame.outbox->post(place.rank, put);
}

// Sends one block on its way: as packets, or as a put whose last block raises the signal.
bool send(const auto& frame, const Place& place, const std::byte* source, std::size_t i,
          std::size_t bytes, bool last) {
  if (!frame.packet()) return post(frame, place, source, i, bytes, last);
  write_packets(frame.address(place, i), source, bytes, frame.lane->flag);
  return true;
}

void run_epilogue(const auto& frame, const Instruction& code, void* const* written, int count,
                  const void* const* read, std::size_t i, std::size_t bytes) {
  const Place* places = &frame.program.places[static_cast<std::size_t>(code.first)];
  int ranks[kMaxDestinations];
  for (int d = 0; d < count; ++d) ranks[d] = places[d].rank;
  const std::size_t offset =
      frame.launch.partition.offset(static_cast<std::size_t>(code.block) + i, frame.lane->chunk);
  frame.launch.epilogue.run(frame.launch.epilogue.context,
                            {written, ranks, count, read, code.read, offset, bytes});
}

void compute(const auto& frame, const Instruction& code, void* const* written, int count,
             std::size_t i, std::size_t bytes, bool streaming) {
  const Place* sources =
      &frame.program.places[static_cast<std::size_t>(code.first + code.written + code.sent)];
  const auto store = streaming ? reduce::Store::streaming : reduce::Store::cached;
  const bool partial = code.partial_reads != 0;
  if (code.kind == StepKind::copy &&
      (partial == code.partial_result || frame.launch.partial_shift == 0)) {
    reduce::copy(written, count, frame.address(sources[0], i), frame.widened(bytes, partial),
                 store);
    return;
  }
  const FloatEnvironment environment;
  const void* read[kMaxSources];
  for (int s = 0; s < code.read; ++s) read[s] = frame.address(sources[s], i);
  if (code.final && frame.launch.epilogue.run != nullptr) {
    return run_epilogue(frame, code, written, count, read, i, bytes);
  }
  const int divisor = code.final ? frame.launch.divisor : 1;
  const std::size_t elements = bytes >> frame.launch.element_shift;
  if ((partial || code.partial_result) && frame.launch.partial_kernel != nullptr) {
    frame.launch.partial_kernel(written, count, read, code.read, elements, divisor,
                                {code.partial_reads, code.partial_result});
    return;
  }
  frame.launch.kernel(written, count, read, code.read, elements, divisor, store);
}

// A slot of a peer whose core is far: ordinary stores wait there for each line to come back from
// the peer's caches, which have read it; stores past the caches do not.
bool is_far(const auto& frame, const Place& place) {
  // Cores that share a cache: 20 to 50 ns, by this measure. Cores that do not: 110 to 230.
  constexpr std::int64_t kFarNs = 80;
  return place.signal[0] != nullptr && place.kind == Place::Kind::slot &&
         frame.distances->line_ns(place.rank) > kFarNs;
}

// Computes block i where some of what is written is far: the far ones get a copy of the others.
[[gnu::noinline]] void compute_far(const auto& frame, const Instruction& code, const Place* places,
                                   void* const* written, std::size_t i, std::size_t bytes) {
  void* near[kMaxDestinations];
  void* far[kMaxDestinations];
  int nears = 0, fars = 0;
  for (int d = 0; d < code.written; ++d) {
    (is_far(frame, places[d]) ? far[fars++] : near[nears++]) = written[d];
  }
  if (nears == 0) return compute(frame, code, far, fars, i, bytes, true);
  compute(frame, code, near, nears, i, bytes, false);
  reduce::copy(far, fars, near[0], frame.widened(bytes, code.partial_result),
               reduce::Store::streaming);
}

// Computes block i, unless that was done before, and sends it to each destination that has not got
// it. False if a transport has no room. In line: its caller is the only one, and steps are short.
[[gnu::always_inline]] inline bool run_block(const auto& frame, const Instruction& code,
                                             const Place* places, std::size_t i) {
  LaneState& lane = *frame.lane;
  const Place* sends = places + code.written;
  const std::size_t bytes = frame.length(code, i);
  void* written[kMaxDestinations];
  bool streaming = frame.launch.streaming;
  bool far = false;
  for (int d = 0; d < code.written; ++d) {
    written[d] = frame.address(places[d], i);
    streaming = streaming && places[d].is_output();
    far = far || is_far(frame, places[d]);
  }
  int count = code.written;
  if (count == 0 && code.kind == StepKind::reduce) written[count++] = frame.program.temporary;
  if (lane.part == 0 && bytes > 0 && count > 0) {
    if (far && bytes >= kFarBytes) {
      compute_far(frame, code, places, written, i, bytes);
    } else {
      compute(frame, code, written, count, i, bytes, streaming);
    }
  }
  if (code.sent == 0) return true;
  const auto* source = code.kind == StepKind::reduce ? static_cast<const std::byte*>(written[0])
                                                     : frame.address(sends[code.sent], i);
  const bool last = i + 1 == static_cast<std::size_t>(code.blocks);
  const std::size_t sent_bytes = frame.widened(bytes, code.partial_result);
  for (std::size_t s = lane.part == 0 ? 0 : lane.part - 1; s < code.sent; ++s) {
    if (send(frame, sends[s], source, i, sent_bytes, last)) continue;
    lane.part = s + 1;
    return false;
  }
  lane.part = 0;
  return true;
}

// copy and reduce: one block after the other, then the signals of what was written by address.
// False if it has to go on later.
bool run_data(const auto& frame, const Instruction& code) {
  const Place* places = &frame.program.places[static_cast<std::size_t>(code.first)];
  for (std::size_t i = frame.lane->block; i < static_cast<std::size_t>(code.blocks); ++i) {
    if (run_block(frame, code, places, i)) continue;
    frame.lane->block = i;
    return false;
  }
  frame.lane->block = 0;
  for (int d = 0; d < code.written; ++d) {
    if (places[d].signal[0] != nullptr) raise(frame, places[d]);
  }
  if (!frame.packet()) return true;
  for (int s = 0; s < code.sent; ++s) wake(places[code.written + s]);
  return true;
}

[[gnu::noinline]] bool writes_output(const auto& frame, const Instruction& code) {
  const Place* places = &frame.program.places[static_cast<std::size_t>(code.first)];
  return std::any_of(places, places + code.written,
                     [](const Place& place) { return place.is_output(); });
}

// A put whose source is the user's input may still be on its way when, in place, the output is to
// be written over it.
[[gnu::always_inline]] inline bool must_drain(const auto& frame, const Instruction& code) {
  if (frame.outbox->drained()) [[likely]]
    return false;
  const bool begun = frame.lane->block > 0 || frame.lane->part > 0;
  return !begun && writes_output(frame, code);
}

bool run_signal(const auto& frame, const Instruction& code) {
  const Place& place = frame.program.places[static_cast<std::size_t>(code.first)];
  if (frame.packet()) {
    std::byte* line = frame.address(place, 0);
    write_packets(line, line, 0, frame.lane->flag);  // no payload, but memcpy takes no null
    wake(place);
  } else if (place.link->load_store) {
    raise(frame, place);
  } else {
    return post(frame, place, nullptr, 0, 0, true);
  }
  return true;
}

// Packets: each block's lines carry their own flags.
bool packets_arrived(const auto& frame, const Instruction& code) {
  LaneState& lane = *frame.lane;
  const Place* place =
      code.delivers ? &frame.program.places[static_cast<std::size_t>(code.first)] : nullptr;
  const auto blocks = static_cast<std::size_t>(code.blocks == 0 ? 1 : code.blocks);
  for (; lane.block < blocks; ++lane.block) {
    std::byte* lines = frame.address(code.arrived, lane.block);
    if (place == nullptr) {
      if (packet_flag(lines).load(std::memory_order_acquire) != lane.flag) return false;
    } else if (!read_packets(lines, frame.address(*place, lane.block),
                             frame.widened(frame.length(code, lane.block), code.partial_result),
                             lane.flag, &lane.part)) {
      return false;
    }
  }
  lane.block = 0;
  return true;
}

bool signal_came(const auto& frame, const Instruction& code) {
  const auto look = [&] {
    return code.signal[frame.lane->parity]->load(std::memory_order_acquire) == frame.lane->flag;
  };
  if (frame.distances->due()) [[unlikely]]
    return frame.distances->timed(code.peer, look);
  if (!look()) return false;
  frame.distances->passed();
  return true;
}

// Bulk: one signal for all of it. A staged output is copied out of the slot.
bool bulk_arrived(const auto& frame, const Instruction& code) {
  if (!signal_came(frame, code)) return false;
  if (!code.delivers) return true;
  const Place& place = frame.program.places[static_cast<std::size_t>(code.first)];
  const auto store = frame.launch.streaming && place.is_output() ? reduce::Store::streaming
                                                                 : reduce::Store::cached;
  for (std::size_t i = 0; i < static_cast<std::size_t>(code.blocks); ++i) {
    const std::size_t bytes = frame.length(code, i);
    void* target = frame.address(place, i);
    if (bytes > 0) {
      reduce::copy(&target, 1, frame.address(code.arrived, i), bytes, store);
    }
  }
  return true;
}

bool run_wait(const auto& frame, const Instruction& code) {
  if (must_drain(frame, code)) return false;
  return frame.packet() ? packets_arrived(frame, code) : bulk_arrived(frame, code);
}

// The peers have read what this pass's predecessor sent them, or this pass would not be complete:
// so the lines that the next pass writes first can be taken from them now, and are at hand when it
// begins.
void prepare_next_pass(const auto& frame) {
  const LaneState& lane = *frame.lane;
  if (!frame.packet() || !Staging::keeps_spot(frame.launch.pass_bytes) || lane.begin == lane.end)
    return;
  const Instruction& first = *lane.begin;
  const Place* sends = &frame.program.places[static_cast<std::size_t>(first.first + first.written)];
  const std::size_t spot = lane.staging->next_spot();
  for (int s = 0; s < first.sent; ++s) {
    prefetch_for_write(sends[s].base + spot + sends[s].index * frame.launch.slot_block_bytes);
  }
}

}  // namespace

void complete(Launch* launch) {
  launch->signature = launch->call.signature();
  const Program& program = *launch->program;
  const unsigned shift = program.schedule.partials ? launch->partial_shift : 0;
  launch->slot_block_bytes = program.protocol == Protocol::packet
                                 ? packet_lines(launch->partition.longest() << shift) * kCacheLine
                                 : launch->partition.chunk_bytes << shift;
  launch->pass_bytes = program.slot_blocks * launch->slot_block_bytes;
}

void enter_pass(const Launch& launch, LaneState* lane) {
  lane->parity = static_cast<int>(lane->epoch & 1);
  lane->flag = make_flag(lane->epoch, launch.signature);
  if (launch.pass_bytes > 0) lane->first_slot = lane->staging->take(launch.pass_bytes);
}

namespace {

// False if the instruction cannot complete now.
bool run(const auto& frame, const Instruction& code) {
  switch (code.kind) {
    case StepKind::copy:
    case StepKind::reduce:
      return !must_drain(frame, code) && run_data(frame, code);
    case StepKind::signal:
      return run_signal(frame, code);
    case StepKind::wait:
      return run_wait(frame, code);
  }
  return false;
}

template <bool kTable>
[[gnu::always_inline]] inline int advance_over(Operation* operation, LaneState* lane,
                                               Outbox* outbox, Distances* distances) {
  const Frame<kTable> frame{lane, operation->launch, *operation->launch.program, outbox, distances};
  int completed = 0;
  while (lane->passes_left > 0) {
    for (; lane->next != lane->end; ++lane->next, ++completed) {
      if (!run(frame, *lane->next)) return completed;
    }
    if (--lane->passes_left == 0) {
      prepare_next_pass(frame);
      break;
    }
    lane->next = lane->begin;
    lane->chunk += static_cast<std::size_t>(operation->lane_count);
    ++lane->epoch;
    enter_pass(operation->launch, lane);
  }
  return completed;
}

}  // namespace

int advance(Operation* operation, LaneState* lane, Outbox* outbox, Distances* distances) {
  return operation->launch.partition.bounds == nullptr
             ? advance_over<false>(operation, lane, outbox, distances)
             : advance_over<true>(operation, lane, outbox, distances);
}

int awaited_rank(const Operation& operation, const LaneState& lane) {
  const Instruction& code = *lane.next;
  if (code.kind == StepKind::wait || code.kind == StepKind::signal) return code.peer;
  if (lane.part == 0) return -1;
  const auto send = static_cast<std::size_t>(code.first + code.written) + lane.part - 1;
  return operation.launch.program->places[send].rank;
}

}  // namespace weft::executor
