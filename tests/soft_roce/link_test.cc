// Networks that go away for a while in the middle of a call, in a machine of tests/soft_roce: rank
// 0 has rxe0 and rank 1 has rxe1, and cables join them by way of a bridge (tests/soft_roce/inside).
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

void shell(const char* command) {
  require(std::system(command) == 0, std::string("failed: ") + command);
}

// What happens to the network while rank 0 counts calls; runs beside them.
struct Incident {
  std::atomic<bool> under_way{false}, over{false};
  std::atomic<int> calls_during{0};
  std::thread thread;

  template <typename Happening>
  void start(const Happening& happens) {
    thread = std::thread([this, happens] {
      happens(*this);
      over = true;
    });
  }
};

// Sums over and over, each of them checked, until `incident` has been over for some calls.
template <typename Happening>
void sum_through(Communicator& comm, const Happening& happens) {
  constexpr int kBefore = 100, kBehind = 100;
  constexpr std::size_t kCount = 3000;
  Incident incident;
  std::vector<float> values(kCount);
  int behind = 0;
  for (int call = 0;; ++call) {
    if (comm.rank() == 0 && call == kBefore) incident.start(happens);
    if (incident.over) ++behind;
    for (std::size_t i = 0; i < kCount; ++i)
      values[i] = static_cast<float>((static_cast<std::size_t>(call) + i) % 1000);
    values[0] = behind >= kBehind ? 1.0F : 0.0F;  // rank 0 says when it is enough
    comm.all_reduce(values.data(), values.data(), kCount, DataType::f32, ReduceOp::sum);
    for (std::size_t i = 1; i < kCount; ++i) {
      require(values[i] == 2.0F * static_cast<float>((static_cast<std::size_t>(call) + i) % 1000),
              "a wrong sum in call " + std::to_string(call));
    }
    if (incident.under_way) ++incident.calls_during;
    if (values[0] > 0) break;
  }
  if (incident.thread.joinable()) incident.thread.join();
  if (comm.rank() == 0) std::printf("%d calls meanwhile\n", incident.calls_during.load());
}

void run_two(const Body& body) {
  Options options;
  options.transports = "verbs";
  const int status = run_processes(2, options, body);
  EXPECT_EQ(status, 0);
}

TEST(Link, a_cable_that_is_out_for_two_seconds_is_survived) {
  run_two([](Communicator& comm) {
    sum_through(comm, [](Incident& incident) {
      shell("ip link set p0 down");
      incident.under_way = true;
      std::this_thread::sleep_for(2s);
      incident.under_way = false;
      require(incident.calls_during <= 2, "the cable was not needed");
      shell("ip link set p0 up");
    });
  });
}

// The ranks' TCP connections go by way of lo, their data do not.
TEST(SideChannel, the_loss_of_tcp_alone_ends_nobody) {
  run_two([](Communicator& comm) {
    sum_through(comm, [](Incident& incident) {
      shell("tc qdisc add dev lo root netem loss 100%");
      incident.under_way = true;
      std::this_thread::sleep_for(15s);  // longer than TCP tries
      require(incident.calls_during > 2, "no call came through meanwhile");
      incident.under_way = false;
      shell("tc qdisc del dev lo root");
    });
  });
}

}  // namespace
}  // namespace weft::testing
