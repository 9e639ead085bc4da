// Who hears that peers are gone.
#pragma once

#include <string>

namespace weft {

// Outlives the transports.
struct FailureListener {
  virtual ~FailureListener() = default;
  // A transport reports a peer, or with -1 all that it reaches. Called from any call into a
  // transport.
  virtual void peer_failed(const std::string& transport, int peer, const std::string& cause) = 0;
};

}  // namespace weft
