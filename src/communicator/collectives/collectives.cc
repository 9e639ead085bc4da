// Each collective in its three forms: blocking, started, planned.
#include "communicator/collectives/plan.h"
#include "communicator/collectives/quantized_recipe.h"
#include "communicator/collectives/request.h"
#include "communicator/collectives/rms_norm_recipe.h"
#include "communicator/impl.h"

namespace weft {
namespace {

Invocation invocation(Collective collective, const void* input, void* output, std::size_t count,
                      DataType type, ReduceOp op = ReduceOp::sum, int root = 0) {
  Invocation result;
  result.call = {.collective = collective, .type = type, .op = op, .root = root, .count = count};
  result.input = input;
  result.output = output;
  return result;
}

// A barrier moves nothing, but counts as a call.
Invocation barrier_invocation() {
  return invocation(Collective::barrier, nullptr, nullptr, 1, DataType::u8);
}

}  // namespace

Request Communicator::make_request(const Invocation& call) {
  Request request;
  request.state_ = impl_->start(call);
  return request;
}

Plan Communicator::make_plan(const Invocation& call, const PlanOptions& options) {
  Plan plan;
  plan.state_ = impl_->plan(call, options);
  return plan;
}

void Communicator::prefer(Collective collective, const Preference& preference) {
  impl_->prefer(collective, preference);
}

std::vector<Candidate> Communicator::candidates(Collective collective, std::size_t bytes,
                                                bool allocated) const {
  const bool direct = allocated && impl_->world().all_load_store();
  return impl_->programs->candidates(collective, bytes, direct);
}

std::string Communicator::routes() const {
  return impl_->connections->router().describe(impl_->segments->peers());
}

std::string Communicator::situation() const { return impl_->situation.name; }

void Communicator::all_reduce(const void* input, void* output, std::size_t count, DataType type,
                              ReduceOp op) {
  impl_->run(invocation(Collective::all_reduce, input, output, count, type, op));
}

Request Communicator::all_reduce_async(const void* input, void* output, std::size_t count,
                                       DataType type, ReduceOp op) {
  return make_request(invocation(Collective::all_reduce, input, output, count, type, op));
}

Plan Communicator::plan_all_reduce(const void* input, void* output, std::size_t count,
                                   DataType type, ReduceOp op, const PlanOptions& options) {
  return make_plan(invocation(Collective::all_reduce, input, output, count, type, op), options);
}

Plan Communicator::plan_all_reduce_rms_norm(const void* input, void* output, std::size_t max_rows,
                                            DataType type, const RmsNorm& norm) {
  Plan plan;
  plan.state_ = plan_rms_norm(*impl_, {input, output, max_rows, type, norm});
  return plan;
}

Plan Communicator::plan_all_reduce_quantized(const void* input, void* output, std::size_t max_count,
                                             DataType type, Quantization form) {
  Plan plan;
  plan.state_ = plan_quantized(*impl_, {input, output, max_count, type, form});
  return plan;
}

void Communicator::reduce_scatter(const void* input, void* output, std::size_t count, DataType type,
                                  ReduceOp op) {
  impl_->run(invocation(Collective::reduce_scatter, input, output, count, type, op));
}

Request Communicator::reduce_scatter_async(const void* input, void* output, std::size_t count,
                                           DataType type, ReduceOp op) {
  return make_request(invocation(Collective::reduce_scatter, input, output, count, type, op));
}

Plan Communicator::plan_reduce_scatter(const void* input, void* output, std::size_t count,
                                       DataType type, ReduceOp op) {
  return make_plan(invocation(Collective::reduce_scatter, input, output, count, type, op));
}

void Communicator::all_gather(const void* input, void* output, std::size_t count, DataType type) {
  impl_->run(invocation(Collective::all_gather, input, output, count, type));
}

Request Communicator::all_gather_async(const void* input, void* output, std::size_t count,
                                       DataType type) {
  return make_request(invocation(Collective::all_gather, input, output, count, type));
}

Plan Communicator::plan_all_gather(const void* input, void* output, std::size_t count,
                                   DataType type) {
  return make_plan(invocation(Collective::all_gather, input, output, count, type));
}

void Communicator::broadcast(const void* input, void* output, std::size_t count, DataType type,
                             int root) {
  impl_->run(invocation(Collective::broadcast, input, output, count, type, ReduceOp::sum, root));
}

Request Communicator::broadcast_async(const void* input, void* output, std::size_t count,
                                      DataType type, int root) {
  return make_request(
      invocation(Collective::broadcast, input, output, count, type, ReduceOp::sum, root));
}

Plan Communicator::plan_broadcast(const void* input, void* output, std::size_t count, DataType type,
                                  int root) {
  return make_plan(
      invocation(Collective::broadcast, input, output, count, type, ReduceOp::sum, root));
}

void Communicator::reduce(const void* input, void* output, std::size_t count, DataType type,
                          ReduceOp op, int root) {
  impl_->run(invocation(Collective::reduce, input, output, count, type, op, root));
}

Request Communicator::reduce_async(const void* input, void* output, std::size_t count,
                                   DataType type, ReduceOp op, int root) {
  return make_request(invocation(Collective::reduce, input, output, count, type, op, root));
}

Plan Communicator::plan_reduce(const void* input, void* output, std::size_t count, DataType type,
                               ReduceOp op, int root) {
  return make_plan(invocation(Collective::reduce, input, output, count, type, op, root));
}

void Communicator::barrier() { impl_->run(barrier_invocation()); }
Request Communicator::barrier_async() { return make_request(barrier_invocation()); }
Plan Communicator::plan_barrier() { return make_plan(barrier_invocation()); }

}  // namespace weft
