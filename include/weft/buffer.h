/// Memory that every rank of a communicator reads and writes in place.
#pragma once

#include <weft/export.h>

#include <cstddef>
#include <memory>

namespace weft {

/// Memory from Communicator::allocate(). Move-only. It frees its memory at its end; it must end
/// before its communicator.
class WEFT_API Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&&) noexcept;
  Buffer& operator=(Buffer&&) noexcept;
  ~Buffer();

  /// The first byte of this rank's memory, aligned to a page; null for an empty buffer.
  void* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }
  template <typename T>
  T* as() const noexcept {
    return static_cast<T*>(data_);
  }

 private:
  friend class Communicator;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::shared_ptr<void> owner_;
};

}  // namespace weft
