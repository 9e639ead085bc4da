#include "model/safetensors.h"

#include "model/problem.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>
#include <string>

namespace inference {
namespace {

class Safetensors : public testing::Test {
 protected:
  Safetensors() : path_(testing::TempDir() + "weft_" + std::to_string(getpid()) + ".safetensors") {}
  ~Safetensors() override { std::remove(path_.c_str()); }

  void write(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), std::ssize(bytes));
  }

  void write(const std::string& header, std::size_t data_bytes) {
    std::string bytes(sizeof(std::uint64_t), '\0');
    const std::uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, sizeof(length));
    write(bytes + header + std::string(data_bytes, '\1'));
  }

  // What opening the file says; empty where it succeeds.
  std::string complaint() {
    try {
      SafetensorsFile file(path_);
      return "";
    } catch (const Problem& problem) {
      return problem.what();
    }
  }

  std::string path_;
};

TEST_F(Safetensors, gives_back_what_was_written) {
  const std::vector<NewTensor> tensors = {{"a", {2, 3}, {1, -2, 3.5f, 0, 1e-30f, -7}},
                                          {"b", {1}, {42}}};
  write_safetensors(path_, {{"hidden_size", "3"}}, tensors, StoredType::f32);
  SafetensorsFile file(path_);
  EXPECT_EQ(file.metadata().at("hidden_size"), "3");
  EXPECT_EQ(file.read("b", {1}), std::vector<float>{42});
  EXPECT_EQ(file.read("a", {2, 3}), tensors[0].values);
}

TEST_F(Safetensors, keeps_bf16_to_eight_bits_of_mantissa) {
  const std::vector<NewTensor> tensors = {{"a", {4}, {1, -0.5f, 3.14159f, 1e20f}}};
  write_safetensors(path_, {}, tensors, StoredType::bf16);
  const std::vector<float> read = SafetensorsFile(path_).read("a", {4});
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(read[i] / tensors[0].values[i], 1.0f, 1.0f / 256);
  }
}

