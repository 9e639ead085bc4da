// What the parallel forms rely on: the same bits, however tokens are batched, groups and layers
// split and pages moved.
#include "model/decoder.h"

#include "model/problem.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>

namespace inference {
namespace {

constexpr std::size_t kContext = 40, kTokens = 30;

class DecoderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = testing::TempDir() + "weft_model_" + std::to_string(getpid()) + ".safetensors";
    ModelConfig config;
    config.dim = 64;
    config.hidden = 88;
    config.head_dim = 8;
    config.layers = 3;
    write_random_model(path_, config, StoredType::bf16, 3);
  }
  static void TearDownTestSuite() { std::remove(path_.c_str()); }

  // A decoder of a slice with a cache of its own.
  struct Part {
    Part(const std::string& path, const Slice& wanted)
        : model(path),
          slice(wanted),
          layout(model.config, slice.layers.count, slice.groups.count, kContext),
          pool(layout.pool_bytes()),
          sums(kPageTokens * model.config.dim),
          decoder(model.config, slice, load(model, slice), KvCache(layout, pool), sums) {}

    ModelFile model;
    Slice slice;
    PageLayout layout;
    std::vector<std::byte> pool;
    std::vector<std::int64_t> sums;
    Decoder decoder;
  };

  static std::vector<int> prompt() {
    std::vector<int> tokens;
    for (std::size_t i = 0; i < kTokens; ++i) tokens.push_back(static_cast<int>(i * 37 % 256));
    return tokens;
  }

  // Runs the prompt in batches; the residual stream of all tokens.
  static std::vector<float> run(Part& part, std::size_t batch) {
    const std::size_t dim = part.model.config.dim;
    const std::vector<int> tokens = prompt();
    std::vector<float> x(kTokens * dim);
    for (std::size_t first = 0; first < kTokens; first += batch) {
      const std::size_t count = std::min(batch, kTokens - first);
      part.decoder.embed(std::span(tokens).subspan(first, count), &x[first * dim]);
      part.decoder.forward(&x[first * dim], count, first, [](std::size_t) {});
    }
    return x;
  }

  static std::string path_;
};

std::string DecoderTest::path_;

Slice whole() {
  ModelConfig config;
  config.layers = 3;
  return Slice::all(config);
}

TEST_F(DecoderTest, gives_the_same_bits_in_batches_of_any_size) {
  Part one(path_, whole());
  const auto expected = run(one, 1);
  for (const std::size_t batch : {3u, 7u, 16u}) {
    Part part(path_, whole());
    EXPECT_EQ(run(part, batch), expected);
    EXPECT_EQ(part.pool, one.pool);
  }
}

TEST_F(DecoderTest, gives_the_same_bits_when_layers_are_split) {
  Part all(path_, whole());
  const auto expected = run(all, 16);
  Slice first = whole(), second = whole();
  first.layers = {0, 2};
  second.layers = {2, 1};
  Part front(path_, first), back(path_, second);
  auto x = run(front, 16);
  const std::size_t dim = front.model.config.dim;
  back.decoder.forward(x.data(), 16, 0, [](std::size_t) {});
  back.decoder.forward(&x[16 * dim], kTokens - 16, 16, [](std::size_t) {});
  EXPECT_EQ(x, expected);
}

// Two parts in turn, each with two groups: the sums of one are added to the other's in between.
TEST_F(DecoderTest, sums_of_groups_are_the_same_bits_as_of_all) {
  Part all(path_, whole());
  Slice first = whole(), second = whole();
  first.groups = {0, 2};
  second.groups = {2, 2};
  first.layers = second.layers = {0, 1};
  Part left(path_, first), right(path_, second);
  const std::vector<int> token = {65};
  const std::size_t dim = all.model.config.dim;
  std::vector<float> x(dim), a(dim), b(dim);
  std::vector<std::int64_t> expected, sum(dim);
  all.decoder.embed(token, x.data());
  all.decoder.embed(token, a.data());
  all.decoder.embed(token, b.data());
  all.decoder.forward(x.data(), 1, 0, [&](std::size_t count) {
    if (expected.empty()) expected.assign(all.sums.begin(), all.sums.begin() + std::ssize(sum));
    EXPECT_EQ(count, dim);
  });
  const auto add = [&](const Part& part) {
    for (std::size_t i = 0; i < dim; ++i) sum[i] += part.sums[i];
  };
  bool attention = true;
  left.decoder.forward(a.data(), 1, 0, [&](std::size_t) {
    if (attention) add(left);
    attention = false;
  });
  attention = true;
  right.decoder.forward(b.data(), 1, 0, [&](std::size_t) {
    if (attention) add(right);
    attention = false;
  });
  EXPECT_EQ(sum, expected);
}

TEST_F(DecoderTest, goes_on_from_copied_pages) {
  Part prefill(path_, whole()), decode(path_, whole());
  run(prefill, 16);
  const PageLayout& layout = prefill.layout;
  for (std::size_t layer = 0; layer < layout.layers; ++layer) {
    for (std::size_t position = 0; position < kTokens; position += kPageTokens) {
      const std::size_t offset = layout.page(layer, position) * layout.page_bytes();
      std::memcpy(&decode.pool[offset], &prefill.pool[offset], layout.page_bytes());
    }
  }
  const std::vector<int> token = {65};
  std::vector<float> x(prefill.model.config.dim), y(x.size());
  prefill.decoder.embed(token, x.data());
  decode.decoder.embed(token, y.data());
  prefill.decoder.forward(x.data(), 1, kTokens, [](std::size_t) {});
  decode.decoder.forward(y.data(), 1, kTokens, [](std::size_t) {});
  EXPECT_EQ(x, y);
  EXPECT_EQ(prefill.decoder.vote(x.data()), decode.decoder.vote(y.data()));
}

TEST_F(DecoderTest, the_largest_vote_of_the_vocabulary_s_parts_is_that_of_all) {
  Part all(path_, whole());
  const auto x = run(all, 16);
  Vote most = 0;
  for (const Range part : {Range{0, 100}, Range{100, 1}, Range{101, 155}}) {
    Slice slice = whole();
    slice.vocabulary = part;
    most = std::max(most, Part(path_, slice).decoder.vote(x.data()));
  }
  EXPECT_EQ(most, all.decoder.vote(x.data()));
}

TEST(Vote, orders_by_logit_and_then_by_token) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float ascending[] = {-infinity, -5, -1e-30f, 0, 1e-30f, 2, 2.5f, infinity};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    EXPECT_LT(vote_for(1, ascending[i - 1]), vote_for(9, ascending[i]));
  }
  EXPECT_GT(vote_for(3, 1.0f), vote_for(4, 1.0f));
  EXPECT_EQ(token_of(vote_for(77, -3.0f)), 77u);
}

TEST(PartOf, covers_everything_once_and_evenly) {
  for (const std::size_t count : {1u, 7u, 8u, 256u}) {
    for (std::size_t parts = 1; parts <= 5; ++parts) {
      std::size_t next = 0;
      for (std::size_t i = 0; i < parts; ++i) {
        const Range range = part_of(count, i, parts);
        EXPECT_EQ(range.first, next);
        EXPECT_LE(range.count, count / parts + 1);
        next += range.count;
      }
      EXPECT_EQ(next, count);
    }
  }
}

}  // namespace
}  // namespace inference
