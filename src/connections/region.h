// Memory that each of some processes has and each of the others reaches: made, told and mapped in
// one collective call.
#pragma once

#include <weft/blob.h>
#include <weft/transport.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "transport/transports.h"

namespace weft {

class Connections;

// Collective among some processes: everyone's blob, in an order that is the same at all of them.
using Gather = std::function<std::vector<Blob>(const Blob& mine)>;

class Region {
 public:
  // A process of those that share the memory.
  struct Member {
    int peer = -1;
    std::size_t place = 0;  // of its blob in what a Gather returns
  };
  enum class Reach : std::uint8_t {
    all,
    mapped,  // only those who map each other's memory
  };
  struct Wish {
    const char* call = "";  // names it in messages
    std::size_t bytes = 0;  // of this process, if it is a member; sizes may differ, and be 0
    std::vector<Member> members;
    Reach reach = Reach::all;
  };

  // Collective among all that `gather` reaches, those who are no members too. `connections`
  // outlives it. Throws Error(no_resources, unsupported, ...) at all of them, naming the first
  // where something failed.
  Region(const Connections& connections, const Wish& wish, const Gather& gather);
  // Lets go of the peers' memory, and of its own, to which peers do not write any more unless
  // somebody holds own().
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  // This process's own, zeroed at first; null: nobody reaches it, or it is no member.
  std::byte* data() const {
    return own_->memory.empty() ? nullptr : static_cast<std::byte*>(own_->memory[0].second.address);
  }
  // What keeps it; not longer than the connections live.
  std::shared_ptr<void> own() const { return own_; }
  // By member. `peer` of the memory is -1 where it is out of reach.
  const transport::RemoteMemory& of(std::size_t member) const { return imported_[member]; }
  std::size_t bytes_of(std::size_t member) const { return bytes_[member]; }

 private:
  std::vector<const OpenTransport*> transports(const Wish& wish) const;
  void make(const Wish& wish);
  Blob offer(const Wish& wish);
  void import(const Wish& wish, const std::vector<Blob>& offers);
  void import(std::size_t member, const Wish& wish, const Blob& offer);
  void release_imported();

  // The first transport allocated it, the others have registered it.
  struct Own {
    std::vector<std::pair<const OpenTransport*, transport::LocalMemory>> memory;
    Own() = default;
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;
    ~Own();
  };

  const Connections& connections_;
  std::shared_ptr<Own> own_ = std::make_shared<Own>();
  std::vector<transport::RemoteMemory> imported_;
  std::vector<transport::Transport*> importers_;  // by member
  std::vector<std::size_t> bytes_;
};

}  // namespace weft
