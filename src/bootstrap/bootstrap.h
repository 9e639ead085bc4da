// Makes the Bootstrap that Options, the environment and the launcher ask for.
#pragma once

#include <weft/bootstrap.h>

#include "base/config.h"
#include "base/log.h"

#include <memory>

namespace weft::bootstrap {

// In this order: config.options.bootstrap, explicit rank/size/root_address, PMIx, torchrun-style
// variables, a single process. A root_address alone moves the torchrun-style start-up there.
// Throws Error(bootstrap), Error(timeout), or Error(invalid_argument) naming what is missing.
std::shared_ptr<Bootstrap> make(const Config& config);

// Rank 0 listens on `root_address` ("host:port", "[IPv6 address]:port"), the others connect and
// retry until `timeout`. Blocks until all ranks have come. Connections that are no rank of the job
// of this name are dropped and logged; ranks of another job are told so. Rank 0 listens, and
// answers in its all_gather(), as long as the Bootstrap lives.
std::shared_ptr<Bootstrap> make_tcp(int rank, int size, const std::string& root_address,
                                    std::chrono::nanoseconds timeout, const Log& log = {},
                                    const JobName& job = {});

// Rank 0 of a TCP bootstrap that already has its listening socket (takes ownership); for tools that
// pick a free port.
std::shared_ptr<Bootstrap> make_tcp_root(int listening_fd, int size,
                                         std::chrono::nanoseconds timeout, const Log& log = {},
                                         const JobName& job = {});

// A client of the PMIx server that started this process (libpmix is loaded with dlopen). The server
// rounds time-outs up to whole seconds.
std::shared_ptr<Bootstrap> make_pmix(std::chrono::nanoseconds timeout);

// One rank.
std::shared_ptr<Bootstrap> make_single();

// `size` ranks in one process, one thread each; element r is rank r's. For tests, and for
// applications with ranks as threads.
std::vector<std::shared_ptr<Bootstrap>> make_local(int size);

}  // namespace weft::bootstrap
