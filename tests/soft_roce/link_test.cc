// Networks that go away for a while in the middle of a call, in a machine of tests/soft_roce: rank
// 0 has rxe0 and rank 1 has rxe1, and cables join them by way of a bridge (tests/soft_roce/inside).
#include <gtest/gtest.h>
#include <sys/utsname.h>

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

// Whether soft-RoCE keeps a queue pair whose packets find no carrier. That of Linux 6.12 takes the
// network's answer for a failure of its own; cards send on, and nothing comes back.
bool sends_without_carrier() {
  utsname system{};
  uname(&system);
  int major = 0, minor = 0;
  return std::sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
         (major < 6 || (major == 6 && minor < 2));
}

TEST(Link, a_cable_that_is_out_for_two_seconds_is_survived) {
  const bool pulled = sends_without_carrier();
  run_two([pulled](Communicator& comm) {
    sum_through(comm, [pulled](Incident& incident) {
      // Or else it is there, and nothing comes through to rank 0.
      shell(pulled ? "ip link set p0 down" : "tc qdisc add dev p0 root netem loss 100%");
      incident.under_way = true;
      std::this_thread::sleep_for(2s);
      incident.under_way = false;
      require(incident.calls_during <= 2, "the cable was not needed");
      shell(pulled ? "ip link set p0 up" : "tc qdisc del dev p0 root");
    });
  });
}

// The rank that loses its port sends nothing meanwhile; the other one waits for it.
TEST(Link, a_port_that_is_down_for_a_second_is_survived) {
  run_two([](Communicator& comm) {
    for (int call = 0; call < 200; ++call) {
      if (comm.rank() == 0 && call == 100) {
        shell("ip link set p0 down");
        std::this_thread::sleep_for(1s);
        shell("ip link set p0 up");
      }
      float value = 1;
      comm.all_reduce(&value, &value, 1, DataType::f32, ReduceOp::sum);
      require(value == 2, "a wrong sum");
    }
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
