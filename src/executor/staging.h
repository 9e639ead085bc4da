// Which bytes of a lane's part of the segment a pass takes for its slots.
#pragma once

#include <cstddef>

namespace weft::executor {

// The same at every rank, since all run the same passes in the same order.
//
// What makes it safe is that every pass synchronizes (see schedule/schedule.h): no rank begins a
// pass before every rank has completed the last but one. So a pass may take any bytes but those of
// the pass before it.
//
// What makes it quick is where it takes them. Lines that a peer has read lately cost twice as much
// to write as lines that have left its caches: so passes go round all of the memory, whatever calls
// they belong to. They go downwards, with a little room between them: whoever reads a pass fetches
// some lines behind its end in advance, and those must not be the ones that its writer needs next.
// What fits the first-level cache is quickest where it was the last time.
class Staging {
 public:
  // Two halves of so many bytes; a pass lies in one of them.
  explicit Staging(std::size_t half_bytes = 0) : half_(half_bytes) {}

  // At most half_bytes for the next pass: where they begin.
  std::size_t take(std::size_t bytes) {
    const std::size_t at = bytes < kRotatedBytes ? spot(bytes) : around(bytes);
    begin_ = at;
    end_ = at + bytes;
    return at;
  }

  // Where the next pass begins if it is small, as this one.
  std::size_t next_spot() const { return half_ - spot_; }
  static bool keeps_spot(std::size_t bytes) { return bytes < kRotatedBytes; }

 private:
  static constexpr std::size_t kRotatedBytes = 2 << 10;
  static constexpr std::size_t kRoomBytes = 1 << 10;

  // Small passes have two spots: the beginnings of the halves.
  std::size_t spot(std::size_t bytes) {
    spot_ = half_ - spot_;
    if (overlaps(spot_, bytes)) spot_ = half_ - spot_;
    return spot_;
  }

  std::size_t around(std::size_t bytes) {
    if (taken_ + bytes > half_) turn_to_other_half();
    if (overlaps(below(bytes), bytes)) turn_to_other_half();  // of a small pass there
    const std::size_t at = below(bytes);
    taken_ += bytes + kRoomBytes;
    return at;
  }

  // Where so many bytes begin that lie below what is taken of this half.
  std::size_t below(std::size_t bytes) const { return in_ + half_ - taken_ - bytes; }

  void turn_to_other_half() {
    in_ = half_ - in_;
    taken_ = 0;
  }

  bool overlaps(std::size_t at, std::size_t bytes) const {
    return at < end_ && begin_ < at + bytes;
  }

  std::size_t half_;
  std::size_t begin_ = 0, end_ = 0;  // the last pass's
  std::size_t in_ = 0, taken_ = 0;   // which half larger passes are in, how far they have come
  std::size_t spot_ = 0;             // the last small pass's
};

}  // namespace weft::executor
