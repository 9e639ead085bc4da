#include <weft/error.h>

#include "base/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace weft {
namespace {

using namespace std::chrono_literals;

// Every test starts with none of the variables that config.cc reads, and leaves the environment as
// it was.
class ConfigTest : public testing::Test {
 protected:
  static constexpr const char* kVariables[] = {"WEFT_RANK",
                                               "WEFT_SIZE",
                                               "WEFT_ROOT",
                                               "WEFT_TRANSPORTS",
                                               "WEFT_PLUGIN_PATH",
                                               "WEFT_ALGORITHM",
                                               "WEFT_TIMEOUT",
                                               "WEFT_WAIT",
                                               "WEFT_WAIT_DURATIONS",
                                               "WEFT_PROTOCOL",
                                               "WEFT_LOG",
                                               "PMIX_NAMESPACE",
                                               "WEFT_SHARED_BYTES",
                                               "PMIX_RANK",
                                               "RANK",
                                               "WORLD_SIZE",
                                               "MASTER_ADDR",
                                               "MASTER_PORT",
                                               "PMI_RANK",
                                               "PMI_SIZE",
                                               "PMI_FD",
                                               "WEFT_SHM_BACKING",
                                               "WEFT_TOPOLOGY_XML",
                                               "WEFT_JOB",
                                               "TORCHELASTIC_RUN_ID",
                                               "SLURM_JOB_ID",
                                               "SLURM_STEP_ID",
                                               "FLUX_JOB_ID",
                                               "PBS_JOBID",
                                               "LSB_JOBID"};

  void SetUp() override {
    for (const char* name : kVariables) {
      if (const char* value = std::getenv(name)) before_[name] = value;
      unsetenv(name);
    }
  }
  void TearDown() override {
    for (const char* name : kVariables) unsetenv(name);
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
  }

  static void set(const char* name, const char* value) { setenv(name, value, 1); }

