// What a library under test provides to the common loop. A new peer is one implementation of this.
#pragma once

#include "perf/common/job.h"
#include "perf/common/operation.h"

#include <cstddef>
#include <memory>

namespace weft::perf {

// Memory of a benchmark; freed when the last copy goes.
using Memory = std::shared_ptr<void>;

// Private memory of this process, 64-byte aligned, every page touched.
Memory allocate_plain(std::size_t bytes);

// One library (in one way of using it) among the ranks of a job.
class Candidate : public Job {
 public:
  // Whether the library has this call; what it lacks is left out of the sweep.
  virtual bool supports(const Operation& operation) const = 0;

  // A buffer for calls; the default is plain memory.
  virtual Memory allocate(std::size_t bytes) { return allocate_plain(bytes); }

  // Makes run() execute `operation`, until the next prepare(). Nothing here is timed.
  virtual void prepare(const Operation& operation) = 0;

  // One call: returns when the local output is complete. This is what is timed.
  virtual void run() = 0;
};

}  // namespace weft::perf
