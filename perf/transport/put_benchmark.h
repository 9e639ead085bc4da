// Latency and bandwidth of one put between two ranks, as perftest measures its writes.
#pragma once

#include <weft/communicator.h>

#include <cstddef>
#include <vector>

namespace weft::perf {

struct PutBenchmark {
  bool bandwidth = false;  // else latency
  std::vector<std::size_t> sizes;
  std::size_t iterations = 0;  // per size; 0: by size
};

// Collective over two ranks that `options` make join each other; rank 0 prints the table. Latency
// is half the time of a put with its signal to the peer, which waits for the signal, and the same
// back (ib_write_lat's loop). Bandwidth is of bare puts, up to 128 on their way (ib_write_bw's).
// Throws Error, and std::invalid_argument for another number of ranks.
void run_put_benchmark(const PutBenchmark& benchmark, const Options& options);

}  // namespace weft::perf
