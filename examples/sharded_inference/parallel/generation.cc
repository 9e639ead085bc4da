#include "parallel/generation.h"

#include <array>

namespace inference {

void Generation::add(int token) {
  if (tokens_.empty()) {
    first_token_us_ = microseconds_since(started_);
  } else {
    token_us_.push_back(microseconds_since(last_));
  }
  last_ = Clock::now();
  tokens_.push_back(token);
}

namespace {

Request share_request(Network& network, const Job& job) {
  Request request = job.request;
  std::array<std::uint64_t, 2> sizes = {request.prompt.size(), request.tokens};
  job.meter.time(Path::broadcast, [&] { network.broadcast(sizes.data(), sizeof(sizes), 0); });
  request.prompt.resize(sizes[0]);
  request.tokens = sizes[1];
  job.meter.time(Path::broadcast, [&] {
    network.broadcast(request.prompt.data(), request.prompt.size() * sizeof(int), 0);
  });
  return request;
}

}  // namespace

Generation serve(const Job& job, Network& network, const Serve& run) {
  Generation generation;
  for (std::size_t round = 0; round <= job.warm_ups; ++round) {
    network.barrier();
    job.meter = Meter();
    generation = Generation();
    generation.start();
    run(share_request(network, job), generation);
  }
  return generation;
}

Generation serve(const Job& job, const Serve& run) {
  Generation generation;
  for (std::size_t round = 0; round <= job.warm_ups; ++round) {
    generation = Generation();
    generation.start();
    run(job.request, generation);
  }
  return generation;
}

}  // namespace inference
