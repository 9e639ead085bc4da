// The common loop over Gloo's TCP: ranks forked here, over the loopback device, or started by a
// launcher on several hosts, over an interface and a folder that all of them see.
//
// all_reduce out of place is gloo::allreduce (ring); in place the older AllreduceRingChunked, which
// is what its users know.
#include "perf/common/command_line.h"
#include "perf/common/names.h"
#include "perf/peers/fork_ranks.h"

#include <fmt/format.h>
#include <gloo/allgather.h>
#include <gloo/allreduce.h>
#include <gloo/allreduce_ring_chunked.h>
#include <gloo/barrier.h>
#include <gloo/broadcast.h>
#include <gloo/math.h>
#include <gloo/reduce.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>

#include <filesystem>
#include <stdexcept>

namespace weft::perf {
namespace {

// How the ranks of a job find and reach each other.
struct Meeting {
  int ranks = 2;
  std::string interface = "lo";
  std::string folder;  // that all ranks see; used by no other job
};

std::shared_ptr<gloo::Context> connect(int rank, const Meeting& meeting) {
  gloo::transport::tcp::attr attributes;
  attributes.iface = meeting.interface;
  auto device = gloo::transport::tcp::CreateDevice(attributes);
  auto context = std::make_shared<gloo::rendezvous::Context>(rank, meeting.ranks);
  gloo::rendezvous::FileStore store(meeting.folder);
  context->connectFullMesh(store, device);
  return context;
}

class GlooCandidate : public Candidate {
 public:
  explicit GlooCandidate(std::shared_ptr<gloo::Context> context) : context_(std::move(context)) {}

  std::string name() const override { return "gloo"; }
  int rank() const override { return context_->rank; }
  int size() const override { return context_->size; }

  // The loop needs f32 sum; Gloo's API is a template per type.
  bool supports(const Operation& operation) const override {
    const bool plain = operation.type == DataType::f32 && operation.op == ReduceOp::sum;
    const bool known = operation.collective != Collective::reduce_scatter;
    return operation.collective == Collective::barrier || (plain && known);
  }

  void prepare(const Operation& operation) override {
    operation_ = operation;
    ring_chunked_.reset();
    if (operation.collective == Collective::all_reduce && operation.in_place) {
      std::vector<float*> buffers = {static_cast<float*>(operation.output)};
      ring_chunked_ = std::make_unique<gloo::AllreduceRingChunked<float>>(
          context_, buffers, static_cast<int>(operation.count));
    }
  }

  void run() override {
    switch (operation_.collective) {
      case Collective::all_reduce:
        return ring_chunked_ ? ring_chunked_->run() : all_reduce();
      case Collective::all_gather:
        return all_gather();
      case Collective::broadcast:
        return broadcast();
      case Collective::reduce:
        return reduce();
      default:
        return barrier();
    }
  }

  void barrier() override {
    gloo::BarrierOptions options(context_);
    gloo::barrier(options);
  }

  std::int64_t sum_over_ranks(std::int64_t value) override {
    std::int64_t sum = 0;
    gloo::AllreduceOptions options(context_);
    options.setInput(&value, 1);
    options.setOutput(&sum, 1);
    options.setReduceFunction(static_cast<void (*)(void*, const void*, const void*, std::size_t)>(
        &gloo::sum<std::int64_t>));
    gloo::allreduce(options);
    return sum;
  }

 private:
  static constexpr auto kSum =
      static_cast<void (*)(void*, const void*, const void*, std::size_t)>(&gloo::sum<float>);

  float* input() const { return static_cast<float*>(const_cast<void*>(operation_.input)); }
  float* output() const { return static_cast<float*>(operation_.output); }

  void all_reduce() {
    gloo::AllreduceOptions options(context_);
    options.setAlgorithm(gloo::AllreduceOptions::Algorithm::RING);
    options.setInput(input(), operation_.count);
    options.setOutput(output(), operation_.count);
    options.setReduceFunction(kSum);
    gloo::allreduce(options);
  }

  void all_gather() {
    gloo::AllgatherOptions options(context_);
    if (!operation_.in_place) options.setInput(input(), operation_.count);
    options.setOutput(output(), operation_.count * static_cast<std::size_t>(size()));
    gloo::allgather(options);
  }

  void broadcast() {
    gloo::BroadcastOptions options(context_);
    if (!operation_.in_place && rank() == operation_.root) {
      options.setInput(input(), operation_.count);
    }
    options.setOutput(output(), operation_.count);
    options.setRoot(operation_.root);
    gloo::broadcast(options);
  }

  void reduce() {
    gloo::ReduceOptions options(context_);
    if (!operation_.in_place) options.setInput(input(), operation_.count);
    options.setOutput(output(), operation_.count);
    options.setRoot(operation_.root);
    options.setReduceFunction(kSum);
    gloo::reduce(options);
  }

  std::shared_ptr<gloo::Context> context_;
  Operation operation_;
  std::unique_ptr<gloo::AllreduceRingChunked<float>> ring_chunked_;
};

int run_rank(int rank, const Meeting& meeting, const SweepArguments& arguments,
             const std::string& command) {
  // Outlives the message of what goes wrong here: the others complain when it is gone.
  std::shared_ptr<gloo::Context> context;
  return programs::guard(fmt::format("weft-peer-gloo: rank {}", rank), [&] {
    context = connect(rank, meeting);
    GlooCandidate candidate(context);
    const Presentation presentation{.command = command,
                                    .preamble = fmt::format("# gloo, tcp over {}, {} ranks\n",
                                                            meeting.interface, meeting.ranks)};
    return run_candidate(candidate, arguments, presentation);
  });
}

}  // namespace
}  // namespace weft::perf

int main(int argc, char** argv) {
  using namespace weft::perf;
  CLI::App app("Collectives of Gloo in the loop of weft-perf", "weft-peer-gloo");
  SweepArguments arguments;
  Meeting meeting;
  int rank = 0;
  add_sweep_options(app, arguments);
  app.add_option("--ranks", meeting.ranks,
                 "How many there are; without --folder they are forked here")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->envname("WORLD_SIZE");
  app.add_option("--interface", meeting.interface, "Network interface to use")
      ->capture_default_str();
  app.add_option(
      "--folder", meeting.folder,
      "Be one rank, started by a launcher: an empty folder of this job, which all ranks see");
  app.add_option("--rank", rank, "With --folder: which one")->envname("RANK");
  return weft::programs::run(app, argc, argv, [&] {
    const std::string command = weft::programs::joined(argc, argv);
    if (!meeting.folder.empty()) return run_rank(rank, meeting, arguments, command);
    const TemporaryFolder temporary("weft-peer-gloo");
    meeting.folder = temporary.path();
    return fork_ranks(meeting.ranks,
                      [&](int forked) { return run_rank(forked, meeting, arguments, command); });
  });
}
