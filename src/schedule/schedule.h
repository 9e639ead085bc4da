// A schedule: what one rank does in one pass of a collective, as data. Nothing here moves a byte.
//
// A lane is a list of steps run in order; lanes run side by side, each on its own slice of every
// block and with its own slots. A message larger than the slots runs the same schedule in several
// passes.
//
// Slots. A slot is a numbered place at every rank: memory for `slot_blocks[k]` blocks and a signal
// that its writer raises. A slot receives from at most one peer in a pass, or is never signalled
// and serves its own rank as scratch. What a slot means is private to the algorithm. Slots of a
// pass are reused two passes later, possibly by another schedule, without any further agreement.
// That is safe because of one rule, which the verifier proves for every algorithm:
//
//   Every pass synchronizes: no rank completes a pass before every rank has started it.
//
// (A rank that starts pass e+2 has completed e+1, so every rank has started e+1, so every rank has
// completed e.)
//
// Passes that trail. Small data that moves one way, from a root or to it, need not wait for ranks
// that it has no business with. Where `trails` is set, a rank may be up to kMostTrailed passes
// ahead of the others: in every kTrailTurn-th pass of a row of passes of one such schedule the
// steps marked `trailing` run, and a trailing wait is for what was signalled kTrailTurn passes
// before. In all other passes they are left out. What the verifier proves of it:
//
//   No rank completes a pass before every rank has started the one kMostTrailed passes before it.
//
// So its slots lie in one of kTrailSpots places in turn, which passes of other schedules never
// touch. They need nothing else: a pass that does not trail finds its slots as it left them, since
// whoever completes it knows that every rank has started it, however many that trail came between.
// Two different schedules that trail never follow each other, and a row begins behind a pass of the
// same algorithm that does not trail: its other form runs there (executor/trail.h).
#pragma once

#include <weft/collective.h>

#include "schedule/few.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::schedule {

inline constexpr int kTrailTurn = 8;
inline constexpr int kMostTrailed = 2 * kTrailTurn - 1;
// Whoever begins a pass has completed the one before, so every rank has started the one
// kMostTrailed + 1 before, and completed that before it.
inline constexpr int kTrailSpots = kMostTrailed + 2;

// Where an operand lives. `input` and `output` are the caller's buffers, cut in blocks by the
// Partition.
enum class Buffer : std::uint8_t { input, output, slot };

// A place: buffer `buffer` of rank `rank`, from block (or slot number) `index` on. A step over
// several blocks takes consecutive ones: input and output blocks index, index+1, ..., and
// consecutive blocks inside the one slot `index`, from its block `offset` on.
//
// `partial`: what is there is a partial sum, which more than one step adds up. It may be kept in a
// wider type than elements are ("wide sums": f32 for f16 and bf16). Then it takes as many times the
// bytes, so it lives in slots only, and one contribution that is copied to such a place, at the
// same rank, is widened.
struct Operand {
  Buffer buffer = Buffer::input;
  bool partial = false;
  std::uint16_t offset = 0;  // slots only
  int rank = 0;
  int index = 0;

  constexpr Operand() = default;
  constexpr Operand(Buffer in, int of_rank, int at) : buffer(in), rank(of_rank), index(at) {}
  friend bool operator==(const Operand&, const Operand&) = default;
};

// The same slot, from its block `offset` on.
constexpr Operand from_block(Operand place, int offset) {
  place.offset = static_cast<std::uint16_t>(offset);
  return place;
}

// How many bytes a wide sum takes for each byte of an element.
inline constexpr std::uint8_t kWideSum = 2;

// The same place, holding a partial sum.
constexpr Operand partial(Operand place) {
  place.partial = true;
  return place;
}

inline constexpr int kNoSignal = -1;

// A place written to. At another rank it raises that rank's slot signal `signal` once the bytes are
// visible (kNoSignal: a later signal step tells). A remote `slot` destination always raises its own
// slot: signal == place.index.
struct Destination {
  Operand place;
  int signal = kNoSignal;
  friend bool operator==(const Destination&, const Destination&) = default;
};

enum class StepKind : std::uint8_t {
  copy,    // dsts <- srcs[0]; with a remote destination this is the put
  reduce,  // dsts <- srcs[0] op srcs[1] op ...  in this order, one pass over memory
  signal,  // raise slot signal `signal` at `peer`, no data
  wait,  // until own slot signal `signal` is raised by `peer`; with blocks > 0 it brought data for
         // dsts[0]
};

// Limits of one step: each further pass over memory costs as much as the wire, so kernels take this
// many at once.
inline constexpr int kMaxSources = 8;
inline constexpr int kMaxDestinations = 8;

// One step. Which members mean something follows from `kind`.
//
// copy, reduce: `block`, `blocks` name the logical blocks moved, which gives the length in bytes.
// Local destinations may equal a source operand exactly (element-wise in place), never overlap
// otherwise. Remote sources and remote `input`/`output` places need peers' buffers mapped (a direct
// algorithm), except: a copy or a reduce to a remote `output` with a signal is delivered through
// the signal's slot where the output cannot be reached, and the receiver's wait puts it there. So
// slot_blocks[signal] must have room for it, and the receiver's wait must name it.
//
// wait: with blocks > 0, dsts[0].place is where the sender's destination was (own slot `signal`, or
// own output), and block, blocks say which logical blocks it is. The data may be used after the
// wait, not before.
struct Step {
  StepKind kind = StepKind::copy;
  int block = 0;
  int blocks = 0;
  Few<Destination, 1> dsts;
  Few<Operand, 2> srcs;
  int peer = -1;
  int signal = kNoSignal;
  bool final = false;     // reduce: the result holds every rank's contribution (avg divides here)
  bool trailing = false;  // signal, wait without data: see "Passes that trail"
};

struct Lane {
  std::vector<Step> steps;
};

// One rank's part. Everything but `lanes[*].steps` is the same at every rank.
struct Schedule {
  std::string algorithm;
  Collective collective = Collective::all_reduce;
  int rank = 0;
  int ranks = 1;
  int root = 0;
  int blocks = 1;  // logical blocks the message is cut into
  bool direct =
      false;  // reads or writes peers' input and output in place: needs them mapped everywhere
  bool partials = false;  // some rank's operands may be partial
  bool trails = false;    // see "Passes that trail"
  std::vector<int>
      slot_blocks;  // per slot, blocks it has memory for (0: signal only); the same for every lane
  std::vector<Lane> lanes;
};

// How buffers are cut, by collective (count = the user's count in elements):
//   all_reduce, reduce, broadcast: input and output are `count` elements, cut into `blocks` nearly
//   even blocks (the last may be short or empty). reduce_scatter: input is ranks*count elements,
//   block b = rank b's result (blocks == ranks); output is one block of count (index 0).
//   all_gather: output is ranks*count elements, block b = rank b's (blocks == ranks); input is one
//   block of count (index 0). barrier: no data; blocks == 0.
// broadcast: only the root's input is read; every rank's output is written (the root copies input
// to output; the executor skips it in place). reduce: only the root's output is written. In place
// (input == output) must work for all_reduce, reduce, broadcast; for reduce_scatter (output is the
// own block of input) and all_gather (input is the own block of output) as NCCL defines it. So a
// schedule must not read an input block after it has written the output block that would alias it,
// at its own or (direct) at another rank.

}  // namespace weft::schedule
