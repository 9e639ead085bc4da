// A short list. Schedules of many thousand steps hold two of them a step, mostly of one or two
// elements: those live in the list itself and cost no allocation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace weft::schedule {

// Like a std::vector<T> of plain data, as far as schedules need one.
template <typename T, std::uint32_t kInside>
class Few {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  Few() : memory_{} {}
  Few(std::initializer_list<T> elements) : Few() { assign(elements.begin(), elements.end()); }
  Few(const Few& other) : Few() { assign(other.begin(), other.end()); }
  Few(Few&& other) noexcept : Few() { swap(other); }
  Few& operator=(const Few& other) {
    if (this != &other) assign(other.begin(), other.end());
    return *this;
  }
  Few& operator=(Few&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Few() { release(); }

  template <typename Iterator>
  void assign(Iterator first, Iterator last) {
    release();
    const auto count = static_cast<std::uint32_t>(std::distance(first, last));
    if (count > kInside) memory_.outside = new T[count];
    size_ = count;
    std::copy(first, last, begin());
  }
  void push_back(const T& element) {
    if (size_ < kInside) {
      memory_.inside[size_++] = element;
      return;
    }
    T* longer = new T[size_ + 1];
    std::copy(begin(), end(), longer);
    longer[size_] = element;  // which may be one of those that are released now
    const std::uint32_t count = size_ + 1;
    release();
    memory_.outside = longer;
    size_ = count;
  }
  void pop_back() { assign_prefix(size_ - 1); }
  void clear() { assign_prefix(0); }

  T* begin() { return size_ > kInside ? memory_.outside : memory_.inside; }
  T* end() { return begin() + size_; }
  const T* begin() const { return size_ > kInside ? memory_.outside : memory_.inside; }
  const T* end() const { return begin() + size_; }
  T& operator[](std::size_t i) { return begin()[i]; }
  const T& operator[](std::size_t i) const { return begin()[i]; }
  T& front() { return *begin(); }
  const T& front() const { return *begin(); }
  T& back() { return end()[-1]; }
  const T& back() const { return end()[-1]; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  friend bool operator==(const Few& a, const Few& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void assign_prefix(std::uint32_t count) {
    Few shorter;
    shorter.assign(begin(), begin() + count);
    swap(shorter);
  }
  void swap(Few& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
  }
  void release() {
    if (size_ > kInside) delete[] memory_.outside;
    size_ = 0;
  }

  union Memory {
    T inside[kInside];
    T* outside;
  };
  static_assert(sizeof(T) * kInside >= sizeof(T*), "the union is swapped through its elements");

  Memory memory_;
  std::uint32_t size_ = 0;
};

}  // namespace weft::schedule
