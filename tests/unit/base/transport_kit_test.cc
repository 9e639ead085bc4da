#include "base/transport_kit.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "base/names.h"

namespace weft::transport {
namespace {

struct Key {
  std::uint32_t magic = 77;
  std::uint32_t number = 0;
  std::uint64_t bytes = 0;
};

RemoteMemory memory_of(std::size_t bytes) { return {3, 0, bytes, nullptr}; }

TEST(TransportKit, a_put_within_its_memory_names_its_peer) {
  const RemoteMemory memory = memory_of(100);
  Put put;
  put.target = &memory;
  put.target_offset = 60;
  put.bytes = 40;
  int peer = -1;
  EXPECT_EQ(fault_of(put, &peer), nullptr);
  EXPECT_EQ(peer, 3);
  put.bytes = 0;
  put.signal = SignalOp::set;
  put.signal_memory = &memory;
  put.signal_offset = 88;
  EXPECT_EQ(fault_of(put, &peer), nullptr);
}

TEST(TransportKit, a_put_beyond_its_memory_is_a_fault) {
  const RemoteMemory memory = memory_of(100);
  int peer = -1;
  Put put;
  EXPECT_NE(fault_of(put, &peer), nullptr) << "no target";
  put.target = &memory;
  put.target_offset = ~std::uint64_t{0};
  put.bytes = 2;
  EXPECT_NE(fault_of(put, &peer), nullptr) << "an offset that would wrap";
  put.target_offset = 99;
  EXPECT_NE(fault_of(put, &peer), nullptr);
  put.bytes = 1;
  EXPECT_EQ(fault_of(put, &peer), nullptr);
  put.signal = SignalOp::add;
  EXPECT_NE(fault_of(put, &peer), nullptr) << "a signal without a memory";
  put.signal_memory = &memory;
  put.signal_offset = 93;
  EXPECT_NE(fault_of(put, &peer), nullptr) << "a word that ends outside";
}

TEST(TransportKit, a_get_stays_within_its_memory) {
  const RemoteMemory memory = memory_of(100);
  Get get;
  get.source = &memory;
  get.bytes = 100;
  EXPECT_EQ(fault_of(get), nullptr);
  get.source_offset = 1;
  EXPECT_NE(fault_of(get), nullptr);
}

TEST(TransportKit, keys_come_back_behind_handles_that_are_used_again) {
  Imports<Key> imports;
  std::byte somewhere{};
  LocalMemory local;
  describe_memory(Key{77, 5, 4096}, &somewhere, 9, &local);
  EXPECT_EQ(local.bytes, 4096u);
  RemoteMemory first;
  ASSERT_TRUE(imports.import(2, local.key, &first).ok());
  EXPECT_EQ(first.peer, 2);
  EXPECT_EQ(first.bytes, 4096u);
  EXPECT_EQ(imports[first].number, 5u);
  imports.release(first);
  RemoteMemory second;
  ASSERT_TRUE(imports.import(1, local.key, &second).ok());
  EXPECT_EQ(second.handle, first.handle);
}

TEST(TransportKit, another_transports_key_is_refused) {
  Imports<Key> imports;
  std::byte somewhere{};
  LocalMemory local;
  describe_memory(Key{78, 5, 4096}, &somewhere, 9, &local);
  RemoteMemory remote;
  EXPECT_EQ(imports.import(0, local.key, &remote).code, ErrorCode::invalid_argument);
  local.key.size = 3;
  EXPECT_EQ(imports.import(0, local.key, &remote).code, ErrorCode::invalid_argument);
}

TEST(TransportKit, words_are_set_and_added_to) {
  alignas(8) std::uint64_t word = 5;
  auto* bytes = reinterpret_cast<std::byte*>(&word);
  change_word(bytes, SignalOp::set, 7);
  change_word(bytes, SignalOp::add, 3);
  change_word(bytes, SignalOp::none, 100);
  EXPECT_EQ(word, 10u);
}

TEST(TransportKit, a_number_among_the_settings_is_checked) {
  OpenOptions options;
  EXPECT_EQ(number_setting(options, "x.n", 1, 9, 4), 4) << "nobody to ask";
  const char* value = nullptr;
  options.context = &value;
  options.setting = [](void* context, const char*) { return *static_cast<const char**>(context); };
  EXPECT_EQ(number_setting(options, "x.n", 1, 9, 4), 4);
  value = "9";
  EXPECT_EQ(number_setting(options, "x.n", 1, 9, 4), 9);
  for (const char* wrong : {"10", "0", "", "many", "3 "}) {
    value = wrong;
    try {
      (void)number_setting(options, "x.n", 1, 9, 4);
      ADD_FAILURE() << wrong;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find("x.n must be a number from 1 to 9"),
                std::string::npos);
    }
  }
}

TEST(Names, a_list_is_split_at_its_commas) {
  EXPECT_EQ(names_in("shm,verbs"), (std::vector<std::string>{"shm", "verbs"}));
  EXPECT_TRUE(names_in("").empty());
  EXPECT_TRUE(named_in("shm,verbs", "verbs"));
  EXPECT_FALSE(named_in("shm,verbs", "verb"));
}

TEST(TransportKit, memory_comes_in_whole_pages) {
  EXPECT_EQ(whole_pages(0), 4096u);
  EXPECT_EQ(whole_pages(4096), 4096u);
  EXPECT_EQ(whole_pages(4097), 8192u);
}

}  // namespace
}  // namespace weft::transport
