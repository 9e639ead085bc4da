#include "ranks.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <latch>

// What PMIx has in use when a program ends in the middle of a call to it.
extern "C" [[gnu::visibility("default")]] const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpmix"; }

namespace weft::bootstrap {
namespace {

// As resolve() makes it in an empty environment.
Config plain_config() {
  Config config;
  config.timeout = kAmple;
  return config;
}

std::optional<Error> error_of(const Config& config) {
  return thrown_by([&] { make(config); });
}

TEST(Make, nothing_set_means_a_single_process) {
  EXPECT_EQ(make(plain_config())->description(), "single process");
}

TEST(Make, a_start_up_that_is_given_wins) {
  Config config = plain_config();
  config.options.bootstrap = make_local(1).front();
  config.options.rank = 5;
  EXPECT_EQ(make(config), config.options.bootstrap);
}

TEST(Make, explicit_ranks_meet) {
  const ReservedPort port;
  expect_no_error(in_threads(3, [&](int rank) {
    Config config = plain_config();
    config.options.rank = rank;
    config.options.size = 3;
    config.options.root_address = port.address;
    config.launch = LaunchVariables{0, 9, "127.0.0.1:1"};  // explicit options come first
    gather_and_check(*make(config));
  }));
}

TEST(Make, what_is_missing_is_named) {
  const auto code = ErrorCode::invalid_argument;
  Config config = plain_config();
  config.options.size = 4;
  expect_error(error_of(config), code, "missing: rank (WEFT_RANK), root_address (WEFT_ROOT)");
  config.options.rank = 0;
  expect_error(error_of(config), code, "missing: root_address (WEFT_ROOT)");
  config.options = {};
  config.options.root_address = "127.0.0.1:1";
  expect_error(error_of(config), code, "missing: rank (WEFT_RANK), size (WEFT_SIZE)");
}

TEST(Make, an_explicit_single_rank_needs_no_address) {
  Config config = plain_config();
  config.options.rank = 0;
  config.options.size = 1;
  EXPECT_EQ(make(config)->size(), 1);
}

TEST(Make, ranks_out_of_range_are_refused) {
  Config config = plain_config();
  config.options.rank = 4;
  config.options.size = 4;
  config.options.root_address = "127.0.0.1:1";
  expect_error(error_of(config), ErrorCode::invalid_argument, "rank 4 is not one of 0 to 3");
}

TEST(Make, launched_ranks_meet_at_the_master_or_where_they_are_moved) {
  for (const bool moved : {false, true}) {
    const ReservedPort port;
    expect_no_error(in_threads(2, [&](int rank) {
      Config config = plain_config();
      config.launch = LaunchVariables{rank, 2, moved ? "127.0.0.1:1" : port.address};
      if (moved) config.options.root_address = port.address;
      const auto mine = make(config);
      EXPECT_EQ(mine->rank(), rank);
      gather_and_check(*mine);
    }));
  }
}

TEST(Make, a_launcher_without_a_port_is_named) {
  Config config = plain_config();
  config.launch = LaunchVariables{0, 2, ""};
  expect_error(error_of(config), ErrorCode::invalid_argument, "MASTER_PORT is not");
}

TEST(Make, a_taken_master_port_says_what_to_do) {
  const Meeting taken;
  Config config = plain_config();
  config.launch = LaunchVariables{0, 2, taken.address};
  expect_error(error_of(config), ErrorCode::bootstrap, "Address already in use");
  expect_error(error_of(config), ErrorCode::bootstrap, "set WEFT_ROOT=host:port");
}

TEST(Make, jobs_of_other_names_do_not_meet) {
  const ReservedPort port;
  const auto config_of = [&](int rank, const std::string& job) {
    Config config = plain_config();
    config.launch = LaunchVariables{rank, 2, port.address};
    config.job = {job, "TORCHELASTIC_RUN_ID", false};
    return config;
  };
  std::latch refused(1);
  const auto thrown = in_threads(3, [&](int thread) {
    if (thread < 2) {
      if (thread == 1) refused.wait();
      gather_and_check(*make(config_of(thread, "day")));
      return;
    }
    const auto error = error_of(config_of(1, "night"));
    refused.count_down();
    throw Error(*error);
  });
  expect_error(thrown[2], ErrorCode::bootstrap,
               fmt::format("rank 1 of job \"night\" (TORCHELASTIC_RUN_ID, user {}, 2 ranks) has "
                           "come to {}, where rank 0 of job \"day\"",
                           geteuid(), port.address));
  EXPECT_FALSE(thrown[0]) << thrown[0]->what();
  EXPECT_FALSE(thrown[1]) << thrown[1]->what();
}

TEST(Make, a_launcher_that_weft_cannot_ask_is_an_error_not_many_single_processes) {
  Config config = plain_config();
  config.pmi_ranks = 4;
  expect_error(error_of(config), ErrorCode::bootstrap, "weft::mpi_bootstrap(MPI_COMM_WORLD)");
  config.pmi_ranks = 1;
  EXPECT_EQ(make(config)->size(), 1);
}

// In a process of its own: without a server libpmix leaves memory and threads behind.
TEST(MakeDeathTest, pmix_that_is_announced_but_not_there_is_an_error) {
  Config config = plain_config();
  config.pmix_present = true;
  const auto check = [&] {
    const auto error = error_of(config);
    std::fprintf(stderr, "%s", error ? error->what() : "nothing was thrown");
    std::_Exit(
        error && (error->code() == ErrorCode::bootstrap || error->code() == ErrorCode::unsupported)
            ? 0
            : 1);
  };
  EXPECT_EXIT(check(), testing::ExitedWithCode(0), "PMIx");
}

// PMIx_Init() itself would wait for ever.
TEST(MakeDeathTest, a_pmix_server_that_is_silent_makes_nobody_wait_beyond_the_time_out) {
  const auto check = [] {
    const Meeting server;  // the kernel accepts, nobody speaks
    const std::string uri = "job.0;tcp4://" + server.address;
    for (const char* name : {"PMIX_SERVER_URI2", "PMIX_SERVER_URI21", "PMIX_SERVER_URI3",
                             "PMIX_SERVER_URI4", "PMIX_SERVER_URI41", "PMIX_SERVER_URI5"})
      setenv(name, uri.c_str(), 1);
    setenv("PMIX_NAMESPACE", "job", 1);
    setenv("PMIX_RANK", "0", 1);
    setenv("PMIX_SECURITY_MODE", "native", 1);
    setenv("PMIX_BFROP_BUFFER_TYPE", "PMIX_BFROP_BUFFER_NON_DESC", 1);
    setenv("PMIX_GDS_MODULE", "hash", 1);
    Config config = plain_config();
    config.pmix_present = true;
    config.timeout = std::chrono::milliseconds(300);
    const auto error = error_of(config);
    std::fprintf(stderr, "%s", error ? error->what() : "nothing was thrown");
    std::exit(3);  // as a program ends while it is still being asked for
  };
  EXPECT_EXIT(check(), testing::ExitedWithCode(3),
              "does not answer within 300 ms|without PMIx|cannot be loaded");
}

}  // namespace
}  // namespace weft::bootstrap
