// Runs one lane of an operation as far as it can go without waiting.
#pragma once

#include <weft/error.h>

#include "executor/operation.h"

namespace weft::executor {

// A transport refused a put for good.
class PutFailed : public Error {
 public:
  PutFailed(ErrorCode code, const std::string& message, int peer)
      : Error(code, message), peer_(peer) {}
  int peer() const { return peer_; }

 private:
  int peer_;
};

// Sets what follows from lane->epoch. Slots of one parity rotate through their half of the pad,
// since writing lines that the peer has read lately costs twice as much as writing lines that have
// left its caches; any place in the half is as safe.
void enter_pass(const Launch& launch, LaneState* lane, std::uint64_t signature);

// Executes instructions until the lane is complete or waits for a peer. Returns how many it
// completed. Throws PutFailed.
int advance(Operation* operation, LaneState* lane);

// The signal value or packet flag that a peer raises in a pass.
inline std::uint64_t make_flag(std::uint64_t epoch, std::uint64_t signature) {
  return epoch << 16 | signature;
}
inline std::uint64_t epoch_of(std::uint64_t flag) { return flag >> 16; }
inline std::uint64_t signature_of(std::uint64_t flag) { return flag & 0xFFFF; }

}  // namespace weft::executor
