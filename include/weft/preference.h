/// Which algorithm and protocol run a call.
#pragma once

#include <cstdint>
#include <string>

namespace weft {

/// How data travels. `packet` sends small pieces whose flags travel with the data, `bulk` sends the
/// data and then a signal; `automatic` chooses by size.
enum class Protocol : std::uint8_t { automatic, packet, bulk };

/// How the calls of a collective shall run. weft chooses by cost what a member leaves at its
/// default.
struct Preference {
  std::string algorithm;  ///< a name that `weft-schedule list` prints; empty: chosen by cost
  Protocol protocol = Protocol::automatic;  ///< packets serve calls whose ranks all map each
                                            ///< other's memory; others run in bulk
  /// Parts of a message that run side by side: 1 or 2; 0: chosen by cost. Ranks that all map each
  /// other's memory have one.
  int lanes = 0;
};

/// One way to run a call; Communicator::candidates() returns them.
struct Candidate {
  Preference how;           ///< what to pass to Communicator::prefer()
  double predicted_us = 0;  ///< by the cost model, in microseconds
  bool chosen = false;      ///< whether weft runs this one if no preference is set
};

}  // namespace weft
