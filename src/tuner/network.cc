#include "tuner/network.h"

#include <charconv>
#include <vector>

#include "base/error.h"

namespace weft::tuner {
namespace {

constexpr int kGroupHosts = 32;
constexpr double kFibreGbps = 400;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  fail(ErrorCode::invalid_argument,
       "fabric '{}': {}; there are uniform, fat-tree:DOWN:UP[:HOSTS], rails[:DOWN:UP], "
       "dragonfly[:HOSTS[:DOWN:UP]], two-sites:MS[:GBPS]",
       text, why);
}

// A description cut at its colons, with the rules of numbers in one place.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {
    for (std::size_t from = 0; from <= text.size();) {
      const std::size_t colon = std::min(text.find(':', from), text.size());
      words_.push_back(text.substr(from, colon - from));
      from = colon + 1;
    }
  }

  std::string_view name() const { return words_[0]; }
  std::size_t numbers() const { return words_.size() - 1; }
  void expect(std::size_t least, std::size_t most) const {
    if (numbers() < least) refuse(text_, "too few numbers");
    if (numbers() > most) refuse(text_, "too many numbers");
  }

  double number(std::size_t i, double low, double high, const char* what) const {
    const std::string_view word = words_[i + 1];
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() ||
        !(value >= low && value <= high)) {
      refuse(text_, fmt::format("'{}' is no {} from {:g} to {:g}", word, what, low, high));
    }
    return value;
  }

  int hosts(std::size_t i) const {
    const double value = number(i, 1, 1 << 20, "number of hosts");
    if (value != static_cast<int>(value)) refuse(text_, "hosts are whole");
    return static_cast<int>(value);
  }

  // DOWN:UP from number i on.
  double oversubscription(std::size_t i) const {
    constexpr const char* kWhat = "part of a ratio DOWN:UP";
    const double ratio = number(i, 1, 1000, kWhat) / number(i + 1, 1, 1000, kWhat);
    if (ratio < 1) refuse(text_, "DOWN is at least UP");
    return ratio;
  }

 private:
  std::string_view text_;
  std::vector<std::string_view> words_;
};

Network fat_tree(const Words& words) {
  words.expect(2, 3);
  Network network{.kind = NetworkKind::fat_tree};
  network.oversubscription = words.oversubscription(0);
  network.hosts_per_group = words.numbers() > 2 ? words.hosts(2) : kGroupHosts;
  return network;
}

Network rails(const Words& words, std::string_view text) {
  words.expect(0, 2);
  if (words.numbers() == 1) refuse(text, "a ratio has two numbers");
  Network network{.kind = NetworkKind::rails};
  if (words.numbers() == 2) network.oversubscription = words.oversubscription(0);
  return network;
}

Network dragonfly(const Words& words, std::string_view text) {
  words.expect(0, 3);
  if (words.numbers() == 2) refuse(text, "a ratio has two numbers");
  Network network{.kind = NetworkKind::dragonfly};
  network.hosts_per_group = words.numbers() > 0 ? words.hosts(0) : kGroupHosts;
  if (words.numbers() == 3) network.oversubscription = words.oversubscription(1);
  return network;
}

Network two_sites(const Words& words, std::string_view text, int hosts) {
  words.expect(1, 2);
  if (hosts < 2) refuse(text, "two sites need two hosts");
  Network network{.kind = NetworkKind::two_sites};
  network.hosts_per_group = (hosts + 1) / 2;
  network.fibre_ns = 1e6 * words.number(0, 0.01, 1000, "number of milliseconds");
  const double gbps =
      words.numbers() > 1 ? words.number(1, 0.001, 1e6, "number of Gb/s") : kFibreGbps;
  network.fibre_ns_per_byte = 8 / gbps;
  return network;
}

}  // namespace

Network parse_network(std::string_view text, int hosts) {
  const Words words(text);
  if (words.name() == "uniform") {
    words.expect(0, 0);
    return {};
  }
  if (words.name() == "fat-tree") return fat_tree(words);
  if (words.name() == "rails") return rails(words, text);
  if (words.name() == "dragonfly") return dragonfly(words, text);
  if (words.name() == "two-sites") return two_sites(words, text, hosts);
  refuse(text, fmt::format("'{}' is none", words.name()));
}

}  // namespace weft::tuner
