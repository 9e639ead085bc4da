// The ranks of a job as the loops see them, whichever library joins them.
#pragma once

#include <cstdint>
#include <string>

namespace weft::perf {

// All ranks make the same calls in the same order. Nothing here is timed.
class Job {
 public:
  virtual ~Job() = default;

  // As result files name it: "weft plain plan", "openmpi".
  virtual std::string name() const = 0;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // All ranks in step, and a sum over ranks (also how rank 0 tells the others a number).
  virtual void barrier() = 0;
  virtual std::int64_t sum_over_ranks(std::int64_t value) = 0;
};

}  // namespace weft::perf
