#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "executor/packet.h"
#include "executor/program.h"

namespace weft::executor {
namespace {

using schedule::Buffer;
using schedule::Destination;
using schedule::kNoSignal;
using schedule::Operand;
using schedule::Step;

std::size_t total_blocks(const schedule::Schedule& schedule) {
  return static_cast<std::size_t>(
      std::accumulate(schedule.slot_blocks.begin(), schedule.slot_blocks.end(), 0));
}

// Compiles one schedule; the steps of the work are its member functions.
class Compiler {
 public:
  Compiler(const schedule::Schedule& schedule, const ProgramOptions& options, const World& world)
      : schedule_(schedule), world_(world), program_(std::make_unique<Program>()) {
    program_->schedule = schedule;
    program_->schedule.lanes.clear();
    program_->protocol = options.protocol;
    program_->streamed_bytes = options.streamed_bytes;
    lay_out_slots(options);
  }

  std::unique_ptr<Program> run() {
    for (std::size_t lane = 0; lane < schedule_.lanes.size(); ++lane) {
      lane_ = static_cast<int>(lane);
      mark_arrivals(schedule_.lanes[lane]);
      std::vector<Instruction> code;
      code.reserve(schedule_.lanes[lane].steps.size());
      for (const Step& step : schedule_.lanes[lane].steps) code.push_back(translate(step));
      mark_entry(&code);
      program_->lanes.push_back(std::move(code));
    }
    return std::move(program_);
  }

 private:
  bool packet() const { return program_->protocol == Protocol::packet; }

  // Where each slot begins, in blocks (bulk, private memory) and in lines (packets).
  void lay_out_slots(const ProgramOptions& options) {
    const memory::SegmentLayout& layout = world_.layout;
    if (schedule_.slot_blocks.size() > static_cast<std::size_t>(layout.slots) ||
        schedule_.lanes.size() > static_cast<std::size_t>(layout.lanes)) {
      fail(ErrorCode::unsupported,
           "{} on {} ranks needs {} signals and {} lanes; there are {} and {}", schedule_.algorithm,
           schedule_.ranks, schedule_.slot_blocks.size(), schedule_.lanes.size(), layout.slots,
           layout.lanes);
    }
    for (const int blocks : schedule_.slot_blocks) {
      slot_first_block_.push_back(block_count_);
      // A bare signal of a packet schedule takes a line.
      block_count_ += static_cast<std::size_t>(packet() ? std::max(blocks, 1) : blocks);
    }
    program_->slot_blocks = block_count_;
    packet() ? size_packets(options) : size_bulk(options);
  }

  void size_bulk(const ProgramOptions& options) {
    constexpr std::size_t kUnlimited = std::size_t{1} << 62;
    program_->max_chunk_bytes =
        block_count_ == 0 ? kUnlimited
                          : world_.layout.lane_bytes / block_count_ / kCacheLine * kCacheLine;
    const bool wide = options.wide_sums && schedule_.partials;
    if (program_->max_chunk_bytes < kCacheLine * (wide ? schedule::kWideSum : 1)) too_little();
  }

