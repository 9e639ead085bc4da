// Descriptions that were cut or damaged: each is read or refused, and nothing crashes or hangs.
#include <chrono>
#include <random>

#include "fixtures.h"
#include "topology/job.h"
#include "topology/pack.h"
#include "topology/spread.h"

namespace weft::topology {
namespace {

using Random = std::mt19937;

// Sixteen seeds by default; more with WEFT_HOSTILE_ROUNDS.
int rounds() {
  const char* wanted = std::getenv("WEFT_HOSTILE_ROUNDS");
  return wanted != nullptr ? std::atoi(wanted) : 16;
}

void damage(std::string& text, Random& random) {
  const std::size_t at = random() % text.size();
  switch (random() % 5) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ (1 << (random() % 7)));
      break;
    case 1:
      text.resize(at + 1);
      break;
    case 2:
      text.erase(at, 1 + random() % 300);
      break;
    case 3:
      text.insert(at, text.substr(random() % text.size(), random() % 300));
      break;
    default:
      if (const std::size_t digit = text.find_first_of("0123456789", at); digit != text.npos)
        text[digit] = "0123456789abcdef-"[random() % 17];
  }
  if (text.empty()) text = "<";
}

// What is taken can be used: packed, shared out and shaped.
void use(const Host& host) {
  EXPECT_GE(host.cores, 1);
  EXPECT_EQ(unpack(pack(host)).core_ids, host.core_ids);
  std::vector<Description> ranks;
  for (const auto& cores : spread(host, 4)) ranks.push_back({seen_from(host, cores), 0});
  const Job job = make_job(ranks, true);
  for (const Place& place : job.places) EXPECT_LT(place.local_index, place.local_ranks);
  make_shape(job);
}

class HostileTest : public FolderTest, public testing::WithParamInterface<std::string> {};

TEST_P(HostileTest, a_damaged_description_is_read_or_refused) {
  int taken = 0;
  for (int seed = 0; seed < rounds(); ++seed) {
    Random random(static_cast<unsigned>(seed));
    std::string text = text_of(GetParam());
    for (auto left = 1 + random() % 4; left > 0; --left) damage(text, random);
    SCOPED_TRACE(seed);
    try {
      use(probe_host({.source = write("damaged.xml", text)}));
      ++taken;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
    }
  }
  EXPECT_LT(taken, rounds());
}

TEST_P(HostileTest, a_cut_description_is_refused) {
  const std::string whole = text_of(GetParam());
  for (std::size_t eighth = 0; eighth < 8; ++eighth) {
    const std::string path = write("cut.xml", whole.substr(0, whole.size() * eighth / 8));
    EXPECT_THROW(probe_host({.source = path}), Error) << eighth;
  }
}

TEST_P(HostileTest, packed_bytes_that_were_cut_are_refused) {
  const std::vector<std::byte> whole = pack(read_fixture(GetParam()), Detail::all);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_THROW(unpack(std::span(whole).first(bytes)), Error) << bytes;
}

TEST_P(HostileTest, packed_bytes_that_were_changed_are_read_or_refused) {
  const std::vector<std::byte> whole = pack(read_fixture(GetParam()), Detail::all);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::vector<std::byte> changed = whole;
    changed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    SCOPED_TRACE(bit);
    try {
      const Host host = unpack(changed);
      EXPECT_LE(host.present.size(), 1u << 16);
      const Job job = make_job(std::vector<Description>{{host, 0}, {host, 1}, {host, 0}}, true);
      make_shape(job);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bootstrap) << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, HostileTest, testing::ValuesIn(kFixtures),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace weft::topology
