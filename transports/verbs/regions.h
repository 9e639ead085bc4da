// Memory of this rank that peers may name.
#pragma once

#include <deque>
#include <vector>

#include "registrations.h"
#include "wire.h"

namespace weft::verbs {

// Memory under a number that peers use.
struct Region {
  std::byte* address = nullptr;
  std::size_t bytes = 0;
  Registration* registration = nullptr;  // null: the number is free
  std::uint32_t generation = 0;
  bool mapped = false;  // by allocate(): unmapped with its release
};

class Regions {
 public:
  // `registrations` outlives it.
  explicit Regions(Registrations& registrations) : registrations_(registrations) {}
  ~Regions();
  Regions(const Regions&) = delete;
  Regions& operator=(const Regions&) = delete;

  // Whether one more can have a number.
  bool full() const { return free_.empty() && all_.size() >= (1u << Spot::kRegionBits); }
  // Takes over a hold on `registration`; returns the number of the new region. Not while full.
  std::uint32_t add(std::byte* address, std::size_t bytes, Registration* registration, bool mapped);
  void remove(std::uint32_t number);
  const Region& operator[](std::uint32_t number) const { return all_[number]; }

  // The bytes that a peer named, or null where they are not (or no longer) a region's that the
  // processor may touch.
  std::byte* locate(const Spot& spot, std::size_t bytes) const;

 private:
  void give_back(const Region& region);

  Registrations& registrations_;
  std::vector<Region> all_;
  std::deque<std::uint32_t> free_;
};

}  // namespace weft::verbs
