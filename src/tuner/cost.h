// The cost model: how long a schedule takes on a fabric. It runs the very steps of all ranks in
// time order, each rank's lanes side by side on its one processor and each message over everything
// it shares with others, so there is no formula for any algorithm and waiting, pipelining and
// contention come out by themselves. docs/tuning.md tells what is in it and what is not.
#pragma once

#include <weft/preference.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "schedule/partition.h"
#include "tuner/fabric.h"
#include "tuner/workload.h"

namespace weft::tuner {

inline constexpr std::size_t kUnlimited = std::size_t{1} << 62;

// One call.
struct Message {
  std::size_t count = 0;  // elements, as the collective counts them
  std::size_t element_bytes = 4;
  // Uneven parts in place of `count`: where the workload's blocks begin and the last one ends, in
  // bytes; outlives the call. Empty: equal blocks.
  std::span<const std::size_t> bounds = {};
  Protocol protocol = Protocol::bulk;  // bulk, or packet where every rank maps every other
  // Memory of a rank for the slots of one lane in one pass: bounds a chunk, and so gives the number
  // of passes. (Packets: always one pass; whether they fit is for the caller to know.)
  std::size_t slot_bytes = kUnlimited;
};

struct PriceOptions {
  // A call of many passes runs 1, 2, 4, ... of them, at most this many, until a further one always
  // takes as long; the others are taken to take that long too. With 1, passes are taken to follow
  // each other without overlap.
  int passes = 64;
  bool every_pass = false;  // run them all
  bool details = false;     // fill Prediction::finish_ns and resource_bytes
};

struct Prediction {
  double ns = 0;       // from the moment when all ranks start together until the last is done
  double pass_ns = 0;  // each further pass
  int passes = 1;
  int simulated_passes = 1;
  std::uint64_t steps = 0;     // of all ranks, in all passes
  std::uint64_t messages = 0;  // over the network, in all passes
  std::uint64_t network_bytes = 0;
  std::vector<double> finish_ns;              // by rank
  std::vector<std::uint64_t> resource_bytes;  // by resource of the fabric
};

// Whether slots of that many bytes hold a chunk of it at all.
bool fits(const Workload& workload, std::size_t slot_bytes);

// How a call is cut.
schedule::Partition partition_of(const Workload& workload, const Message& message);

// Prices call after call; keeps its memory for the next one. Not for two threads at once.
class Pricer {
 public:
  explicit Pricer(const Fabric& fabric);
  ~Pricer();
  // The number of ranks is the fabric's. Throws Error(unsupported) where the workload does not fit
  // the slots or is direct and some rank cannot map another, Error(invalid_argument) where it is
  // for another number of ranks, and Error(internal) for schedules that wait for ever.
  Prediction price(const Workload& workload, const Message& message,
                   const PriceOptions& options = {});

 private:
  class Simulation;
  // What some passes took, and what each further one will.
  struct Outlook {
    double ns = 0;
    double further_ns = 0;
    int passes = 1;
  };
  Outlook run(const Workload& workload, const Message& message,
              const schedule::Partition& partition, const PriceOptions& options);

  std::unique_ptr<Simulation> simulation_;
};

// The same, once.
Prediction price(const Workload& workload, const Message& message, const Fabric& fabric,
                 const PriceOptions& options = {});

}  // namespace weft::tuner
