// What arrived at one rank, sorted by its experts: the receiver's side of a dispatch.
#pragma once

#include <weft/moe.h>

#include <cstdint>
#include <span>
#include <vector>

#include "p2p/moe/moe_shape.h"

namespace weft::p2p {

// What came from one rank.
struct MoeParcel {
  int tokens = 0;
  const std::int32_t* list = nullptr;  // as moe_shape.h has it
  // Where its tokens lie one after another, or, `indexed`, each by its index.
  const std::byte* data = nullptr;
  bool indexed = false;
};

class MoeGrouping {
 public:
  explicit MoeGrouping(const MoeShape& shape);

  // Parcels by source rank. Allocates nothing; what it makes points into their data. Returns -1, or
  // the first rank whose list makes no sense: then nothing that was made may be used.
  int group(std::span<const MoeParcel> parcels);

  // Of the last group().
  MoeArrivals arrivals() const;
  std::int32_t rows() const { return first_.back(); }
  // The rows of a local expert that came from a rank: they follow one another.
  std::int32_t first_row(int expert, int source) const { return begins_[at(expert, source)]; }
  std::int32_t count(int expert, int source) const { return counts_[at(expert, source)]; }
  // Where, among its outputs, those from this rank's experts begin.
  std::int32_t outputs_of(int source) const { return outputs_[static_cast<std::size_t>(source)]; }

 private:
  std::size_t at(int expert, int source) const {
    return static_cast<std::size_t>(expert) * static_cast<std::size_t>(shape_.ranks) +
           static_cast<std::size_t>(source);
  }
  bool count_rows(const MoeParcel& parcel, int source);
  void place_rows(const MoeParcel& parcel, int source);

  const MoeShape shape_;
  std::vector<MoeRow> rows_;
  std::vector<std::int32_t> first_;   // by expert, and the end
  std::vector<std::int32_t> counts_;  // by expert and source
  std::vector<std::int32_t> begins_;  // likewise
  std::vector<std::int32_t> next_;    // likewise
  std::vector<std::int32_t> outputs_;
};

}  // namespace weft::p2p