  void size_packets(const ProgramOptions& options) {
    if (options.packet_block_bytes > max_packet_block_bytes(schedule_, world_.layout)) too_little();
    program_->max_chunk_bytes = options.packet_block_bytes;
    program_->one_line = packet_lines(options.packet_block_bytes) == 1;
    const std::size_t stride =
        (program_->max_chunk_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
    program_->private_stride = stride;
    // One block more for what is reduced on its way out.
    program_->private_memory = std::make_unique<std::byte[]>((block_count_ + 2) * stride);
    private_ = program_->private_memory.get();
    private_ += (kCacheLine - reinterpret_cast<std::uintptr_t>(private_) % kCacheLine) % kCacheLine;
    program_->temporary = private_ + block_count_ * stride;
  }

  [[noreturn]] void too_little() const {
    fail(ErrorCode::unsupported,
         "{} on {} ranks does not fit {} bytes of scratch: raise WEFT_SHARED_BYTES",
         schedule_.algorithm, schedule_.ranks, world_.layout.lane_bytes);
  }

  // What a direct schedule does before it touches a buffer: its ranks tell each other that they are
  // there. It touches them in one go.
  void mark_entry(std::vector<Instruction>* code) const {
    if (!schedule_.direct) return;
    const auto data = std::ranges::find_if(*code, &Instruction::moves_data);
    if (data == code->end()) return;
    std::for_each(code->begin(), data, [](Instruction& instruction) { instruction.entry = true; });
  }

  void mark_arrivals(const schedule::Lane& lane) {
    arrives_.assign(schedule_.slot_blocks.size(), false);
    for (const Step& step : lane.steps) {
      if (step.kind == StepKind::wait && step.blocks > 0 &&
          step.dsts[0].place.buffer == Buffer::slot) {
        arrives_[static_cast<std::size_t>(step.signal)] = true;
      }
    }
  }

  std::uint64_t slots_offset() const {
    return packet() ? world_.layout.packets : world_.layout.scratch_offset(lane_);
  }

  // A slot in the segment of a rank, reached over its link.
  Place segment_slot(int rank, int slot, int offset = 0) const {
    Place place;
    place.rank = rank;
    place.index =
        slot_first_block_[static_cast<std::size_t>(slot)] + static_cast<std::size_t>(offset);
    place.link = &world_.links[static_cast<std::size_t>(rank)];
    place.slots_offset = slots_offset();
    std::byte* segment = rank == world_.rank ? world_.segment : place.link->segment;
    if (segment != nullptr) place.base = segment + place.slots_offset;
    return place;
  }

  // A slot of this rank as something to read or write by address.
  Place own_slot(const Operand& operand) const {
    const auto slot = static_cast<std::size_t>(operand.index);
    if (!packet() || (program_->one_line && arrives_[slot]))
      return segment_slot(world_.rank, operand.index, operand.offset);
    Place place;
    place.kind = Place::Kind::memory;
    place.rank = world_.rank;
    const std::size_t block = slot_first_block_[slot] + static_cast<std::size_t>(operand.offset);
    place.base = private_ + block * program_->private_stride;
    return place;
  }

  Place resolve(const Operand& operand) const {
    Place place = find(operand);
    place.partial = operand.partial;
    return place;
  }

  Place find(const Operand& operand) const {
    if (operand.buffer == Buffer::slot) {
      if (operand.rank != world_.rank)
        fail(ErrorCode::internal, "{} reads a peer's slot", schedule_.algorithm);
      return own_slot(operand);
    }
    Place place;
    place.rank = operand.rank;
    place.index = static_cast<std::size_t>(operand.index);
    const bool own = operand.rank == world_.rank;
    const bool input = operand.buffer == Buffer::input;
    place.kind = input ? (own ? Place::Kind::input : Place::Kind::peer_input)
                       : (own ? Place::Kind::output : Place::Kind::peer_output);
    return place;
  }

  void attach_signal(Place* place, int rank, int signal) const {
    const Link& link = world_.links[static_cast<std::size_t>(rank)];
    place->link = &link;
    for (int parity = 0; parity < 2; ++parity) {
      place->signal_offset[parity] = world_.layout.signal_offset(lane_, parity, signal);
      if (link.load_store) {
        place->signal[parity] =
            &reinterpret_cast<memory::Signal*>(link.segment + place->signal_offset[parity])->value;
      }
    }
    place->bell = link.bell;
  }

  // A destination at a peer that is reached through its slot: by address, by packets or by puts.
  Place remote_slot(int rank, int slot) const {
    Place place = segment_slot(rank, slot);
    attach_signal(&place, rank, slot);
    return place;
  }

  bool is_remote(const Destination& destination) const {
    return destination.place.rank != world_.rank;
  }

  bool is_direct(const Destination& destination) const {
    return schedule_.direct && destination.place.buffer != Buffer::slot;
  }

  // Written by address: own places, and a mapped peer's slots (bulk) and buffers (direct).
  bool is_written(const Destination& destination) const {
    if (!is_remote(destination) || is_direct(destination)) return true;
    return !packet() && world_.links[static_cast<std::size_t>(destination.place.rank)].load_store;
  }

  Place destination_place(const Destination& destination) const {
    if (!is_remote(destination)) return resolve(destination.place);
    if (!is_direct(destination)) {
      Place place = remote_slot(destination.place.rank, destination.signal);
      place.partial = destination.place.partial;
      return place;
    }
    Place place = resolve(destination.place);
    if (destination.signal != kNoSignal) attach_signal(&place, place.rank, destination.signal);
    return place;
  }

  Instruction translate(const Step& step) {
    Instruction code;
    code.kind = step.kind;
    code.final = step.final;
    code.trailing = step.trailing;
    code.block = step.block;
    code.blocks = step.blocks;
    code.peer = step.peer;
    code.first = static_cast<std::int32_t>(program_->places.size());
    switch (step.kind) {
      case StepKind::copy:
      case StepKind::reduce:
        translate_data(step, &code);
        break;
      case StepKind::signal:
        translate_signal(step, &code);
        break;
      case StepKind::wait:
        translate_wait(step, &code);
        break;
    }
    return code;
  }

  void translate_data(const Step& step, Instruction* code) {
    for (const bool written : {true, false}) {
      for (const Destination& destination : step.dsts) {
        if (is_written(destination) != written) continue;
        program_->places.push_back(destination_place(destination));
        written ? ++code->written : ++code->sent;
      }
    }
    if (step.kind == StepKind::copy && code->sent == 0) order_by_signals(code);
    for (const Operand& source : step.srcs) program_->places.push_back(resolve(source));
    code->read = static_cast<std::uint8_t>(step.srcs.size());
    for (std::size_t s = 0; s < step.srcs.size(); ++s) {
      if (step.srcs[s].partial) code->partial_reads |= static_cast<std::uint8_t>(1u << s);
    }
    code->partial_result = step.dsts[0].place.partial;
  }

  // What peers wait for first.
  void order_by_signals(Instruction* code) {
    const auto begin = program_->places.end() - code->written;
    const auto rest = std::stable_partition(begin, program_->places.end(), [](const Place& place) {
      return place.signal[0] != nullptr;
    });
    if (rest != program_->places.end()) code->awaited = static_cast<std::uint8_t>(rest - begin);
  }

  void translate_signal(const Step& step, Instruction* code) {
    program_->places.push_back(remote_slot(step.peer, step.signal));
    code->sent = 1;
  }

  void translate_wait(const Step& step, Instruction* code) {
    for (int parity = 0; parity < 2; ++parity) {
      code->signal[parity] =
          &reinterpret_cast<memory::Signal*>(
               world_.segment + world_.layout.signal_offset(lane_, parity, step.signal))
               ->value;
    }
    code->arrived = segment_slot(world_.rank, step.signal);
    if (step.blocks == 0) return;
    code->partial_result = step.dsts[0].place.partial;
    const bool to_slot = step.dsts[0].place.buffer == Buffer::slot;
    code->delivers = to_slot ? packet() && !program_->one_line : !schedule_.direct;
    if (!code->delivers) return;
    program_->places.push_back(resolve(step.dsts[0].place));
    code->written = 1;
  }

  const schedule::Schedule& schedule_;
  const World& world_;
  std::unique_ptr<Program> program_;
  int lane_ = 0;
  std::byte* private_ = nullptr;
  std::size_t block_count_ = 0;
  std::vector<std::size_t> slot_first_block_;
  std::vector<bool> arrives_;
};

}  // namespace

std::size_t max_packet_block_bytes(const schedule::Schedule& schedule,
                                   const memory::SegmentLayout& layout) {
  const std::size_t units = total_blocks(schedule) + schedule.slot_blocks.size();
  if (units == 0) return layout.packet_bytes;  // one rank alone sends nothing
  return layout.packet_bytes / kCacheLine / units * kPacketPayload;
}

std::unique_ptr<Program> compile(const schedule::Schedule& schedule, const ProgramOptions& options,
                                 const World& world) {
  return Compiler(schedule, options, world).run();
}

}  // namespace weft::executor
