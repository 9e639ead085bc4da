#include "p2p/moe/moe_grouping.h"

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

int MoeGrouping::group(std::span<const MoeParcel> parcels) {
  std::fill(counts_.begin(), counts_.end(), 0);
  for (int source = 0; source < shape_.ranks; ++source) {
    if (!count_rows(parcels[static_cast<std::size_t>(source)], source)) return source;
  }
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
  return -1;
}

// False where the list would lead outside of this rank's memory or of the source's outputs.
bool MoeGrouping::count_rows(const MoeParcel& parcel, int source) {
  if (parcel.tokens == 0) return true;
  if (parcel.tokens > shape_.max_tokens) return false;
  const std::int32_t* record = parcel.list + MoeShape::kListHead;
  std::int64_t rows = 0;
  for (int i = 0; i < parcel.tokens; ++i, record += shape_.record()) {
    for (int k = 0; k < shape_.top_k; ++k) {
      if (record[1 + k] < 0) continue;
      if (record[1 + k] >= shape_.local_experts()) return false;
      ++counts_[at(record[1 + k], source)];
      ++rows;
    }
  }
  const std::int32_t output = *parcel.list;
  outputs_[static_cast<std::size_t>(source)] = output;
  return output >= 0 && output + rows <= static_cast<std::int64_t>(shape_.max_choices());
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
