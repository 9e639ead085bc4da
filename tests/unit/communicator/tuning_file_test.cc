#include "communicator/setup/tuning_file.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <weft/error.h>
#include <weft/version.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/cpu.h"
#include "topology/cpu_model.h"

namespace weft {
namespace {

class TuningFile : public testing::Test {
 protected:
  ~TuningFile() override { std::filesystem::remove(path_); }

  std::string written(const tuner::Tuning& tuning) {
    std::ofstream(path_) << tuner::to_text(tuning);
    return path_;
  }

  // What all ranks of a job get to see where the file has that name, or lies where weft looks.
  std::string shared(const std::string& named, const std::string& by_default) const {
    Config config;
    config.options.tuning = named;
    config.default_tuning = by_default;
    return read_tuning(config, Log(LogLevel::silent, "test"));
  }

  const std::string path_ =
      std::filesystem::temp_directory_path() / fmt::format("weft-tuning-{}.json", getpid());
  const tuner::Tuning own_ = {
      .version = WEFT_VERSION, .machine = topology::cpu_model(), .poll_pauses = 5, .measured = {}};
};

TEST_F(TuningFile, CountsWhereWeftLooksAndWhereItIsNamed) {
  written(own_);
  for (const std::string& text : {shared(path_, ""), shared("", path_)}) {
    EXPECT_EQ(use_tuning(text).poll_pauses, 5U);
    EXPECT_EQ(poll_pauses(), 5U);
    set_poll_pauses(1);
  }
}

TEST_F(TuningFile, OfAnotherMachineOrVersionDoesNotCount) {
  tuner::Tuning foreign = own_;
  foreign.machine = "an abacus";
  EXPECT_EQ(shared(written(foreign), ""), "");
  foreign = own_;
  foreign.version = "0.0.0";
  EXPECT_EQ(shared(written(foreign), ""), "");
}

TEST_F(TuningFile, ThatWasNamedAndCannotBeReadIsAnErrorAtEveryRank) {
  EXPECT_THROW(use_tuning(shared(path_, "")), Error);  // there is none
  std::ofstream(path_) << "{";
  EXPECT_THROW(use_tuning(shared(path_, "")), Error);
  EXPECT_EQ(shared("", path_), "");  // nobody asked for it
  EXPECT_EQ(poll_pauses(), 1U);
}

}  // namespace
}  // namespace weft
