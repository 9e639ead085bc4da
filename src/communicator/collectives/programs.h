// From a call to what runs: chooses, generates and compiles, once for each kind of call and size
// class.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/config.h"
#include "executor/operation.h"
#include "tuner/tuner.h"

namespace weft {

class Programs {
 public:
  // All outlive it.
  Programs(const executor::World& world, const tuner::Situation& situation,
           const tuner::Tuning& tuning, const Config& config)
      : world_(world), config_(config), tuner_(situation, tuning) {}

  // The program for a call like this, but of `bytes` (count times the element's size). Every size
  // of one class gets the same one.
  const executor::Program& find(const executor::Call& call, std::size_t bytes, bool direct);

  // What may be best for a call, each program once: what find() gives first, then what costs little
  // more than the cheapest, `most` in all. Only the first where something is wanted.
  std::vector<const executor::Program*> contenders(const executor::Call& call, bool direct,
                                                   std::size_t most);
  // The program of a choice, whatever find() would choose, for calls of up to `bytes`.
  const executor::Program& compile_choice(const tuner::Choice& choice, int root, std::size_t bytes,
                                          bool wide_sums = false);

  // The algorithm that a preference or an option names; empty: none.
  std::string wanted(Collective collective) const {
    return std::string(query(collective, 0, false).algorithm);
  }

  // Overrides what would be chosen for a collective.
  void prefer(Collective collective, const Preference& preference);

  std::vector<Candidate> candidates(Collective collective, std::size_t bytes, bool direct);

  // The launch of a call without its buffers.
  executor::Launch launch(const executor::Call& call, bool direct);
  // The same where the program is known. Allocates nothing.
  static executor::Launch launch(const executor::Call& call, const executor::Program& program,
                                 int ranks);
  // The same for `units` of `unit_bytes` that are never cut, in place of the call's elements. What
  // combines such units has no wide sums.
  static executor::Launch launch_units(const executor::Call& call, const executor::Program& program,
                                       int ranks, std::size_t units, std::size_t unit_bytes);
  // The same where the program's blocks are uneven (schedule::Partition::bounds) and call.parts is
  // their digest. The longest one fits `program` if find() gave it for that many bytes.
  static executor::Launch launch_parts(const executor::Call& call, const executor::Program& program,
                                       int ranks, std::span<const std::size_t> bounds);

 private:
  // Packet programs come in two sizes: one line a block, whose payload is used where it arrives,
  // and the largest that fits.
  enum class Form : std::uint8_t { line, packets, bulk };
  // root, size class, direct, wide sums
  using ChoiceKey = std::tuple<Collective, int, int, bool, bool>;
  struct ProgramKey {
    const algorithms::Algorithm* algorithm;
    int root;
    int lanes;
    Form form;
    bool wide_sums;
    auto operator<=>(const ProgramKey&) const = default;
  };

  // `partial_shift`: as in Launch; 0 where partial sums are as wide as elements.
  static executor::Launch launch_of(const executor::Call& call, const executor::Program& program,
                                    int ranks, const schedule::Partition& partition,
                                    unsigned partial_shift);
  bool wide_sums(const executor::Call& call) const;
  tuner::Query query(Collective collective, std::size_t bytes, bool direct,
                     bool wide_sums = false) const;
  const executor::Program& compile(const ProgramKey& key, const algorithms::PlanInput& input);
  std::unique_ptr<executor::Program> made(const ProgramKey& key,
                                          const algorithms::PlanInput& input);

  const executor::World& world_;
  const Config& config_;
  tuner::Tuner tuner_;
  std::map<Collective, Preference> preferences_;
  std::map<ChoiceKey, const executor::Program*> chosen_;
  std::map<ProgramKey, std::unique_ptr<executor::Program>> compiled_;
  std::vector<std::unique_ptr<executor::Program>> trailing_;  // forms of those
};

// "two_shot, packet, 1 lane".
std::string describe(const executor::Launch& launch);

// Sizes of one class share a program: class k holds sizes in (2^(k-1), 2^k].
int size_class(std::size_t bytes);

}  // namespace weft
