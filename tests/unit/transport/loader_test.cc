#include "transport/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace weft::transport {
namespace {

namespace fs = std::filesystem;

// Built by meson from plugins/plugin.cc.
std::string plugin_file(const std::string& name) {
  return std::string(TEST_PLUGIN_DIR) + "/libweft_test_" + name + ".so";
}

// A folder of its own for a test, removed with its content.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "weft-loader-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void add(const std::string& plugin, const std::string& name) const {
    fs::create_symlink(plugin_file(plugin), path_ / name);
  }

 private:
  fs::path path_;
};

const Log kQuiet(LogLevel::silent, "");

const LoadedPlugin* find(const PluginSet& set, const std::string& name) {
  const auto it = std::find_if(set.loaded.begin(), set.loaded.end(),
                               [&](const LoadedPlugin& p) { return p.plugin->name == name; });
  return it != set.loaded.end() ? &*it : nullptr;
}

// The error that loading an explicitly named file meets.
Error error_of(const std::string& path) {
  try {
    load_plugins(path, kQuiet);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::ok, "nothing was thrown");
}

void expect_mentions(const Error& error, const std::string& text) {
  EXPECT_NE(std::string(error.what()).find(text), std::string::npos)
      << "\"" << text << "\" is not in: " << error.what();
}

TEST(Loader, BuiltInTransportsComeFirstAndOnce) {
  const Folder empty;
  const PluginSet set = load_plugins(empty.path(), kQuiet);
  const auto builtin = builtin_plugins();
  ASSERT_FALSE(builtin.empty());
  ASSERT_EQ(set.loaded.size(), builtin.size());
  for (std::size_t i = 0; i < builtin.size(); ++i) {
    EXPECT_EQ(set.loaded[i].plugin, builtin[i]);
    EXPECT_EQ(set.loaded[i].origin, "built in");
    EXPECT_EQ(builtin[i]->abi_version, kAbiVersion);
  }
  EXPECT_NE(find(set, "sim"), nullptr);
}

TEST(Loader, AnEmptyPathIsNoError) { EXPECT_FALSE(load_plugins("", kQuiet).loaded.empty()); }

TEST(Loader, LoadsANamedFile) {
  const PluginSet set = load_plugins(plugin_file("good"), kQuiet);
  const LoadedPlugin* good = find(set, "good");
  ASSERT_NE(good, nullptr);
  EXPECT_EQ(good->origin, plugin_file("good"));
  ASSERT_NE(good->library, nullptr);
  Status why;
  EXPECT_EQ(good->plugin->open(nullptr, &why), nullptr);
  EXPECT_STREQ(why.message, "opens nothing");
}

TEST(Loader, LoadsFoldersAndFilesInTheOrderOfThePath) {
  const Folder folder;
  folder.add("good", "libweft_good.so");
  const PluginSet set = load_plugins(plugin_file("other") + ":" + folder.path() + ":", kQuiet);
  ASSERT_NE(find(set, "other"), nullptr);
  ASSERT_NE(find(set, "good"), nullptr);
  EXPECT_LT(find(set, "other"), find(set, "good"));
}

TEST(Loader, IgnoresFilesOfOtherNamesInAFolder) {
  const Folder folder;
  folder.add("good", "libother_good.so");
  folder.add("good", "libweft_good.so.1");
  const PluginSet set = load_plugins(folder.path(), kQuiet);
  EXPECT_EQ(find(set, "good"), nullptr);
  EXPECT_TRUE(set.refused.empty());
}

TEST(Loader, TheFirstOfTwoPluginsWithOneNameWins) {
  const Folder folder;
  folder.add("good", "libweft_a.so");
  folder.add("twin", "libweft_b.so");
  const PluginSet set = load_plugins(folder.path(), kQuiet);
  ASSERT_NE(find(set, "good"), nullptr);
  EXPECT_EQ(find(set, "good")->origin, folder.file("libweft_a.so"));
  ASSERT_EQ(set.refused.size(), 1u);
  EXPECT_EQ(set.refused[0].origin, folder.file("libweft_b.so"));
  EXPECT_NE(set.refused[0].reason.find("libweft_a.so"), std::string::npos);
}

TEST(Loader, APluginDoesNotReplaceABuiltInTransport) {
  const PluginSet set = load_plugins(plugin_file("sim"), kQuiet);
  EXPECT_EQ(find(set, "sim")->origin, "built in");
  ASSERT_EQ(set.refused.size(), 1u);
}

TEST(Loader, AnotherAbiVersionIsNamedWithBothVersionsAndTheFile) {
  const Error error = error_of(plugin_file("abi"));
  EXPECT_EQ(error.code(), ErrorCode::abi_mismatch);
  expect_mentions(error, plugin_file("abi"));
  expect_mentions(error, "version 999");
  expect_mentions(error, "version " + std::to_string(kAbiVersion));
}

TEST(Loader, AMissingSymbolIsNamed) {
  const Error error = error_of(plugin_file("symbol"));
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  expect_mentions(error, plugin_file("symbol"));
  expect_mentions(error, WEFT_TRANSPORT_PLUGIN_SYMBOL);
}

TEST(Loader, AnUnresolvedFunctionIsNamed) {
  const Error error = error_of(plugin_file("unresolved"));
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  expect_mentions(error, "weft_test_nobody_defines_this");
}

TEST(Loader, ANullPluginIsRefused) {
  const Error error = error_of(plugin_file("null"));
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  expect_mentions(error, "null");
}

TEST(Loader, AnIncompletePluginIsRefused) {
  const Error error = error_of(plugin_file("incomplete"));
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  expect_mentions(error, "incomplete");
}

TEST(Loader, AFileThatIsNoSharedObjectIsRefused) {
  const Folder folder;
  std::ofstream(folder.file("libweft_text.so")) << "not an ELF file";
  const Error error = error_of(folder.file("libweft_text.so"));
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  expect_mentions(error, "libweft_text.so");
}

TEST(Loader, AMissingFileIsNamed) {
  const Error error = error_of("/nonexistent/libweft_x.so");
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  expect_mentions(error, "/nonexistent/libweft_x.so");
}

TEST(Loader, ABadFileInAFolderIsRefusedAndTheOthersAreUsed) {
  const Folder folder;
  folder.add("abi", "libweft_abi.so");
  folder.add("good", "libweft_good.so");
  std::ofstream(folder.file("libweft_text.so")) << "not an ELF file";
  const PluginSet set = load_plugins(folder.path(), kQuiet);
  EXPECT_NE(find(set, "good"), nullptr);
  ASSERT_EQ(set.refused.size(), 2u);
  EXPECT_EQ(set.refused[0].code, ErrorCode::abi_mismatch);
  EXPECT_EQ(set.refused[1].code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace weft::transport
