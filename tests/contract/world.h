// Ranks for the contract suite: each has an open transport and runs the same body, as a thread or
// as a forked process.
#pragma once

#include <weft/transport.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weft::contract {

using transport::Capabilities;
using transport::Failure;
using transport::Get;
using transport::JobIdentity;
using transport::LocalMemory;
using transport::MemoryKey;
using transport::OpenOptions;
using transport::Plugin;
using transport::Put;
using transport::RemoteMemory;
using transport::SignalOp;
using transport::Status;
using transport::Transport;

// A transport under test, and how its ranks run.
struct Subject {
  std::string name;
  const Plugin* plugin = nullptr;
  std::map<std::string, std::string> settings;
  bool processes = false;          // forked processes instead of threads
  bool decorated = false;          // inside the fault decorator, with no faults
  std::uint64_t longest_hold = 0;  // but with puts held back for some progress() calls
  bool wakes = false;              // opened to be waited for at its descriptor
};

// All of them: what is built in, and the example's plugin.
std::vector<Subject> all_subjects();

struct Shared;

// What a rank opens its transport as; by default under its rank, among all ranks, for a job of all.
struct Numbers {
  int own = -1;
  int size = 0;
  int jobs = 1;  // ranks r and r + jobs belong together; 0: to no job
};

// One rank's view. Functions that cannot do what they say record a test failure and end the rank's
// body.
class Rank {
 public:
  Rank(const Subject& subject, Shared& shared, int rank, int size, const Numbers& numbers);
  ~Rank();

  int rank() const { return rank_; }
  int size() const { return size_; }
  int next() const { return (rank_ + 1) % size_; }
  int previous() const { return (rank_ + size_ - 1) % size_; }
  Transport& transport() { return *transport_; }
  const std::vector<Failure>& failures() const { return failures_; }
  bool failed(int peer) const;
  void forget_failures() { failures_.clear(); }

  // All ranks that live call these. Waiting moves the transport on.
  void barrier();
  void barrier_without_progress();
  std::vector<std::vector<std::byte>> exchange(std::span<const std::byte> mine);
  void connect_all();
  std::vector<RemoteMemory> share(const LocalMemory& memory);

  LocalMemory allocate(std::size_t bytes);
  // Calls progress() until the condition holds.
  void until(const char* what, const std::function<bool()>& condition);
  // The same, asleep at blocking_wait_fd in between; a wake-up that does not come is a failure.
  void until_woken(const char* what, const std::function<bool()>& condition);
  // Posts all, with progress() while the queue is full.
  void post(std::span<const Put> puts);
  void post(const Put& put) { post({&put, 1}); }
  // Posts a copy in pieces of at most max_message, each of which adds 1 to the word at
  // `signal_offset`, and to *completed once `bytes` may go. Returns how many.
  std::uint64_t send(const RemoteMemory& target, std::uint64_t offset,
                     std::span<const std::byte> bytes, std::uint64_t signal_offset,
                     std::uint64_t* completed = nullptr);
  void close();
  // Ends this process by SIGKILL.
  [[noreturn]] void die();

 private:
  void wait(const char* what, const std::function<bool()>& condition, Transport* moved);
  void meet(Transport* moved);
  [[noreturn]] void stop(const std::string& why);
  static const char* setting(void* context, const char* name);
  static void report_failure(void* context, const Failure* failure);

  const Subject& subject_;
  Shared& shared_;
  const int rank_;
  const int size_;
  Transport* opened_ = nullptr;
  std::unique_ptr<Transport> decorator_;
  Transport* transport_ = nullptr;
  std::vector<Failure> failures_;
};

using Body = std::function<void(Rank&)>;

// Runs the body at every rank and returns when all have ended. `killed`: the rank that ends by
// SIGKILL (processes only).
void run(const Subject& subject, int ranks, const Body& body, int killed = -1,
         const Numbers& numbers = {});

// The word at an offset of a memory, as its reader polls it.
std::uint64_t load_word(const LocalMemory& memory, std::uint64_t offset);

// Bytes that tell their position and a seed.
std::byte pattern(std::uint64_t seed, std::size_t index);
std::vector<std::byte> pattern_bytes(std::uint64_t seed, std::size_t bytes);
// The first index at which `bytes` differ from the pattern, or bytes.size().
std::size_t first_difference(std::span<const std::byte> bytes, std::uint64_t seed);

std::byte* data(const LocalMemory& memory);

}  // namespace weft::contract
