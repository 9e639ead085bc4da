// What transports that deliver puts by messages have in common.
#pragma once

#include <weft/transport.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace weft::transport {

// What is wrong with a put, for Error(invalid_argument); null: nothing, and *peer is whom it goes
// to.
const char* fault_of(const Put& put, int* peer);
const char* fault_of(const Get& get);

// Changes a signal's word, 8-byte aligned; whoever sees it sees all that was written before.
inline void change_word(std::byte* word, SignalOp op, std::uint64_t value) {
  std::atomic_ref<std::uint64_t> target(*reinterpret_cast<std::uint64_t*>(word));
  if (op == SignalOp::set) target.store(value, std::memory_order_release);
  if (op == SignalOp::add) target.fetch_add(value, std::memory_order_release);
}
// The word as it is, and with it all that was written before it was changed.
inline std::uint64_t read_word(const std::byte* word) {
  auto* plain = const_cast<std::uint64_t*>(reinterpret_cast<const std::uint64_t*>(word));
  return std::atomic_ref<std::uint64_t>(*plain).load(std::memory_order_acquire);
}

// What put() answers while nothing more fits: no failure.
Status queue_full();

// A setting, or null where it is unset. Valid until the next call.
const char* text_setting(const OpenOptions& options, const char* name);
// A number among the settings. Throws std::invalid_argument with the setting's name and the range.
long number_setting(const OpenOptions& options, const char* name, long least, long most,
                    long otherwise);

std::size_t whole_pages(std::size_t bytes);

// Keys of peers' memories, behind the handles of RemoteMemory. `Key` is plain data whose first
// member is `magic`, with `bytes` among the others.
template <typename Key>
class Imports {
 public:
  Status import(int peer, const MemoryKey& key, RemoteMemory* out) {
    Key theirs;
    const std::uint32_t magic = theirs.magic;
    if (key.size == sizeof(theirs)) std::memcpy(&theirs, key.bytes, sizeof(theirs));
    if (key.size != sizeof(theirs) || theirs.magic != magic)
      return Status::error(ErrorCode::invalid_argument, "not a key of this transport");
    if (free_.empty()) {
      free_.push_back(all_.size());
      all_.emplace_back();
    }
    const std::size_t handle = free_.back();
    free_.pop_back();
    all_[handle] = theirs;
    *out = {peer, handle, theirs.bytes, nullptr};
    return {};
  }
  void release(const RemoteMemory& memory) {
    free_.push_back(static_cast<std::size_t>(memory.handle));
  }
  const Key& operator[](const RemoteMemory& memory) const { return all_[memory.handle]; }

 private:
  std::vector<Key> all_;
  std::vector<std::size_t> free_;
};

// Fills what a peer needs into `out`.
template <typename Key>
void describe_memory(const Key& key, std::byte* address, std::uint64_t handle, LocalMemory* out) {
  static_assert(sizeof(key) <= sizeof(out->key.bytes));
  *out = {};
  out->address = address;
  out->bytes = key.bytes;
  out->handle = handle;
  out->key.size = sizeof(key);
  std::memcpy(out->key.bytes, &key, sizeof(key));
}

}  // namespace weft::transport
