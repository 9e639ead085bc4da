#include "support/collectives.h"

#include <fmt/format.h>

#include <stdexcept>

namespace weft::testing {
namespace {

void call_blocking(Communicator& comm, const Case& c, const void* in, void* out) {
  switch (c.collective) {
    case Collective::all_reduce:
      return comm.all_reduce(in, out, c.count, c.type, c.op);
    case Collective::reduce_scatter:
      return comm.reduce_scatter(in, out, c.count, c.type, c.op);
    case Collective::all_gather:
      return comm.all_gather(in, out, c.count, c.type);
    case Collective::broadcast:
      return comm.broadcast(in, out, c.count, c.type, c.root);
    case Collective::reduce:
      return comm.reduce(in, out, c.count, c.type, c.op, c.root);
    case Collective::barrier:
      return comm.barrier();
  }
}

Request call_async(Communicator& comm, const Case& c, const void* in, void* out) {
  switch (c.collective) {
    case Collective::all_reduce:
      return comm.all_reduce_async(in, out, c.count, c.type, c.op);
    case Collective::reduce_scatter:
      return comm.reduce_scatter_async(in, out, c.count, c.type, c.op);
    case Collective::all_gather:
      return comm.all_gather_async(in, out, c.count, c.type);
    case Collective::broadcast:
      return comm.broadcast_async(in, out, c.count, c.type, c.root);
    case Collective::reduce:
      return comm.reduce_async(in, out, c.count, c.type, c.op, c.root);
    case Collective::barrier:
      break;
  }
  return comm.barrier_async();
}

Plan make_plan(Communicator& comm, const Case& c, const void* in, void* out) {
  switch (c.collective) {
    case Collective::all_reduce:
      return comm.plan_all_reduce(in, out, c.count, c.type, c.op);
    case Collective::reduce_scatter:
      return comm.plan_reduce_scatter(in, out, c.count, c.type, c.op);
    case Collective::all_gather:
      return comm.plan_all_gather(in, out, c.count, c.type);
    case Collective::broadcast:
      return comm.plan_broadcast(in, out, c.count, c.type, c.root);
    case Collective::reduce:
      return comm.plan_reduce(in, out, c.count, c.type, c.op, c.root);
    case Collective::barrier:
      break;
  }
  return comm.plan_barrier();
}

// Buffers of one call, separate or in place, with room around them that must stay as it was.
struct Buffers {
  static constexpr std::size_t kGuard = 64;
  std::size_t input_bytes, output_bytes;
  Bytes private_memory;
  Buffer input_buffer, output_buffer;
  std::byte* input = nullptr;
  std::byte* output = nullptr;

  Buffers(Communicator& comm, const Case& c, const Manner& manner) {
    const auto ranks = static_cast<std::size_t>(comm.size());
    const std::size_t bytes = c.count * size_of(c.type);
    input_bytes = c.collective == Collective::reduce_scatter ? bytes * ranks : bytes;
    output_bytes = c.collective == Collective::all_gather ? bytes * ranks : bytes;
    const std::size_t offset = bytes * static_cast<std::size_t>(comm.rank());
    if (manner.allocated) {
      input_buffer = comm.allocate(std::max(input_bytes, output_bytes) + 2 * kGuard);
      output_buffer = comm.allocate(output_bytes + 2 * kGuard);
      input = input_buffer.as<std::byte>() + kGuard;
      output = output_buffer.as<std::byte>() + kGuard;
    } else {
      private_memory.resize(std::max(input_bytes, output_bytes) + output_bytes + 4 * kGuard);
      input = private_memory.data() + kGuard;
      output = input + std::max(input_bytes, output_bytes) + kGuard;
    }
    if (!manner.in_place) return;
    if (c.collective == Collective::all_gather) {
      output = input;
      input = output + offset;
    } else {
      output = c.collective == Collective::reduce_scatter ? input + offset : input;
    }
  }
};

void compare(const Bytes& expected, const std::byte* actual, std::size_t element, int rank) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == actual[i]) continue;
    throw std::runtime_error(fmt::format("rank {}: element {} of {} is wrong", rank, i / element,
                                         expected.size() / element));
  }
}

}  // namespace

std::string describe(const Case& c, const Manner& manner) {
  constexpr const char* kForms[] = {"blocking", "async", "plan"};
  return fmt::format("{} {} {} root {} count {} {}{}{}", name_of(c.collective), name_of(c.type),
                     name_of(c.op), c.root, c.count, kForms[static_cast<int>(manner.form)],
                     manner.in_place ? " in place" : "", manner.allocated ? " allocated" : "");
}

void run_case(Communicator& comm, const Case& c, const Manner& manner) {
  Buffers buffers(comm, c, manner);
  const Bytes input = input_of(c, comm.rank(), comm.size());
  const Bytes expected = expected_of(c, comm.rank(), comm.size());
  Plan plan;
  if (manner.form == Manner::Form::plan) plan = make_plan(comm, c, buffers.input, buffers.output);
  // Twice, so that both parities and the reuse of a plan are seen.
  for (int round = 0; round < 2; ++round) {
    std::memset(buffers.output - Buffers::kGuard, 0xA5, buffers.output_bytes + 2 * Buffers::kGuard);
    std::memcpy(buffers.input, input.data(), input.size());
    if (manner.form == Manner::Form::blocking)
      call_blocking(comm, c, buffers.input, buffers.output);
    if (manner.form == Manner::Form::async)
      call_async(comm, c, buffers.input, buffers.output).wait();
    if (manner.form == Manner::Form::plan) {
      plan.start();
      plan.wait();
    }
    try {
      compare(expected, buffers.output, size_of(c.type), comm.rank());
      const Bytes guard(Buffers::kGuard, std::byte{0xA5});
      if (!manner.in_place) compare(guard, buffers.output + buffers.output_bytes, 1, comm.rank());
      if (!manner.in_place) compare(input, buffers.input, size_of(c.type), comm.rank());
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(describe(c, manner) + ": " + error.what());
    }
  }
}

}  // namespace weft::testing
