/// The settings of a communicator.
#pragma once

#include <weft/preference.h>
#include <weft/wait_policy.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace weft {

class Bootstrap;

/// The settings of a communicator. Each member has an environment variable, named in brackets, that
/// applies if the member is unset; the default applies if both are.
struct Options {
  std::optional<int> rank;   ///< [WEFT_RANK] this process's rank; `rank`, `size` and `root_address`
                             ///< together start weft over TCP
  std::optional<int> size;   ///< [WEFT_SIZE] the number of ranks
  std::string root_address;  ///< [WEFT_ROOT] "host:port" at which rank 0 listens
  std::shared_ptr<Bootstrap> bootstrap;  ///< the application's own start-up (<weft/bootstrap.h>);
                                         ///< takes precedence over all other ways
  std::optional<std::chrono::nanoseconds>
      timeout;  ///< [WEFT_TIMEOUT, in seconds] the deadline of every wait; default 60 s
  std::optional<WaitPolicy> wait_policy;        ///< [WEFT_WAIT: spin, yield, block, auto]
  std::optional<WaitDurations> wait_durations;  ///< [WEFT_WAIT_DURATIONS: polling, yielding, e.g.
                                                ///< "20us,1ms"] in place of the policy's
  std::optional<std::size_t> shared_bytes;  ///< [WEFT_SHARED_BYTES] memory of each rank that its
                                            ///< peers write to; default 4 MiB
  std::optional<std::size_t>
      unexpected_bytes;  ///< [WEFT_UNEXPECTED_BYTES] of messages from each rank that no recv() has
                         ///< asked for yet, beside those that fit the rings; default 1 MiB
  std::string transports;   ///< [WEFT_TRANSPORTS] names separated by commas, tried in order of
                            ///< priority; default: all
  std::string routes;       ///< [WEFT_ROUTES] rules for pairs of ranks, of which the first match
                            ///< applies: "0-3:4-7=ucx,machine=shm,remote=verbs+ucx"; default: by
                            ///< priority
  std::string plugin_path;  ///< [WEFT_PLUGIN_PATH] folders or files of transport plugins, separated
                            ///< by colons; default: the folder `weft` beside the library, else the
                            ///< installed one
  std::string algorithm;    ///< [WEFT_ALGORITHM] the algorithm of every collective that has one of
                            ///< this name; default: by cost
  std::string tuning;  ///< [WEFT_TUNING] a file that weft-tune wrote; rank 0 reads it. Default:
                       ///< weft/tuning.json in $XDG_CONFIG_HOME or ~/.config, if it exists
  std::optional<Protocol> protocol;  ///< [WEFT_PROTOCOL: packet, bulk, auto]
  std::string job;  ///< [WEFT_JOB] what the job is called: start-up over TCP refuses ranks of
                    ///< another name; default the launcher's (TORCHELASTIC_RUN_ID, SLURM_JOB_ID, …)
};

}  // namespace weft
