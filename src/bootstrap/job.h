// Which job a rank belongs to: the first thing that ranks tell each other at start-up.
#pragma once

#include <weft/bootstrap.h>

#include "base/config.h"

#include <cstdint>
#include <span>
#include <string>

namespace weft::bootstrap {

// The longest name of a job, and the most bytes of what pack() makes.
inline constexpr std::size_t kMaxJobName = 255;
inline constexpr std::size_t kMaxPackedJob = 600;

struct Job {
  JobName name;
  std::uint32_t user = 0;  // who runs it, on the machine of the rank that says so
  int size = 1;

  // The job of this process. Throws Error(invalid_argument) where the name is too long.
  static Job of(const JobName& name, int size);
  // A job that only processes which get its name from this one belong to.
  static JobName random_name();

  // `job "nightly-7" (WEFT_JOB, user 1000, 8 ranks)`, with nothing in it that a terminal obeys.
  std::string in_words() const;
};

// Whether ranks that say so may belong together: the same name, and the same user too unless both
// names were chosen for this very purpose. The number of ranks is left out.
bool same_name(const Job& one, const Job& other);

// What travels. unpack_job() throws Error(bootstrap) for what pack() did not make.
Blob pack(const Job& job);
Job unpack_job(std::span<const std::byte> bytes, int size);

}  // namespace weft::bootstrap
