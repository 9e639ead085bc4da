// One run of a program: the launch's arguments and how far it has come.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <vector>

#include "executor/call.h"
#include "executor/program.h"
#include "executor/staging.h"
#include "executor/trail.h"
#include "reduce/reduce.h"
#include "schedule/partition.h"

namespace weft::executor {

// One block of a reduction that holds every rank's contribution.
struct FinalBlock {
  void* const* dsts = nullptr;
  const int* dst_ranks = nullptr;  // whose buffers they are
  int dst_count = 0;
  const void* const* srcs = nullptr;
  int src_count = 0;
  std::size_t offset = 0;  // from the start of the message, in bytes
  std::size_t bytes = 0;
};

// What runs in place of the kernel at the steps that are `final`, while the data is in the caches.
// Programs must reduce straight into outputs for it: one_shot's and two_shot_direct's do.
struct Epilogue {
  void (*run)(const void* context, const FinalBlock& block) = nullptr;  // null: the kernel
  const void* context = nullptr;                                        // outlives the operation
};

// What the ranks of a direct program tell each other as they meet at its beginning: where their
// buffers are.
struct Notes {
  memory::Note own{};
  memory::Note* of = nullptr;  // by rank
  // Called when those have come that count for this rank: fills what Launch::peer_inputs and
  // peer_outputs point to. False, at every rank: no buffer is touched.
  bool (*read)(void* context) = nullptr;
  void* context = nullptr;
};

// What a program needs beside itself to run.
struct Launch {
  Call call;
  const Program* program = nullptr;
  const std::byte* input = nullptr;
  std::byte* output = nullptr;
  schedule::Partition partition;
  reduce::Kernel kernel = nullptr;  // reductions only
  // For steps with partial sums where these are wider than elements; null: they are elements.
  reduce::PartialKernel partial_kernel = nullptr;
  int divisor = 1;             // avg: the number of ranks
  unsigned element_shift = 0;  // log2 of the element's bytes
  std::size_t unit_bytes = 1;  // what a kernel takes whole: an element, or a block of codes
  unsigned partial_shift = 0;  // log2 of how many elements a partial sum is as wide as
  Epilogue epilogue;
  bool streaming = false;            // write user buffers past the caches
  std::uint64_t signature = 0;       // call.signature()
  std::size_t slot_block_bytes = 0;  // one block of a slot: a chunk, or its packets
  // Of all slots of such a program.
  std::size_t pass_bytes(const Program& of) const { return of.slot_blocks * slot_block_bytes; }
  // Direct programs: every rank's buffers as they are mapped here.
  const std::byte* const* peer_inputs = nullptr;
  std::byte* const* peer_outputs = nullptr;
  const Notes* notes = nullptr;  // null: the buffers are known before
};

// Fills what follows from the call, the program and the partition.
void complete(Launch* launch);

// How far one lane has come.
struct LaneState {
  const Instruction* next = nullptr;
  const Instruction* begin = nullptr;
  const Instruction* end = nullptr;
  int passes_left = 0;
  int parity = 0;  // of the turn: which signals the pass raises
  std::size_t chunk = 0;
  std::uint64_t epoch = 0;     // counts the lane's passes
  std::uint64_t turn = 0;      // counts those that do not trail
  std::size_t first_slot = 0;  // bytes of the lane's slots before this pass's
  std::uint64_t flag = 0;      // what signals of this pass hold: epoch and signature
  Staging* staging = nullptr;
  // Of a pass that trails: whether it signals, and what its trailing waits are for.
  bool trail_signals = false;
  bool trail_waits = false;
  bool waited = false;  // for data: whoever sends it is not ahead
  TrailPoint trailed;
  std::size_t later_slot = 0;  // where the slots of one a few passes later will begin
  // The cursor inside a step that could not complete: from where it goes on.
  std::size_t block = 0;
  std::size_t part = 0;  // of the block: a wait's next line, a copy's next destination plus 1
};

// Owned by a plan or a request; in the executor's queue while `queued`.
struct Operation {
  Launch launch;
  const Program* program = nullptr;  // what runs, once begun: the launch's, or its trailing form
  std::array<LaneState, memory::kLanes> lanes;
  int active_lanes = 0;  // not yet complete
  int lane_count = 0;
  bool queued = false;
  bool begun = false;
  std::uint64_t sequence = 0;
  std::exception_ptr error;    // what ended it; set with `queued` false
  Operation* after = nullptr;  // next in the queue
  // Called once when the operation reaches the head of the queue, before it begins; may set
  // `launch`. Null: nothing to do. Error(mismatch) says that it is thrown at every rank, and ends
  // this operation alone; any other error poisons the executor.
  void (*prepare)(Operation*, void* context) = nullptr;
  void* prepare_context = nullptr;
  // Set while it runs: it is prepared and begun once more, before the next one.
  bool again = false;
  // Called once it is complete, before the next one begins. Null: nothing to do.
  void (*complete)(Operation*, void* context) = nullptr;
  void* complete_context = nullptr;
};

}  // namespace weft::executor
