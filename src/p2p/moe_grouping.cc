#include "p2p/moe_grouping.h"

#include <algorithm>

namespace weft::p2p {

MoeGrouping::MoeGrouping(const MoeShape& shape)
    : shape_(shape),
      rows_(shape.max_choices() * static_cast<std::size_t>(shape.ranks)),
      first_(static_cast<std::size_t>(shape.local_experts()) + 1),
      counts_(static_cast<std::size_t>(shape.experts)),
      begins_(counts_.size()),
      next_(counts_.size()),
      outputs_(static_cast<std::size_t>(shape.ranks)) {}

void MoeGrouping::group(std::span<const MoeParcel> parcels) {
  count_rows(parcels);
  std::int32_t row = 0;
  for (int expert = 0; expert < shape_.local_experts(); ++expert) {
    first_[static_cast<std::size_t>(expert)] = row;
    for (int source = 0; source < shape_.ranks; ++source) {
      begins_[at(expert, source)] = next_[at(expert, source)] = row;
      row += counts_[at(expert, source)];
    }
  }
  first_.back() = row;
  for (int source = 0; source < shape_.ranks; ++source)
    place_rows(parcels[static_cast<std::size_t>(source)], source);
}

void MoeGrouping::count_rows(std::span<const MoeParcel> parcels) {
  std::fill(counts_.begin(), counts_.end(), 0);
  for (int source = 0; source < shape_.ranks; ++source) {
    const MoeParcel& parcel = parcels[static_cast<std::size_t>(source)];
    if (parcel.tokens == 0) continue;
    outputs_[static_cast<std::size_t>(source)] = *parcel.list;
    const std::int32_t* record = parcel.list + MoeShape::kListHead;
    for (int i = 0; i < parcel.tokens; ++i, record += shape_.record()) {
      for (int k = 0; k < shape_.top_k; ++k) {
        if (record[1 + k] >= 0) ++counts_[at(record[1 + k], source)];
      }
    }
  }
}

void MoeGrouping::place_rows(const MoeParcel& parcel, int source) {
  const std::int32_t* record = parcel.list + MoeShape::kListHead;
  for (int i = 0; i < parcel.tokens; ++i, record += shape_.record()) {
    const std::int32_t index = *record;
    const auto place = static_cast<std::size_t>(parcel.indexed ? index : i);
    const std::byte* token = parcel.data + place * shape_.token_bytes;
    for (std::int32_t k = 0; k < shape_.top_k; ++k) {
      if (record[1 + k] < 0) continue;
      const std::int32_t row = next_[at(record[1 + k], source)]++;
      rows_[static_cast<std::size_t>(row)] = {token, source, index, k};
    }
  }
}

MoeArrivals MoeGrouping::arrivals() const {
  return {std::span(rows_).first(static_cast<std::size_t>(rows())), first_, counts_};
}

}  // namespace weft::p2p
