#include "world.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>

#include "transport/fault.h"

namespace weft::contract {
namespace {

constexpr int kMaxRanks = 16;
constexpr std::size_t kSlotBytes = 4096;
constexpr auto kDeadline = std::chrono::seconds(60);

using Clock = std::chrono::steady_clock;

// Ends a rank's body; what happened is recorded already.
struct Stop {};

}  // namespace

// What the ranks share before their transports work; threads and processes alike.
struct Shared {
  std::array<std::atomic<std::uint32_t>, kMaxRanks> barriers{};  // that each rank has come to
  std::array<std::atomic<bool>, kMaxRanks> dead{};
  std::atomic<bool> failed{false};
  std::array<std::uint32_t, kMaxRanks> slot_bytes{};
  std::array<std::array<std::byte, kSlotBytes>, kMaxRanks> slots{};
};

Rank::Rank(const Subject& subject, Shared& shared, int rank, int size, const Numbers& numbers)
    : subject_(subject), shared_(shared), rank_(rank), size_(size) {
  OpenOptions options;
  options.rank = numbers.own >= 0 ? numbers.own : rank;
  options.size = numbers.size > 0 ? numbers.size : size;
  if (numbers.jobs > 0) options.job = {{1, static_cast<std::uint64_t>(rank % numbers.jobs)}};
  options.wakes = subject.wakes;
  options.context = this;
  options.setting = setting;
  options.report_failure = report_failure;
  Status why;
  opened_ = subject.plugin->open(&options, &why);
  if (opened_ == nullptr) stop(std::string("open: ") + why.message);
  transport_ = opened_;
  if (subject.decorated) {
    decorator_ =
        std::make_unique<transport::FaultyTransport>(*opened_, options, transport::FaultRules{});
    transport_ = decorator_.get();
  }
}

Rank::~Rank() { close(); }

void Rank::close() {
  decorator_.reset();
  if (opened_ != nullptr) subject_.plugin->close(opened_);
  opened_ = transport_ = nullptr;
}

const char* Rank::setting(void* context, const char* name) {
  const auto& settings = static_cast<Rank*>(context)->subject_.settings;
  const auto found = settings.find(name);
  return found != settings.end() ? found->second.c_str() : nullptr;
}

void Rank::report_failure(void* context, const Failure* failure) {
  static_cast<Rank*>(context)->failures_.push_back(*failure);
}

bool Rank::failed(int peer) const {
  return std::any_of(failures_.begin(), failures_.end(),
                     [&](const Failure& f) { return f.peer == peer || f.peer == -1; });
}

void Rank::stop(const std::string& why) {
  const std::string told = failures_.empty() ? "" : std::string("; told of: ") + failures_[0].cause;
  ADD_FAILURE() << subject_.name << ", rank " << rank_ << ": " << why << told;
  throw Stop{};
}

void Rank::until(const char* what, const std::function<bool()>& condition) {
  wait(what, condition, transport_);
}

void Rank::until_woken(const char* what, const std::function<bool()>& condition) {
  constexpr int kLongestMs = 10'000;
  pollfd descriptor{transport_->capabilities().blocking_wait_fd, POLLIN, 0};
  while (!condition()) {
    if (shared_.failed) throw Stop{};
    transport_->arm();
    if (transport_->progress() > 0 || condition()) continue;
    if (::poll(&descriptor, 1, kLongestMs) == 0)
      stop(std::string("nothing woke it although it waited until ") + what);
  }
}

void Rank::wait(const char* what, const std::function<bool()>& condition, Transport* moved) {
  const auto deadline = Clock::now() + kDeadline;
  while (!condition()) {
    if (moved == nullptr || moved->progress() == 0) sched_yield();
    if (shared_.failed) throw Stop{};
    if (Clock::now() > deadline) stop(std::string("waited in vain until ") + what);
  }
}

void Rank::barrier() { meet(transport_); }

void Rank::barrier_without_progress() { meet(nullptr); }

void Rank::meet(Transport* moved) {
  const std::uint32_t mine = ++shared_.barriers[rank_];
  const auto everybody = [&] {
    for (int peer = 0; peer < size_; ++peer) {
      if (!shared_.dead[peer] && shared_.barriers[peer] < mine) return false;
    }
    return true;
  };
  wait("all ranks have come to a barrier", everybody, moved);
}

void Rank::die() {
  shared_.dead[rank_] = true;
  kill(getpid(), SIGKILL);
  std::abort();  // not reached
}

std::vector<std::vector<std::byte>> Rank::exchange(std::span<const std::byte> mine) {
  if (mine.size() > kSlotBytes) stop("a blob above 4096 bytes");
  std::copy(mine.begin(), mine.end(), shared_.slots[rank_].begin());
  shared_.slot_bytes[rank_] = static_cast<std::uint32_t>(mine.size());
  barrier();
  std::vector<std::vector<std::byte>> all;
  for (int rank = 0; rank < size_; ++rank) {
    const auto begin = shared_.slots[rank].begin();
    all.emplace_back(begin, begin + shared_.slot_bytes[rank]);
  }
  barrier();
  return all;
}

void Rank::connect_all() {
  const auto addresses = exchange(transport_->address());
  for (int peer = 0; peer < size_; ++peer) {
    const Status status = transport_->connect(peer, addresses[peer]);
    if (!status.ok()) stop(std::string("connect: ") + status.message);
  }
  until("all peers are connected", [&] {
    for (int peer = 0; peer < size_; ++peer) {
      if (!transport_->connected(peer)) return false;
    }
    return true;
  });
  barrier();
}

std::vector<RemoteMemory> Rank::share(const LocalMemory& memory) {
  std::vector<RemoteMemory> imported(size_);
  const auto keys = exchange(std::as_bytes(std::span(&memory.key, 1)));
  for (int peer = 0; peer < size_; ++peer) {
    MemoryKey key;
    std::memcpy(&key, keys[peer].data(), sizeof(key));
    const Status status = transport_->import_memory(peer, key, &imported[peer]);
    if (!status.ok()) stop(std::string("import_memory: ") + status.message);
  }
  barrier();
  return imported;
}

LocalMemory Rank::allocate(std::size_t bytes) {
  LocalMemory memory;
  const Status status = transport_->allocate(bytes, &memory);
  if (!status.ok()) stop(std::string("allocate: ") + status.message);
  return memory;
}

void Rank::post(std::span<const Put> puts) {
  until("the queue takes all puts", [&] {
    std::size_t posted = 0;
    const Status status = transport_->put(puts, &posted);
    if (!status.ok() && status.code != ErrorCode::no_resources) {
      stop(std::string("put: ") + status.message);
    }
    if (status.ok() && posted != puts.size()) stop("put: ok, but not all were posted");
    puts = puts.subspan(posted);
    return puts.empty();
  });
}

std::uint64_t Rank::send(const RemoteMemory& target, std::uint64_t offset,
                         std::span<const std::byte> bytes, std::uint64_t signal_offset,
                         std::uint64_t* completed) {
  const std::uint64_t largest = transport_->capabilities().max_message;
  std::uint64_t pieces = 0;
  do {
    const std::size_t piece = std::min<std::uint64_t>(bytes.size(), largest);
    Put put;
    put.source = bytes.data();
    put.target = &target;
    put.target_offset = offset;
    put.bytes = piece;
    put.signal = SignalOp::add;
    put.signal_memory = &target;
    put.signal_offset = signal_offset;
    put.signal_value = 1;
    put.completed = completed;
    post(put);
    bytes = bytes.subspan(piece);
    offset += piece;
    ++pieces;
  } while (!bytes.empty());
  return pieces;
}

namespace {

// Runs one rank to its end; any failure ends the others too.
void run_rank(const Subject& subject, Shared& shared, int number, int ranks, const Body& body,
              const Numbers& numbers) {
  try {
    Rank rank(subject, shared, number, ranks, numbers);
    body(rank);
    if (testing::Test::HasFailure()) shared.failed = true;
    rank.barrier();  // nobody closes while others still work
  } catch (const Stop&) {
    shared.failed = true;
  }
}

void run_threads(const Subject& subject, Shared& shared, int ranks, const Body& body,
                 const Numbers& numbers) {
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] { run_rank(subject, shared, rank, ranks, body, numbers); });
  }
}

