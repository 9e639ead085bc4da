// What is measured between two ranks: in which way data goes from one to the other, and how much.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weft::perf {

enum class PairWay { send, channel, put, get };

// "send_lat", "put_bw".
struct PairMode {
  PairWay way = PairWay::send;
  bool bandwidth = false;  // else latency

  bool operator==(const PairMode&) const = default;
};

struct PairOperation {
  PairMode mode;
  std::size_t bytes = 0;  // of a message
};

// Messages in one direction before the receiver answers: 1 for latency; for bandwidth as many as 16
// MiB hold, at most 64.
std::size_t window_of(const PairOperation& operation);

std::string text_of(PairMode mode);

// None for what is no mode between two ranks.
std::optional<PairMode> find_pair_mode(std::string_view text);

// "send_lat, send_bw, ...".
std::string list_of_pair_modes();

}  // namespace weft::perf
