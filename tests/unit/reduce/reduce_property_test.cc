// Properties of the kernels under random arguments, shrunk to the smallest failing ones.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "harness.h"
#include "reduce/reduce.h"
#include "targets.h"

namespace weft::test {
namespace {

using reduce::Store;

Case any_case() {
  Case c;
  c.type = DataType(*rc::gen::inRange(0, kDataTypes).as("type"));
  c.op = ReduceOp(*rc::gen::inRange(0, kReduceOps).as("operator"));
  c.srcs = *rc::gen::inRange(1, 9).as("sources");
  c.dsts = *rc::gen::inRange(1, 9).as("destinations");
  c.in_place = *rc::gen::inRange(0, std::min(c.srcs, c.dsts) + 1).as("in place");
  c.count = *rc::gen::inRange<std::size_t>(0, 1500).as("count");
  c.divisor = c.op == ReduceOp::avg ? *rc::gen::inRange(1, 300).as("divisor") : 1;
  c.store = *rc::gen::element(Store::cached, Store::streaming).as("streaming");
  c.placement = Placement(*rc::gen::inRange(0, kPlacements).as("placement"));
  c.seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20).as("seed");
  return c;
}

Bytes run(const Case& c, const std::vector<const void*>& srcs, std::size_t begin, std::size_t count,
          Bytes result) {
  const std::size_t at = begin * size_of(c.type);
  std::vector<const void*> parts;
  for (const void* src : srcs) parts.push_back(static_cast<const std::byte*>(src) + at);
  void* const dst = result.data() + at;
  reduce::kernel(c.type, c.op)(&dst, 1, parts.data(), static_cast<int>(parts.size()), count,
                               c.divisor, c.store);
  return result;
}

RC_GTEST_PROP(KernelProperty, AgreesWithTheOracleOnEveryTarget, ()) {
  const Case c = any_case();
  for (const auto target : usable_targets()) {
    const TargetScope scope(target);
    const auto result = gives_the_expected(c);
    if (!result) RC_FAIL(std::string(hwy::TargetName(target)) + ": " + result.message());
  }
}

RC_GTEST_PROP(KernelProperty, GivesTheSameInOnePieceAndInTwo, ()) {
  const Case c = any_case();
  const std::size_t cut = *rc::gen::inRange<std::size_t>(0, c.count + 1).as("cut");
  std::vector<Bytes> inputs;
  std::vector<const void*> srcs;
  for (int s = 0; s < c.srcs; ++s) {
    inputs.push_back(awkward_values(c.type, c.count, c.seed + static_cast<std::uint64_t>(s)));
  }
  for (const Bytes& input : inputs) srcs.push_back(input.data());
  const Bytes blank(c.count * size_of(c.type));
  const Bytes first = run(c, srcs, 0, cut, blank);
  RC_ASSERT(run(c, srcs, cut, c.count - cut, first) == run(c, srcs, 0, c.count, blank));
}

RC_GTEST_PROP(KernelProperty, GivesTheSameForTwoSourcesInEitherOrder, ()) {
  const Case c = any_case();
  const Bytes a = awkward_values(c.type, c.count, c.seed);
  const Bytes b = awkward_values(c.type, c.count, c.seed + 1);
  const Bytes blank(a.size());
  RC_ASSERT(run(c, {a.data(), b.data()}, 0, c.count, blank) ==
            run(c, {b.data(), a.data()}, 0, c.count, blank));
}

}  // namespace
}  // namespace weft::test
