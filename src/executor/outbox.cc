#include "executor/outbox.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::executor {

Outbox::Outbox(const World& world, links::Completions& completions)
    : world_(world),
      completions_(completions),
      by_rank_(world.links.size()),
      used_(world.links.size()) {}

bool Outbox::post(int rank, transport::Put put) {
  const Link& link = world_.links[static_cast<std::size_t>(rank)];
  links::Completion& mine = completion(rank);
  if (!used_[static_cast<std::size_t>(rank)]) {
    mine = completions_.take(link.peer);
    used_[static_cast<std::size_t>(rank)] = true;
  }
  put.completed = mine.word();
  std::size_t posted = 0;
  const bool idle = mine.done();
  const transport::Status status = link.transport->put({&put, 1}, &posted);
  if (status.code == ErrorCode::no_resources) return false;
  if (!status.ok()) {
    throw PutFailed(
        status.code,
        fmt::format("put to rank {} over {}: {}", rank, link.transport_name, status.message), rank);
  }
  mine.asked();
  if (idle && std::ranges::find(busy_, rank) == busy_.end()) busy_.push_back(rank);
  return true;
}

void Outbox::abandon(int rank) {
  if (used_[static_cast<std::size_t>(rank)]) completion(rank).abandon();
}

}  // namespace weft::executor