TEST_F(Safetensors, rounds_bf16_to_nearest_even) {
  EXPECT_EQ(from_bf16(to_bf16(1.0f + 0x1p-8f)), 1.0f);              // half-way, to even
  EXPECT_EQ(from_bf16(to_bf16(1.0f + 0x3p-8f)), 1.0f + 0x1p-6f);    // half-way, to even
  EXPECT_EQ(from_bf16(to_bf16(1.0f + 0x1.1p-8f)), 1.0f + 0x1p-7f);  // above half-way
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST_F(Safetensors, refuses_another_shape_a_missing_tensor_and_other_types) {
  write(R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
        R"("i":{"dtype":"I64","shape":[1],"data_offsets":[16,24]}})",
        24);
  SafetensorsFile file(path_);
  EXPECT_THROW(file.read("a", {4}), Problem);
  EXPECT_THROW(file.read("a", {2, 3}), Problem);
  EXPECT_THROW(file.read("b", {2, 2}), Problem);
  EXPECT_THROW(file.read("i", {1}), Problem);
}

TEST_F(Safetensors, accepts_scalars_and_empty_tensors) {
  write(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
        R"("e":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]}})",
        4);
  SafetensorsFile file(path_);
  EXPECT_EQ(file.read("s", {}).size(), 1u);
  EXPECT_TRUE(file.read("e", {0, 7}).empty());
}

TEST_F(Safetensors, says_when_the_file_is_none) {
  EXPECT_NE(complaint().find("no such file"), std::string::npos);
  path_ = testing::TempDir();
  EXPECT_NE(complaint().find("no regular file"), std::string::npos);
  path_ += "weft_" + std::to_string(getpid());
  write("1234567");
  EXPECT_NE(complaint().find("too short"), std::string::npos);
}

TEST_F(Safetensors, refuses_a_header_longer_than_the_file) {
  for (const std::uint64_t length :
       {std::uint64_t{9}, std::uint64_t{1} << 40, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    std::string bytes(sizeof(length), '\0');
    std::memcpy(bytes.data(), &length, sizeof(length));
    write(bytes + "{}      ");
    EXPECT_NE(complaint().find("claims a header of"), std::string::npos) << length;
  }
}

TEST_F(Safetensors, notices_a_file_that_shrinks_after_it_was_opened) {
  write(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 16);
  SafetensorsFile file(path_);
  ASSERT_EQ(truncate(path_.c_str(), 70), 0);
  EXPECT_THROW(file.read("a", {4}), Problem);
}

struct Hostile {
  const char* name;
  const char* header;
  std::size_t data_bytes;
  const char* complaint;
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

class HostileHeader : public Safetensors, public testing::WithParamInterface<Hostile> {};

TEST_P(HostileHeader, is_refused_with_a_reason) {
  write(GetParam().header, GetParam().data_bytes);
  EXPECT_NE(complaint().find(GetParam().complaint), std::string::npos) << complaint();
  EXPECT_EQ(complaint().find(path_), 0u) << "names the file first";
}

const Hostile kHostile[] = {
    {"no_json", "hello", 0, "no JSON object"},
    {"empty", "", 0, "no JSON object"},
    {"cut_off", R"({"a":{"dtype":"F32")", 0, "no JSON object"},
    {"trailing_text", R"({} x)", 0, "no JSON object"},
    {"list", "[]", 0, "no JSON object"},
    {"tensor_is_number", R"({"a":1})", 0, "'a' is no JSON object"},
    {"metadata_is_text", R"({"__metadata__":"x"})", 0, "no JSON object"},
    {"metadata_number", R"({"__metadata__":{"x":1}})", 0, "metadata 'x' is no text"},
    {"invalid_utf8", "{\"\xff\":{}}", 0, "no JSON object"},
    {"no_dtype", R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "has no dtype"},
    {"dtype_number", R"({"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}})", 4, "has no dtype"},
    {"unknown_dtype", R"({"a":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}})", 4,
     "unknown type 'F7'"},
    {"no_shape", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, "no list of shape"},
    {"negative_extent", R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4,
     "other than counts"},
    {"fractional_extent", R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}})", 6,
     "other than counts"},
    {"too_many_dimensions",
     R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1,
     "has 9 dimensions"},
    {"product_overflows",
     R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
     "more than 2^64 bytes"},
    {"bytes_overflow",
     R"({"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}})", 4,
     "more than 2^64 bytes"},
    {"extent_beyond_64_bits",
     R"({"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}})", 4,
     "other than counts"},
    {"no_offsets", R"({"a":{"dtype":"F32","shape":[1]}})", 4, "no list of data_offsets"},
    {"one_offset", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "lies outside"},
    {"three_offsets", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}})", 4,
     "lies outside"},
    {"reversed_offsets", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4,
     "lies outside"},
    {"end_outside", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4, "lies outside"},
    {"begin_far_outside",
     R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[9223372036854775808,9223372036854775808]}})",
     4, "lies outside"},
    {"shape_too_small", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", 8,
     "takes 8 bytes, its shape and type 4"},
    {"shape_too_large", R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8,
     "takes 8 bytes, its shape and type 12"},
    {"overlap",
     R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
     12, "overlap at byte 4"},
    {"same_place",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
     4, "overlap at byte 0"},
    {"gap",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
     12, "no tensor covers byte 4"},
    {"gap_at_start", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8,
     "no tensor covers byte 0"},
    {"data_left_over", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8,
     "no tensor covers byte 4"},
    {"twice",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
     4, "names 'a' twice"},
    {"dtype_twice", R"({"a":{"dtype":"F32","dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4,
     "names 'dtype' twice"},
};

INSTANTIATE_TEST_SUITE_P(Table, HostileHeader, testing::ValuesIn(kHostile),
                         [](const auto& test) { return test.param.name; });

TEST_F(Safetensors, survives_deep_nesting) {
  write(std::string(1 << 17, '[') + std::string(1 << 17, ']'), 0);
  EXPECT_NE(complaint(), "");
  std::string nested = R"({"a":)";
  for (int i = 0; i < 100000; ++i) nested += R"({"x":)";
  write(nested, 0);
  EXPECT_NE(complaint(), "");
}

// Changed at random, a header is refused or still describes tensors inside the data.
TEST(HeaderMutations, are_refused_or_stay_inside_the_data) {
  const std::string good =
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}})";
  constexpr std::string_view kLetters = "0123456789,[]{}\":-eE.\\abFU_ \0\xff";
  constexpr std::uint64_t kDataBytes = 32;
  std::mt19937 random(5);
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = good;
    for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = kLetters[random() % kLetters.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 4);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
      }
    }
    try {
      for (const auto& [name, tensor] : parse_header(text, kDataBytes).tensors) {
        ASSERT_LE(tensor.begin, kDataBytes) << text;
        ASSERT_LE(tensor.bytes, kDataBytes - tensor.begin) << text;
      }
      ++accepted;
    } catch (const Problem&) {
    }
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace inference