  // resolve() refuses the environment with a message that has `part`.
  static void expect_refused(const std::string& part) {
    try {
      resolve({});
      ADD_FAILURE() << "nothing was thrown, expected: " << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }

 private:
  std::map<std::string, std::string> before_;
};

TEST_F(ConfigTest, an_empty_environment_gives_the_defaults) {
  const Config config = resolve({});
  EXPECT_FALSE(config.options.rank);
  EXPECT_FALSE(config.options.size);
  EXPECT_EQ(config.timeout, 60s);
  EXPECT_EQ(config.wait_policy, WaitPolicy::automatic);
  EXPECT_EQ(config.protocol, Protocol::automatic);
  EXPECT_EQ(config.shared_bytes, std::size_t{4} << 20);
  EXPECT_EQ(config.log_level, LogLevel::warn);
  EXPECT_FALSE(config.pmix_present);
  EXPECT_EQ(config.pmi_ranks, 0);
  EXPECT_FALSE(config.launch);
  EXPECT_EQ(config.job.name, "");
}

TEST_F(ConfigTest, variables_fill_what_is_unset) {
  set("WEFT_RANK", "3");
  set("WEFT_SIZE", "8");
  set("WEFT_ROOT", "node-1:29500");
  set("WEFT_TRANSPORTS", "shm,verbs");
  set("WEFT_PLUGIN_PATH", "/opt/weft");
  set("WEFT_ALGORITHM", "ring");
  set("WEFT_TIMEOUT", "1.5");
  set("WEFT_WAIT", "yield");
  set("WEFT_PROTOCOL", "packet");
  set("WEFT_LOG", "debug");
  set("WEFT_TOPOLOGY_XML", "server.xml");
  set("WEFT_SHARED_BYTES", "512K");
  const Config config = resolve({});
  EXPECT_EQ(config.options.rank, 3);
  EXPECT_EQ(config.options.size, 8);
  EXPECT_EQ(config.options.root_address, "node-1:29500");
  EXPECT_EQ(config.options.transports, "shm,verbs");
  EXPECT_EQ(config.options.plugin_path, "/opt/weft");
  EXPECT_EQ(config.options.algorithm, "ring");
  EXPECT_EQ(config.timeout, 1500ms);
  EXPECT_EQ(config.wait_policy, WaitPolicy::yield);
  EXPECT_EQ(config.protocol, Protocol::packet);
  EXPECT_EQ(config.log_level, LogLevel::debug);
  EXPECT_EQ(config.topology, "server.xml");
  EXPECT_EQ(config.shared_bytes, std::size_t{512} << 10);
}

TEST_F(ConfigTest, options_win_over_variables) {
  set("WEFT_RANK", "3");
  set("WEFT_TIMEOUT", "1.5");
  set("WEFT_WAIT", "yield");
  set("WEFT_ALGORITHM", "ring");
  set("WEFT_SHARED_BYTES", "1M");
  Options options;
  options.rank = 0;
  options.timeout = 2ms;
  options.wait_policy = WaitPolicy::block;
  options.algorithm = "two_shot";
  options.shared_bytes = 4096;
  const Config config = resolve(options);
  EXPECT_EQ(config.options.rank, 0);
  EXPECT_EQ(config.timeout, 2ms);
  EXPECT_EQ(config.wait_policy, WaitPolicy::block);
  EXPECT_EQ(config.options.algorithm, "two_shot");
  EXPECT_EQ(config.shared_bytes, 4096u);
}

TEST_F(ConfigTest, an_empty_variable_counts_as_unset) {
  for (const char* name : kVariables) set(name, "");
  const Config config = resolve({});
  EXPECT_FALSE(config.options.rank);
  EXPECT_EQ(config.timeout, 60s);
  EXPECT_FALSE(config.pmix_present);
  EXPECT_FALSE(config.launch);
}

TEST_F(ConfigTest, what_cannot_be_read_is_named_with_its_value) {
  const std::pair<const char*, const char*> cases[] = {
      {"WEFT_RANK", "three"},      {"WEFT_SIZE", "99999999999"},
      {"WEFT_RANK", "1 "},         {"WEFT_TIMEOUT", "soon"},
      {"WEFT_WAIT", "sleep"},      {"WEFT_PROTOCOL", "tcp"},
      {"WEFT_LOG", "loud"},        {"WEFT_SHARED_BYTES", "4T"},
      {"WEFT_SHARED_BYTES", "-4"}, {"WEFT_SHARED_BYTES", "99999999999G"}};
  for (const auto& [name, value] : cases) {
    set(name, value);
    expect_refused(std::string(name) + "=" + value);
    unsetenv(name);
  }
}

TEST_F(ConfigTest, a_wait_has_two_durations) {
  EXPECT_FALSE(resolve({}).options.wait_durations);
  set("WEFT_WAIT_DURATIONS", "20us,1.5ms");
  const auto durations = resolve({}).options.wait_durations;
  ASSERT_TRUE(durations);
  EXPECT_EQ(durations->poll, 20us);
  EXPECT_EQ(durations->yield, 1500us);
  set("WEFT_WAIT_DURATIONS", "0,0s");
  EXPECT_EQ(resolve({}).options.wait_durations->poll, 0ns);
  Options options;
  options.wait_durations = WaitDurations{1us, 2us};
  EXPECT_EQ(resolve(options).options.wait_durations->yield, 2us);
  options.wait_durations = WaitDurations{1us, -2us};
  EXPECT_THROW(resolve(options), Error);
}

TEST_F(ConfigTest, durations_that_cannot_be_read_are_named) {
  for (const char* value : {"20us", "20us,", ",1ms", "20,1ms", "20us,1ms,", "20us,1h", "-1us,1ms",
                            "nan,0", "inf,0", "1us;1us", "9e99s,0"}) {
    set("WEFT_WAIT_DURATIONS", value);
    expect_refused(std::string("WEFT_WAIT_DURATIONS=") + value);
  }
}

TEST_F(ConfigTest, a_time_out_must_be_above_zero) {
  for (const char* value : {"0", "-1", "1e9", "nan", "inf"}) {
    set("WEFT_TIMEOUT", value);
    expect_refused("WEFT_TIMEOUT=");
  }
  unsetenv("WEFT_TIMEOUT");
  for (const auto timeout : {0ns, -1ns}) {
    Options options;
    options.timeout = timeout;
    EXPECT_THROW(resolve(options), Error);
  }
}

TEST_F(ConfigTest, torchrun_variables_are_read) {
  set("RANK", "1");
  EXPECT_FALSE(resolve({}).launch);
  set("WORLD_SIZE", "4");
  set("MASTER_ADDR", "10.0.0.1");
  set("MASTER_PORT", "29500");
  const Config config = resolve({});
  ASSERT_TRUE(config.launch);
  EXPECT_EQ(config.launch->rank, 1);
  EXPECT_EQ(config.launch->size, 4);
  EXPECT_EQ(config.launch->root_address, "10.0.0.1:29500");
}

TEST_F(ConfigTest, an_ipv6_master_is_bracketed) {
  set("RANK", "0");
  set("WORLD_SIZE", "2");
  set("MASTER_PORT", "1");
  for (const char* master : {"2001:db8::1", "[2001:db8::1]"}) {
    set("MASTER_ADDR", master);
    EXPECT_EQ(resolve({}).launch->root_address, "[2001:db8::1]:1");
  }
}

TEST_F(ConfigTest, torchrun_variables_that_are_not_whole_stop_nobody_who_does_not_use_them) {
  set("RANK", "a name of something else");
  EXPECT_FALSE(resolve({}).launch);
  set("RANK", "0");
  set("WORLD_SIZE", "2");
  EXPECT_EQ(resolve({}).launch->root_address, "");
}

TEST_F(ConfigTest, pmix_needs_its_namespace_and_rank) {
  set("PMIX_RANK", "0");
  EXPECT_FALSE(resolve({}).pmix_present);
  set("PMIX_NAMESPACE", "job.1");
  EXPECT_TRUE(resolve({}).pmix_present);
}

TEST_F(ConfigTest, a_pmi_1_launcher_is_noticed) {
  set("PMI_RANK", "0");
  set("PMI_SIZE", "4");
  EXPECT_EQ(resolve({}).pmi_ranks, 0);
  set("PMI_FD", "6");
  EXPECT_EQ(resolve({}).pmi_ranks, 4);
}

TEST_F(ConfigTest, a_transports_setting_is_a_variable_of_that_name) {
  EXPECT_EQ(transport_setting("shm.backing"), nullptr);
  set("WEFT_SHM_BACKING", "");
  EXPECT_EQ(transport_setting("shm.backing"), nullptr);
  set("WEFT_SHM_BACKING", "memfd");
  EXPECT_STREQ(transport_setting("shm.backing"), "memfd");
}

TEST_F(ConfigTest, the_launcher_names_the_job) {
  set("SLURM_JOB_ID", "4711");
  EXPECT_EQ(resolve({}).job.name, "4711");
  set("SLURM_STEP_ID", "2");
  EXPECT_EQ(resolve({}).job.name, "4711.2");
  EXPECT_EQ(resolve({}).job.origin, "SLURM_JOB_ID.SLURM_STEP_ID");
  set("TORCHELASTIC_RUN_ID", "none");  // torchrun without a name
  EXPECT_EQ(resolve({}).job.name, "4711.2");
  set("TORCHELASTIC_RUN_ID", "nightly");
  EXPECT_EQ(resolve({}).job.name, "nightly");
  EXPECT_FALSE(resolve({}).job.chosen);
}

TEST_F(ConfigTest, a_job_that_is_named_has_that_name) {
  set("SLURM_JOB_ID", "4711");
  set("WEFT_JOB", "left half");
  EXPECT_EQ(resolve({}).job.name, "left half");
  EXPECT_TRUE(resolve({}).job.chosen);
  Options options;
  options.job = "right half";
  EXPECT_EQ(resolve(options).job.name, "right half");
}

}  // namespace
}  // namespace weft
