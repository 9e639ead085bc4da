// Communicators over the connections of another one, which has no public call yet.
#pragma once

#include <weft/weft.h>

#include <numeric>
#include <optional>
#include <vector>

#include "communicator/impl.h"

namespace weft::testing {

inline Communicator::Impl& behind(const Communicator& comm) {
  return Communicator::Impl::behind(comm);
}

// Collective over the parent; nothing at ranks that are no members.
inline std::optional<Communicator> child_of(const Communicator& parent,
                                            const std::vector<int>& members) {
  auto child = behind(parent).make_child(members);
  if (child == nullptr) return std::nullopt;
  return Communicator::Impl::face_of(std::move(child));
}

inline std::vector<int> all_ranks(const Communicator& comm) {
  std::vector<int> ranks(static_cast<std::size_t>(comm.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

inline Communicator duplicate_of(const Communicator& parent) {
  return *child_of(parent, all_ranks(parent));
}

}  // namespace weft::testing
