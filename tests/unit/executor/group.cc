#include "group.h"

#include <stdexcept>

namespace weft::executor {
namespace {

const transport::Plugin* plugin_named(const std::string& name) {
  for (const transport::Plugin* plugin : transport::builtin_plugins()) {
    if (plugin->name == name) return plugin;
  }
  throw std::runtime_error("no built-in transport is named " + name);
}

void check(const transport::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message);
}

}  // namespace

Group::Group(int ranks, Reach reach, std::size_t pad_bytes) : reach_(reach) {
  if (!mapped()) plugin_ = plugin_named("sim");
  for (int rank = 0; rank < ranks; ++rank) {
    members_.push_back(std::make_unique<Member>());
    World& world = member(rank).world;
    world.rank = rank;
    world.ranks = ranks;
    world.layout = memory::make_pad_layout(ranks, pad_bytes);
    world.clock = &clock_;
    world.links.resize(static_cast<std::size_t>(ranks));
    make_pad(member(rank), world.layout.total);
  }
  for (int rank = 0; rank < ranks; ++rank) {
    for (int peer = 0; peer < ranks; ++peer) link(rank, peer);
    Member& self = member(rank);
    if (self.transport != nullptr) self.world.transports = {self.transport};
    self.links = std::make_unique<links::Links>(clock_, ranks);
    self.links->progress.attend(self.world.transports);
    self.executor =
        std::make_unique<Executor>(self.world, *self.links, std::chrono::seconds(30));
  }
}

Group::~Group() {
  for (const auto& member : members_) {
    member->executor.reset();
    if (member->transport == nullptr) continue;
    for (const Link& link : member->world.links) {
      if (link.transport != nullptr) member->transport->release(link.pad_memory);
    }
    member->transport->release(member->pad);
    plugin_->close(member->transport);
  }
}

void Group::make_pad(Member& member, std::size_t bytes) {
  if (mapped()) {
    constexpr std::size_t kPage = 4096;
    member.memory = std::make_unique<std::byte[]>(bytes + kPage);
    const auto address = reinterpret_cast<std::uintptr_t>(member.memory.get());
    member.world.pad = member.memory.get() + (kPage - address % kPage);
    return;
  }
  transport::OpenOptions options;
  options.rank = member.world.rank;
  options.size = member.world.ranks;
  transport::Status why;
  member.transport = plugin_->open(&options, &why);
  check(why);
  check(member.transport->allocate(bytes, &member.pad));
  member.world.pad = static_cast<std::byte*>(member.pad.address);
}

void Group::link(int rank, int peer) {
  Member& self = member(rank);
  const Member& other = member(peer);
  Link& link = self.world.links[static_cast<std::size_t>(peer)];
  link.load_store = mapped() || rank == peer;
  if (link.load_store) link.pad = other.world.pad;
  if (link.load_store) return;
  link.peer = peer;
  link.transport = self.transport;
  link.transport_name = "sim";
  check(self.transport->connect(peer, other.transport->address()));
  while (!self.transport->connected(peer)) {
    for (const auto& member : members_) member->transport->progress();
  }
  check(self.transport->import_memory(peer, other.pad.key, &link.pad_memory));
}

void Group::run(const std::function<Launch(int rank)>& launch_of) {
  for (int rank = 0; rank < ranks(); ++rank) {
    Member& self = member(rank);
    self.operation.launch = launch_of(rank);
    self.executor->start(&self.operation);
  }
  for (bool all = false; !all;) {
    all = true;
    for (const auto& member : members_) all = member->executor->test(&member->operation) && all;
  }
}

}  // namespace weft::executor
