// Transfers of several pieces, which complete together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::verbs {

class Transfers {
 public:
  // A new one without pieces, held by its caller until finish(). `completed` may be null.
  int start(std::uint64_t* completed) {
    if (free_.empty()) {
      free_.push_back(static_cast<int>(all_.size()));
      all_.emplace_back();
    }
    const int number = free_.back();
    free_.pop_back();
    all_[static_cast<std::size_t>(number)] = {completed, 1};
    return number;
  }
  void add_piece(int number) { ++all_[static_cast<std::size_t>(number)].left; }
  // A piece has completed, or who started it adds no more; with the last of them the whole has
  // completed. Not `raise`: it is dropped, and nothing is ever raised.
  void finish(int number, bool raise) {
    Transfer& transfer = all_[static_cast<std::size_t>(number)];
    if (!raise) transfer.completed = nullptr;
    if (--transfer.left > 0) return;
    if (transfer.completed != nullptr) ++*transfer.completed;
    free_.push_back(number);
  }

 private:
  struct Transfer {
    std::uint64_t* completed = nullptr;
    int left = 0;
  };
  std::vector<Transfer> all_;
  std::vector<int> free_;
};

}  // namespace weft::verbs
