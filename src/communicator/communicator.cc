#include <weft/communicator.h>

#include <utility>

#include "communicator/impl.h"

namespace weft {

Communicator Communicator::create(const Options& options) {
  return Communicator(std::make_shared<Impl>(options));
}

Communicator::Communicator(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;
Communicator::~Communicator() = default;

int Communicator::rank() const noexcept { return impl_->rank(); }
int Communicator::size() const noexcept { return impl_->ranks(); }

Buffer Communicator::allocate(std::size_t bytes) {
  const Impl::Part part = impl_->allocate(bytes);
  Buffer buffer;
  buffer.data_ = part.data;
  buffer.bytes_ = bytes;
  buffer.owner_ = std::shared_ptr<void>(part.data, [impl = impl_, id = part.id](void*) {
    impl->links().progress.enter();
    impl->allocations->free(id);
  });
  return buffer;
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      owner_(std::move(other.owner_)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  data_ = std::exchange(other.data_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  owner_ = std::move(other.owner_);
  return *this;
}

Buffer::~Buffer() = default;

}  // namespace weft
