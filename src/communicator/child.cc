// Communicators of some ranks of another one, over its connections.
#include <algorithm>

#include "base/blob.h"
#include "base/error.h"
#include "communicator/agreement.h"
#include "communicator/impl.h"

namespace weft {
namespace {

constexpr const char* kCall = "make_child";

void check_members(int rank, const std::vector<int>& members, int ranks) {
  std::vector<bool> named(static_cast<std::size_t>(ranks));
  for (const int member : members) {
    if (member < 0 || member >= ranks) {
      fail(ErrorCode::invalid_argument, "{}: rank {} names rank {} of {}", kCall, rank, member,
           ranks);
    }
    if (named[static_cast<std::size_t>(member)])
      fail(ErrorCode::invalid_argument, "{}: rank {} names rank {} twice", kCall, rank, member);
    named[static_cast<std::size_t>(member)] = true;
  }
}

bool has(const std::vector<int>& members, int rank) {
  return std::ranges::find(members, rank) != members.end();
}

// The same at every rank, since all know what all have named.
void check(const std::vector<std::vector<int>>& lists) {
  const int ranks = static_cast<int>(lists.size());
  for (int rank = 0; rank < ranks; ++rank)
    check_members(rank, lists[static_cast<std::size_t>(rank)], ranks);
  for (int rank = 0; rank < ranks; ++rank) {
    const auto& members = lists[static_cast<std::size_t>(rank)];
    if (!has(members, rank)) continue;
    for (const int member : members) {
      if (lists[static_cast<std::size_t>(member)] != members)
        fail(ErrorCode::mismatch, "{}: rank {} names other members than rank {}", kCall, member,
             rank);
    }
  }
}

Blob blob_of(const std::vector<int>& members) {
  BlobWriter writer;
  for (const int member : members) writer.put(member);
  return writer.blob();
}

std::vector<int> members_in(const Blob& blob) {
  std::vector<int> members;
  for (BlobReader reader(blob); !reader.at_end();) members.push_back(reader.get<int>());
  return members;
}

}  // namespace

std::vector<Region::Member> Communicator::Impl::members() const {
  std::vector<Region::Member> all;
  for (const int peer : segments->peers()) all.push_back({peer, all.size()});
  return all;
}

std::shared_ptr<Communicator::Impl> Communicator::Impl::make_child(
    const std::vector<int>& members) {
  std::vector<std::vector<int>> lists;
  for (const Blob& blob : gather(blob_of(members))) lists.push_back(members_in(blob));
  check(lists);
  const bool belongs = has(members, rank());
  std::vector<Region::Member> chosen;
  for (const int member : members) {
    const auto place = static_cast<std::size_t>(member);
    if (belongs) chosen.push_back({segments->peers()[place], place});
  }
  auto own = std::make_unique<Segments>(*connections, std::move(chosen), config.shared_bytes,
                                        [this](const Blob& blob) { return gather(blob); });
  std::shared_ptr<Impl> child;
  together(*this, kCall, [&] {
    if (belongs) child = std::make_shared<Impl>(*this, std::move(own));
  });
  return child;
}

}  // namespace weft
