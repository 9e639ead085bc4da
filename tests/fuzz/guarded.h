// Memory between two pages that nobody may touch.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <span>

namespace weft::fuzz {

class Guarded {
 public:
  static constexpr std::size_t kPage = 4096;

  explicit Guarded(std::size_t pages) : bytes_(pages * kPage) {
    void* memory = mmap(nullptr, bytes_ + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    begin_ = static_cast<std::byte*>(memory) + kPage;
    if (mprotect(begin_, bytes_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  ~Guarded() { munmap(begin_ - kPage, bytes_ + 2 * kPage); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  std::byte* data() const { return begin_; }
  std::size_t size() const { return bytes_; }
  void fill(int value) { std::memset(begin_, value, bytes_); }
  bool holds(const void* address, std::size_t bytes) const {
    const auto* begin = static_cast<const std::byte*>(address);
    return begin >= begin_ && begin <= begin_ + bytes_ &&
           bytes <= static_cast<std::size_t>(begin_ + bytes_ - begin);
  }

 private:
  std::byte* begin_;
  std::size_t bytes_;
};

}  // namespace weft::fuzz
