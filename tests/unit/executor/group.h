// Ranks side by side in one thread, whose executors reach each other's pads as plain memory or by
// puts of the sim transport.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "executor/executor.h"
#include "transport/loader.h"

namespace weft::executor {

enum class Reach { mapped, puts };

class Group {
 public:
  Group(int ranks, Reach reach, std::size_t pad_bytes);
  ~Group();

  int ranks() const { return static_cast<int>(members_.size()); }
  bool mapped() const { return reach_ == Reach::mapped; }
  const World& world(int rank) const { return member(rank).world; }

  // Runs an operation at every rank, each started before any is waited for, until all are complete.
  void run(const std::function<Launch(int rank)>& launch_of);

 private:
  struct Member {
    World world;
    transport::LocalMemory pad;
    std::unique_ptr<std::byte[]> memory;
    transport::Transport* transport = nullptr;
    std::unique_ptr<links::Links> links;
    std::unique_ptr<Executor> executor;
    Operation operation;
  };

  Member& member(int rank) const { return *members_[static_cast<std::size_t>(rank)]; }
  void make_pad(Member& member, std::size_t bytes);
  void link(int rank, int peer);

  Reach reach_;
  SteadyClock clock_;
  const transport::Plugin* plugin_ = nullptr;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace weft::executor
