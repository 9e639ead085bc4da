// Run by a PMIx launcher: checks the ranks it starts. Usage: pmix_program SIZE
#include "ranks.h"

#include <cstdio>
#include <cstdlib>

using namespace weft;
using namespace weft::bootstrap;

namespace {

// One rank does not call; the others must name it. A second start-up over TCP keeps it there
// meanwhile.
void check_missing_rank(Bootstrap& pmix) {
  Meeting meeting;
  const auto all = pmix.all_gather(std::as_bytes(std::span(meeting.address)), kAmple);
  meeting.address.assign(reinterpret_cast<const char*>(all[0].data()), all[0].size());
  const auto tcp = meeting.join(pmix.rank(), pmix.size());
  const int missing = pmix.size() - 1;
  if (pmix.rank() != missing) {
    const auto thrown = thrown_by([&] { pmix.all_gather({}, std::chrono::seconds(1)); });
    expect_error(thrown, ErrorCode::timeout,
                 fmt::format("rank {} of {} has not called", missing, pmix.size()));
  }
  tcp->all_gather({}, kAmple);
}

}  // namespace

int main(int argc, char** argv) {
  const int size = argc > 1 ? std::atoi(argv[1]) : 0;
  testing::InitGoogleTest(&argc, argv);
  try {
    const Config config = resolve({});
    EXPECT_TRUE(config.pmix_present);
    const auto first = make(config);
    const auto second = make(config);
    EXPECT_EQ(first->size(), size);
    EXPECT_EQ(first->description(), "pmix");
    gather_and_check(*first, 3);
    gather_and_check(*second, 3, 10'000);
    gather_and_check(*first, 3);
    check_missing_rank(*second);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return testing::Test::HasFailure() ? 1 : 0;
}
