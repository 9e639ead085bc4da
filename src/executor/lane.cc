#include "executor/lane.h"

#include "base/error.h"
#include "base/futex.h"
#include "executor/compute.h"
#include "executor/frame.h"
#include "executor/packet.h"

namespace weft::executor {
namespace {

void wake(const Place& place) {
  if (place.bell->load(std::memory_order_relaxed) != 0) futex_wake(place.bell);
}

void raise(const auto& frame, const Place& place) {
  place.signal[frame.lane->parity]->store(frame.lane->flag, std::memory_order_release);
  wake(place);
}

memory::Signal* line_of(std::atomic<std::uint64_t>* signal) {
  return reinterpret_cast<memory::Signal*>(signal);
}

// Behind the last step of a direct program's entry the notes are there that count for this rank.
// Where they say so, it leaves out what it would do with peers' buffers.
void end_entry(const auto& frame, const Instruction& code) {
  const Notes* notes = frame.launch.notes;
  if ((&code + 1)->entry || notes->read(notes->context)) return;
  LaneState& lane = *frame.lane;
  while (lane.next + 1 != lane.end && (lane.next + 1)->moves_data()) ++lane.next;
}

[[gnu::noinline]] void leave_note(const auto& frame, const Instruction& code, const Place& place) {
  if (frame.launch.notes == nullptr) return raise(frame, place);
  line_of(place.signal[frame.lane->parity])->note = frame.launch.notes->own;
  raise(frame, place);
  end_entry(frame, code);
}

[[gnu::noinline]] void take_note(const auto& frame, const Instruction& code) {
  const Notes* notes = frame.launch.notes;
  if (notes == nullptr) return;
  notes->of[code.peer] = line_of(code.signal[frame.lane->parity])->note;
  end_entry(frame, code);
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

// Copies of a block go to peers as packets before this rank copies what is for itself.
[[gnu::always_inline]] inline void pass_on(const auto& frame, const Instruction& code,
                                           const Place* places, std::size_t i, std::size_t bytes) {
  const Place* sends = places + code.written;
  const std::byte* source = frame.address(sends[code.sent], i);
  const std::size_t sent_bytes = frame.widened(bytes, code.partial_result);
  for (int s = 0; s < code.sent; ++s)
    write_packets(frame.address(sends[s], i), source, sent_bytes, frame.lane->flag);
  if (bytes > 0) compute_block(frame, code, places, {0, code.written}, i, bytes);
}

// Computes block i, unless that was done before, and sends it to each destination that has not got
// it. False if a transport has no room. In line: its caller is the only one, and steps are short.
[[gnu::always_inline]] inline bool run_block(const auto& frame, const Instruction& code,
                                             const Place* places, std::size_t i) {
  LaneState& lane = *frame.lane;
  const Place* sends = places + code.written;
  const std::size_t bytes = frame.length(code, i);
  if (code.kind == StepKind::copy && frame.packet()) {
    pass_on(frame, code, places, i, bytes);
    return true;
  }
  if (lane.part == 0 && bytes > 0) compute_block(frame, code, places, {0, code.written}, i, bytes);
  if (code.sent == 0) return true;
  const std::byte* source = code.kind == StepKind::copy ? frame.address(sends[code.sent], i)
                            : code.written > 0          ? frame.address(places[0], i)
                                                        : frame.program.temporary;
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

void raise_written(const auto& frame, const Instruction& code, const Place* places) {
  for (int d = 0; d < code.written; ++d) {
    if (places[d].signal[0] != nullptr) raise(frame, places[d]);
  }
}

// Whether peers get theirs before this rank copies what is for itself. Larger blocks are copied
// together, while their source is in the caches.
bool serves_peers_first(const auto& frame, const Instruction& code) {
  constexpr std::size_t kMostBytes = 16 << 10;
  return code.awaited > 0 && !frame.launch.streaming &&
         frame.launch.slot_block_bytes * static_cast<std::size_t>(code.blocks) <= kMostBytes;
}

[[gnu::noinline]] void copy_peers_first(const auto& frame, const Instruction& code,
                                        const Place* places) {
  const auto copy = [&](Range range) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(code.blocks); ++i) {
      const std::size_t bytes = frame.length(code, i);
      if (bytes > 0) compute_block(frame, code, places, range, i, bytes);
    }
  };
  copy({0, code.awaited});
  raise_written(frame, code, places);
  copy({code.awaited, code.written});
}

// copy and reduce: one block after the other, then the signals of what was written by address.
// False if it has to go on later.
bool run_data(const auto& frame, const Instruction& code) {
  const Place* places = &frame.program.places[static_cast<std::size_t>(code.first)];
  if (serves_peers_first(frame, code)) {
    copy_peers_first(frame, code, places);
    return true;
  }
  for (std::size_t i = frame.lane->block; i < static_cast<std::size_t>(code.blocks); ++i) {
    if (run_block(frame, code, places, i)) continue;
    frame.lane->block = i;
    return false;
  }
  frame.lane->block = 0;
  raise_written(frame, code, places);
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
  if (code.trailing && !frame.lane->trail_signals) return true;
  const Place& place = frame.program.places[static_cast<std::size_t>(code.first)];
  if (frame.packet()) {
    std::byte* line = frame.address(place, 0);
    write_packets(line, line, 0, frame.lane->flag);  // no payload, but memcpy takes no null
    wake(place);
  } else if (place.link->load_store) {
    code.entry ? leave_note(frame, code, place) : raise(frame, place);
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
  const std::uint64_t value = code.signal[frame.lane->parity]->load(std::memory_order_acquire);
  if (value != frame.lane->flag) return false;
  frame.distances->waited(code.peer, frame.launch.slot_block_bytes);
  return true;
}

// Bulk: one signal for all of it. A staged output is copied out of the slot.
bool bulk_arrived(const auto& frame, const Instruction& code) {
  if (!signal_came(frame, code)) return false;
  if (code.entry) take_note(frame, code);
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

// Whether what was signalled some passes before has come, where this pass waits for that.
[[gnu::noinline]] bool trailing_signal_came(const auto& frame, const Instruction& code) {
  const LaneState& lane = *frame.lane;
  const TrailPoint& then = lane.trailed;
  std::byte* line =
      code.arrived.base + then.first_slot + code.arrived.index * then.slot_block_bytes;
  return !lane.trail_waits || packet_flag(line).load(std::memory_order_acquire) == then.flag;
}

// Who finds what it waits for there already is behind: so is what it will wait for, and can be
// fetched meanwhile.
[[gnu::noinline]] bool trailing_packets_arrived(const auto& frame, const Instruction& code) {
  LaneState& lane = *frame.lane;
  if (!packets_arrived(frame, code)) {
    lane.waited = true;
    return false;
  }
  if (!lane.waited)
    __builtin_prefetch(frame.address(code.arrived, 0) - lane.first_slot + lane.later_slot);
  return true;
}

bool run_wait(const auto& frame, const Instruction& code) {
  if (frame.program.schedule.trails) [[unlikely]] {
    return code.trailing ? trailing_signal_came(frame, code)
                         : trailing_packets_arrived(frame, code);
  }
  if (must_drain(frame, code)) return false;
  return frame.packet() ? packets_arrived(frame, code) : bulk_arrived(frame, code);
}

// The peers have read what this pass's predecessor sent them, or this pass would not be complete:
// so the lines that the next pass writes first can be taken from them now, and are at hand when it
// begins.
void prepare_next_pass(const auto& frame) {
  const LaneState& lane = *frame.lane;
  if (!frame.packet() || frame.program.schedule.trails || lane.begin == lane.end ||
      !Staging::keeps_spot(frame.launch.pass_bytes(frame.program)))
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
}

void enter_pass(const Operation& operation, LaneState* lane) {
  const Launch& launch = operation.launch;
  lane->parity = static_cast<int>(lane->turn & 1);
  lane->flag = make_flag(lane->epoch, launch.signature);
  const std::size_t bytes = launch.pass_bytes(*operation.program);
  if (bytes > 0) lane->first_slot = lane->staging->take(bytes);
}

// Of passes that trail, how many further on a line is fetched.
constexpr std::size_t kPrefetched = 2;

void enter_trailing(const Operation& operation, LaneState* lane, Trail* trail) {
  trail->enter(*operation.program);
  lane->flag = make_flag(lane->epoch, operation.launch.signature);
  lane->first_slot = trail->first_slot();
  lane->later_slot = trail->later_slot(kPrefetched);
  lane->waited = false;
  lane->trail_signals = trail->signals();
  lane->trail_waits = trail->waits();
  if (lane->trail_signals)
    lane->trailed = trail->note({lane->first_slot, operation.launch.slot_block_bytes, lane->flag});
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
  const Frame<kTable> frame{lane, operation->launch, *operation->program, outbox, distances};
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
    ++lane->turn;
    enter_pass(*operation, lane);
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
  return operation.program->places[send].rank;
}

}  // namespace weft::executor
