// The machines of the folder fixtures, and others made of them.
#pragma once

#include <gtest/gtest.h>
#include <weft/error.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "topology/host.h"

namespace weft::topology {

inline const std::vector<std::string> kFixtures = {"two_sockets_8_nics", "amd_ccx",
                                                   "virtual_machine", "container_2_of_100"};

// meson test sets FIXTURES to that folder; without it, tests must start in their own.
inline std::string path_of(const std::string& fixture) {
  const char* folder = std::getenv("FIXTURES");
  return std::string(folder != nullptr ? folder : "fixtures") + "/" + fixture + ".xml";
}

inline std::string text_of(const std::string& fixture) {
  std::ostringstream text;
  text << std::ifstream(path_of(fixture)).rdbuf();
  return text.str();
}

inline Host read_fixture(const std::string& fixture) {
  return probe_host({.source = path_of(fixture)});
}

inline Host read_synthetic(const std::string& text) {
  return probe_host({.source = "synthetic:" + text});
}

// Replaces every `part`, of which there is one at least.
inline std::string replaced(std::string text, const std::string& part, const std::string& by) {
  std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  for (; at != std::string::npos; at = text.find(part, at + by.size()))
    text.replace(at, part.size(), by);
  return text;
}

// A folder of its own for each test.
class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    std::string name = std::filesystem::temp_directory_path() / "weft-topology-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::filesystem::path folder_;
};

// probe_host refuses the source with a message that names it and has `part`.
inline void expect_refused(const std::string& source, const std::string& part) {
  try {
    probe_host({.source = source});
    ADD_FAILURE() << source << " was taken, expected: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    const std::string what = error.what();
    EXPECT_NE(what.find("topology " + source + ": "), std::string::npos) << what;
    EXPECT_NE(what.find(part), std::string::npos) << what;
  }
}

}  // namespace weft::topology
