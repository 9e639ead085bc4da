// A program: a schedule compiled for one rank, with every place resolved as far as it can be before
// the buffers are known.
#pragma once

#include <weft/preference.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "executor/world.h"
#include "schedule/schedule.h"

namespace weft::executor {

using schedule::StepKind;

// A resolved operand. What is known by address is kept for each parity; user buffers come with the
// launch.
struct Place {
  enum class Kind : std::uint8_t {
    slot,    // in a segment
    memory,  // of this program alone
    input,
    output,
    peer_input,
    peer_output,
  };
  Kind kind = Kind::slot;
  bool partial = false;  // holds a partial sum, which may be wider than elements
  std::int32_t rank = 0;
  std::size_t index = 0;  // the first block: of the user's buffer, or of the slot among all slots
  std::byte* base = nullptr;  // slot: where the lane's begin (null: not mapped); memory: the place
  std::atomic<std::uint64_t>* signal[2] = {};  // raised after a write; null: none
  std::atomic<std::uint32_t>* bell = nullptr;  // of the rank to wake then
  // A peer that is not mapped: where its slots begin and its signal is, inside its segment.
  const Link* link = nullptr;
  std::uint64_t slots_offset = 0;
  std::uint64_t signal_offset[2] = {};

  // A user's buffer; results may be written to it past the caches.
  bool is_output() const { return kind == Kind::output || kind == Kind::peer_output; }
};

// One instruction. Its places follow each other in Program::places: written by address, sent
// (packets or puts), read.
struct Instruction {
  StepKind kind = StepKind::copy;
  bool final = false;
  std::uint8_t written = 0;
  std::uint8_t sent = 0;
  std::uint8_t awaited = 0;  // copy: so many of what is written come first, peers wait for them
  std::uint8_t read = 0;
  std::uint8_t partial_reads = 0;  // bit s: source s is partial
  bool partial_result = false;     // what is written and sent is
  bool entry = false;              // signal, wait: before a direct program touches buffers
  bool trailing = false;           // signal, wait: as Step::trailing
  bool delivers =
      false;  // wait: the data goes on to places[first] (an unpacking, or a staged output)
  std::int32_t block = 0;
  std::int32_t blocks = 0;
  std::int32_t first = 0;                      // into Program::places
  std::int32_t peer = -1;                      // signal, wait
  std::atomic<std::uint64_t>* signal[2] = {};  // wait: the own signal
  Place arrived;                               // wait: the own slot

  bool moves_data() const { return kind == StepKind::copy || kind == StepKind::reduce; }
};

// What the compiler was asked for.
struct ProgramOptions {
  Protocol protocol = Protocol::bulk;   // packet or bulk
  std::size_t packet_block_bytes = 56;  // packet: the largest block, in bytes
  bool wide_sums = false;               // it must have room for partial sums of twice that width
  // Calls of at least so many bytes write their outputs past the caches.
  std::size_t streamed_bytes = ~std::size_t{0};
};

struct Program {
  schedule::Schedule schedule;  // as generated, without its steps
  Protocol protocol = Protocol::bulk;
  std::size_t max_chunk_bytes =
      0;  // bulk: the slots' capacity per block; packet: the largest block
  std::size_t slot_blocks =
      0;  // of all slots: what a pass takes is this many blocks (packet: of lines)
  const Program* trailing = nullptr;  // packet: its form whose passes trail; outlives it
  bool one_line = false;              // packet: blocks fit one line and are used where they arrive
  std::size_t streamed_bytes = ~std::size_t{0};  // as ProgramOptions
  std::size_t private_stride = 0;                // packet: from a block to the next in `memory`
  std::vector<std::vector<Instruction>> lanes;
  std::vector<Place> places;
  std::unique_ptr<std::byte[]> private_memory;  // packet: unpacked slots and local scratch
  std::byte* temporary = nullptr;               // packet: a reduced block on its way out
};

// Compiles a schedule of this world's rank. Throws Error(unsupported) where it does not fit the
// segment.
std::unique_ptr<Program> compile(const schedule::Schedule& schedule, const ProgramOptions& options,
                                 const World& world);

// The largest block, in bytes, that packets of this schedule can carry in this segment.
std::size_t max_packet_block_bytes(const schedule::Schedule& schedule,
                                   const memory::SegmentLayout& layout);

}  // namespace weft::executor
