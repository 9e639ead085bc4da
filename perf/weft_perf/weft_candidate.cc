#include "perf/weft_perf/weft_candidate.h"

#include <stdexcept>

namespace weft::perf {

WeftCandidate::WeftCandidate(Communicator& communicator, WeftUse use)
    : communicator_(communicator), use_(use) {}

std::string WeftCandidate::name() const {
  return std::string("weft ") + (use_.allocated ? "allocated" : "plain") +
         (use_.plan ? " plan" : "");
}

Memory WeftCandidate::allocate(std::size_t bytes) {
  if (!use_.allocated) return Candidate::allocate(bytes);
  const auto buffer = std::make_shared<Buffer>(communicator_.allocate(bytes));
  return Memory(buffer, buffer->data());
}

void WeftCandidate::prepare(const Operation& operation) {
  operation_ = operation;
  if (use_.plan) plan_ = make_plan(operation);
}

void WeftCandidate::run() {
  if (!use_.plan) return call(operation_);
  plan_.start();
  plan_.wait();
}

std::int64_t WeftCandidate::sum_over_ranks(std::int64_t value) {
  std::int64_t sum = 0;
  communicator_.all_reduce(&value, &sum, 1, DataType::i64, ReduceOp::sum);
  return sum;
}

Plan WeftCandidate::make_plan(const Operation& o) {
  switch (o.collective) {
    case Collective::all_reduce:
      return communicator_.plan_all_reduce(o.input, o.output, o.count, o.type, o.op);
    case Collective::reduce_scatter:
      return communicator_.plan_reduce_scatter(o.input, o.output, o.count, o.type, o.op);
    case Collective::all_gather:
      return communicator_.plan_all_gather(o.input, o.output, o.count, o.type);
    case Collective::broadcast:
      return communicator_.plan_broadcast(o.input, o.output, o.count, o.type, o.root);
    case Collective::reduce:
      return communicator_.plan_reduce(o.input, o.output, o.count, o.type, o.op, o.root);
    case Collective::barrier:
      return communicator_.plan_barrier();
  }
  throw std::invalid_argument("unknown collective");
}

void WeftCandidate::call(const Operation& o) {
  switch (o.collective) {
    case Collective::all_reduce:
      return communicator_.all_reduce(o.input, o.output, o.count, o.type, o.op);
    case Collective::reduce_scatter:
      return communicator_.reduce_scatter(o.input, o.output, o.count, o.type, o.op);
    case Collective::all_gather:
      return communicator_.all_gather(o.input, o.output, o.count, o.type);
    case Collective::broadcast:
      return communicator_.broadcast(o.input, o.output, o.count, o.type, o.root);
    case Collective::reduce:
      return communicator_.reduce(o.input, o.output, o.count, o.type, o.op, o.root);
    case Collective::barrier:
      return communicator_.barrier();
  }
}

}  // namespace weft::perf
