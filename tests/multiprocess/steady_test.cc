// The steady state of a plan: start() and wait() allocate nothing, take no lock, and make no system
// call while the peers keep up.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>

#include <atomic>
#include <new>

#include "deeds.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

constexpr int kRanks = 2;
constexpr std::size_t kCount = 16'384;
constexpr std::size_t kHidden = 1024;

// Counts turns that two processes take one after the other. Made before they are forked.
class Turns {
 public:
  Turns() {
    void* page =
        mmap(nullptr, sizeof(*taken_), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    taken_ = new (page) std::atomic<long>(0);
  }
  ~Turns() { munmap(taken_, sizeof(*taken_)); }
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  template <class Action>
  void take(int rank, const Action& action) {
    while (taken_->load(std::memory_order_acquire) % kRanks != rank) sched_yield();
    action();
    taken_->fetch_add(1, std::memory_order_release);
  }

 private:
  std::atomic<long>* taken_;
};

// One rank's plans and the memory they run on.
struct Plans {
  explicit Plans(Communicator& comm) {
    const std::size_t bytes = kCount * sizeof(float);
    for (Buffer& buffer : buffers) buffer = comm.allocate(bytes);
    const auto allocated = [&](int i) { return buffers[i].data(); };
    const RmsNorm norm{allocated(2), allocated(2), weight.data(), kHidden, 1e-6f};
    const RmsNorm private_norm{residual.data(), residual.data(), weight.data(), kHidden, 1e-6f};
    const auto add = [&](const char* name, Plan plan) {
      names.emplace_back(name);
      all.push_back(std::move(plan));
    };
    add("all_reduce, private",
        comm.plan_all_reduce(in.data(), out.data(), kCount, DataType::f32, ReduceOp::sum));
    add("all_reduce, allocated",
        comm.plan_all_reduce(allocated(0), allocated(1), kCount, DataType::f32, ReduceOp::sum));
    add("all_reduce, measured",
        comm.plan_all_reduce(allocated(0), allocated(1), kCount, DataType::f32, ReduceOp::sum,
                             {.measure = true}));
    add("all_reduce of 8 bytes",
        comm.plan_all_reduce(in.data(), out.data(), 2, DataType::f32, ReduceOp::sum));
    const std::size_t rows = kCount / kHidden;
    add("rms_norm, private",
        comm.plan_all_reduce_rms_norm(in.data(), out.data(), rows, DataType::f32, private_norm));
    add("rms_norm, allocated",
        comm.plan_all_reduce_rms_norm(allocated(0), allocated(1), rows, DataType::f32, norm));
    add("int8", comm.plan_all_reduce_quantized(in.data(), out.data(), kCount, DataType::f32,
                                               Quantization::int8));
    comm.prefer(Collective::all_reduce, {.algorithm = "two_shot"});
    add("fp8_e4m3, two shots",
        comm.plan_all_reduce_quantized(in.data(), out.data(), kCount, DataType::bf16,
                                       Quantization::fp8_e4m3));
    comm.prefer(Collective::all_reduce, {});
  }

  Buffer buffers[3];
  std::vector<float> in = std::vector<float>(kCount, 1.0f), out = in, residual = in;
  std::vector<float> weight = std::vector<float>(kHidden, 1.0f);
  std::vector<std::string> names;
  std::vector<Plan> all;
};

void require_none(const std::string& what) {
  require(deeds.allocations == 0, fmt::format("{}: {} allocations", what, deeds.allocations));
  require(deeds.locks == 0, fmt::format("{}: {} locks", what, deeds.locks));
  require(deeds.system_calls == 0, fmt::format("{}: {} system calls, the last was number {}", what,
                                               deeds.system_calls, deeds.last_system_call));
}

// Each rank starts, then each waits, in turns: what the second rank does in its start is all that
// the first one's wait needs, and so on. So nobody ever waits for a peer that is not there,
// whatever else the machine does.
TEST(SteadyState, NeitherAllocatesNorLocksNorEntersTheKernel) {
  Turns turns;
  Options options;
  options.wait_policy = WaitPolicy::spin;
  const int status = run_processes(kRanks, options, [&](Communicator& comm) {
    Plans plans(comm);
    const bool system_calls = can_watch_system_calls();
    if (!system_calls) fmt::print("this kernel cannot tell of system calls\n");
    constexpr int kWarmUps = 4, kCalls = 200;
    for (std::size_t p = 0; p < plans.all.size(); ++p) {
      for (int call = 0; call < kWarmUps + kCalls; ++call) {
        if (call == kWarmUps) deeds = {};
        turns.take(comm.rank(), [&] {
          const Watch watch(system_calls);
          plans.all[p].start();
        });
        turns.take(comm.rank(), [&] {
          const Watch watch(system_calls);
          plans.all[p].wait();
        });
      }
      require_none(plans.names[p]);
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(SteadyState, NeitherAllocatesNorLocksAtFullSpeed) {
  const int status = run_processes(kRanks, {}, [](Communicator& comm) {
    Plans plans(comm);
    constexpr int kCalls = 1000;
    for (std::size_t p = 0; p < plans.all.size(); ++p) {
      plans.all[p].start();
      plans.all[p].wait();
      deeds = {};
      const Watch watch(false);
      for (int call = 0; call < kCalls; ++call) {
        plans.all[p].start();
        plans.all[p].wait();
      }
    }
    require_none("at full speed");
  });
  EXPECT_EQ(status, 0);
}

// What the other tests rest on.
TEST(Watch, SeesAllocationsLocksAndSystemCalls) {
  const bool system_calls = can_watch_system_calls();
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  deeds = {};
  {
    const Watch watch(system_calls);
    void* volatile memory = ::operator new(100);
    ::operator delete(memory);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    sched_yield();
  }
  EXPECT_EQ(deeds.allocations, 1);
  EXPECT_EQ(deeds.locks, 1);
  EXPECT_EQ(deeds.system_calls, system_calls ? 1 : 0);
}

}  // namespace
}  // namespace weft::testing
