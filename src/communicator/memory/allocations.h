// Memory from Communicator::allocate(), as every rank sees it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/verdict.h"
#include "communicator/memory/registered.h"
#include "executor/world.h"

namespace weft {

// A place inside an allocation; the same bytes for every rank to exchange.
struct Location {
  std::uint64_t id = 0;  // of the allocation; 0: not in one
  std::uint64_t offset = 0;
};

// What a rank tells the others when memory is allocated. Plain bytes.
struct Offer {
  static constexpr std::size_t kFreed = 8;
  transport::MemoryKey key;
  std::uint64_t bytes = 0;
  Verdict verdict;                            // why this rank has no memory
  std::array<std::uint64_t, kFreed> freed{};  // allocations that its user freed since; 0: none
};

// Every rank's part of each allocation. A part ends when its rank frees it; what peers have mapped
// of it stays until every rank has freed its own, which they learn at the next allocation: so all
// ranks always agree on what can be reached.
class Allocations {
 public:
  explicit Allocations(const executor::World& world) : world_(world) {}
  Allocations(const Allocations&) = delete;
  Allocations& operator=(const Allocations&) = delete;
  ~Allocations();

  // Whether there ever was one; the same at every rank.
  bool used() const { return next_id_ > 1; }

  // Makes this rank's part of the next allocation; it may have 0 bytes.
  Offer offer(std::size_t bytes);
  // Takes every rank's offers, whatever they say, and returns the allocation's id: so all ranks
  // count alike. Throws Error at every rank if one has no memory, and names it.
  std::uint64_t adopt(const std::vector<Offer>& offers);
  // Maps the parts of the others, if peers' memory can be mapped. Throws Error if that fails here;
  // then, or if it fails elsewhere, drop() follows.
  void import(std::uint64_t id, const std::vector<Offer>& offers);
  void drop(std::uint64_t id);
  void* data(std::uint64_t id) const { return by_id_.at(id).own.address; }
  // Ends this rank's part.
  void free(std::uint64_t id);

  // Where `bytes` from `address` on are; id 0 where they are not inside one living part of this
  // rank.
  Location locate(const void* address, std::size_t bytes) const;
  // A rank's location as mapped here; null where it is not, or has fewer bytes from there on.
  std::byte* address(int rank, const Location& location, std::size_t bytes = 0) const;

 private:
  struct Import {
    transport::Transport* transport;
    transport::RemoteMemory memory;
  };
  struct Allocation {
    transport::LocalMemory own;
    Registered registered;  // with the transports that did not allocate it
    bool freed = false;
    int freed_by = 0;                // ranks that said so
    std::vector<std::byte*> bases;   // by rank, as mapped here; empty where some rank cannot be
    std::vector<std::size_t> sizes;  // by rank
    std::vector<Import> imports;
  };

  transport::Transport* own_transport() const {
    return world_.links[static_cast<std::size_t>(world_.rank)].transport;
  }
  void note_freed(const std::vector<Offer>& offers);
  static void drop_imports(const Allocation& allocation);

  const executor::World& world_;
  std::map<std::uint64_t, Allocation> by_id_;
  transport::LocalMemory offered_;     // between offer() and adopt()
  std::vector<std::uint64_t> untold_;  // freed here, not yet offered
  std::uint64_t next_id_ = 1;
};

}  // namespace weft
