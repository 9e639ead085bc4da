// A child that fork() made has its parent's links in its memory, and must not use them: peers would
// take it for the parent.
#pragma once

namespace weft::links {

// One for each set of links. Threads may make and end them at the same time.
class ForkGuard {
 public:
  ForkGuard();
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  // Whether this process is a child of the one that made it. Cheap enough for every call.
  bool forked() const { return forked_; }
  // Throws Error(unsupported) in such a child.
  void check() const {
    if (forked_) [[unlikely]]
      refuse();
  }

 private:
  friend struct ForkHandlers;
  [[noreturn]] static void refuse();

  bool forked_ = false;
};

}  // namespace weft::links
