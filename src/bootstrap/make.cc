#include "bootstrap/bootstrap.h"

#include "base/error.h"

namespace weft {

Bootstrap::~Bootstrap() = default;

namespace bootstrap {
namespace {

Log log_of(const Config& config, int rank, int size) {
  return Log(config.log_level, fmt::format("weft {}/{}", rank, size));
}

std::shared_ptr<Bootstrap> make_explicit(const Config& config) {
  const Options& options = config.options;
  std::string missing;
  const auto need = [&missing](bool given, const char* name) {
    if (!given) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(options.rank.has_value(), "rank (WEFT_RANK)");
  need(options.size.has_value(), "size (WEFT_SIZE)");
  need(!options.root_address.empty() || options.size == 1, "root_address (WEFT_ROOT)");
  if (!missing.empty()) {
    fail(ErrorCode::invalid_argument, "rank, size and root_address belong together; missing: {}",
         missing);
  }
  return make_tcp(*options.rank, *options.size, options.root_address, config.timeout,
                  log_of(config, *options.rank, *options.size), config.job);
}

std::shared_ptr<Bootstrap> make_launched(const Config& config) {
  const LaunchVariables& launch = *config.launch;
  const std::string& moved = config.options.root_address;
  const std::string& root = moved.empty() ? launch.root_address : moved;
  if (root.empty() && launch.size > 1) {
    fail(ErrorCode::invalid_argument, "RANK and WORLD_SIZE are set, MASTER_PORT is not");
  }
  try {
    return make_tcp(launch.rank, launch.size, root, config.timeout,
                    log_of(config, launch.rank, launch.size), config.job);
  } catch (const Error& error) {
    throw Error(error.code(),
                fmt::format("{} (started by RANK={}, WORLD_SIZE={}, MASTER_ADDR and MASTER_PORT; "
                            "where that port is taken, set WEFT_ROOT=host:port)",
                            error.what(), launch.rank, launch.size));
  }
}

}  // namespace

std::shared_ptr<Bootstrap> make(const Config& config) {
  const Options& options = config.options;
  if (options.bootstrap) return options.bootstrap;
  const bool only_moved = !options.rank && !options.size && config.launch && !config.pmix_present;
  if (options.rank || options.size || (!options.root_address.empty() && !only_moved)) {
    return make_explicit(config);
  }
  if (config.pmix_present) return make_pmix(config.timeout);
  if (config.launch) return make_launched(config);
  if (config.pmi_ranks > 1) {
    fail(ErrorCode::bootstrap,
         "a launcher that speaks PMI-1 (MPICH's mpirun) started {} ranks, and weft cannot ask it "
         "who they are: pass weft::mpi_bootstrap(MPI_COMM_WORLD) from weft/mpi.h, use a launcher "
         "with PMIx, or set WEFT_RANK, WEFT_SIZE and WEFT_ROOT",
         config.pmi_ranks);
  }
  return make_single();
}

}  // namespace bootstrap
}  // namespace weft