// UCX 1.13 ends a survivor by an assertion of its own, one time in some hundred, if a peer dies in
// the middle of a large message over TCP ("comp->count > 0"; docs/ucx.md).
bool aborted_in_ucx(const Subject& subject, int killed, int status) {
  return killed >= 0 && subject.name.starts_with("ucx") && WIFSIGNALED(status) &&
         WTERMSIG(status) == SIGABRT;
}

// False where UCX itself ended a rank, which says nothing about the transport.
bool run_processes(const Subject& subject, Shared& shared, int ranks, const Body& body, int killed,
                   const Numbers& numbers) {
  bool valid = true;
  std::cout.flush();
  std::vector<pid_t> children;
  for (int rank = 0; rank < ranks; ++rank) {
    const pid_t child = fork();
    if (child == 0) {
      run_rank(subject, shared, rank, ranks, body, numbers);
      std::cout.flush();
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    children.push_back(child);
  }
  for (int rank = 0; rank < ranks; ++rank) {
    int status = 0;
    waitpid(children[rank], &status, 0);
    if (aborted_in_ucx(subject, killed, status)) {
      valid = false;
    } else if (rank == killed) {
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "rank " << rank;
    } else {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
          << "rank " << rank << " ended with status " << status;
    }
    if (testing::Test::HasFailure()) shared.failed = true;
  }
  return valid;
}

}  // namespace

void run(const Subject& subject, int ranks, const Body& body, int killed, const Numbers& numbers) {
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  constexpr int kMostTries = 3;
  bool valid = !subject.processes;
  if (!subject.processes) run_threads(subject, *new (memory) Shared, ranks, body, numbers);
  for (int tries = 0; !valid && tries < kMostTries; ++tries)
    valid = run_processes(subject, *new (memory) Shared, ranks, body, killed, numbers);
  EXPECT_TRUE(valid) << "UCX ends ranks by assertions of its own";
  munmap(memory, sizeof(Shared));
}

std::uint64_t load_word(const LocalMemory& memory, std::uint64_t offset) {
  auto& word = *reinterpret_cast<std::uint64_t*>(data(memory) + offset);
  return std::atomic_ref<std::uint64_t>(word).load(std::memory_order_acquire);
}

std::byte pattern(std::uint64_t seed, std::size_t index) {
  return static_cast<std::byte>((index * 131 + seed * 29 + (index >> 8)) & 0xFF);
}

std::vector<std::byte> pattern_bytes(std::uint64_t seed, std::size_t bytes) {
  std::vector<std::byte> result(bytes);
  for (std::size_t i = 0; i < bytes; ++i) result[i] = pattern(seed, i);
  return result;
}

std::size_t first_difference(std::span<const std::byte> bytes, std::uint64_t seed) {
  std::size_t i = 0;
  while (i < bytes.size() && bytes[i] == pattern(seed, i)) ++i;
  return i;
}

std::byte* data(const LocalMemory& memory) { return static_cast<std::byte*>(memory.address); }

}  // namespace weft::contract
