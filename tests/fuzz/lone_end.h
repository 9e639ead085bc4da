// An endpoint whose one peer does nothing, over a transport that checks what is asked of it: puts
// and copies stay inside the memory that was named, and what is taken is given back.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/guarded.h"
#include "fuzz/target.h"
#include "p2p/endpoint.h"

namespace weft::fuzz {

// What the peer is like.
struct Manner {
  bool mapped = false;     // its memory, and this process's there
  bool shares = false;     // the buffers of both may be mapped at the other
  bool reaches = false;    // private memory is copied by the transport
  bool registers = false;  // private memory can be put to
};

class CheckedTransport final : public transport::Transport {
 public:
  static constexpr std::uint64_t kRegions = 2;  // keys that the peer has

  CheckedTransport(const Manner& manner, const Guarded& theirs)
      : manner_(manner), theirs_(theirs) {}

  ~CheckedTransport() override {
    require(imported_ == 0 && registered_ == 0, "memory was not given back");
  }

  transport::Capabilities capabilities() const override { return {}; }
  std::span<const std::byte> address() const override { return {}; }
  transport::Status connect(int, std::span<const std::byte>) override { return {}; }
  void disconnect(int) override {}
  bool connected(int) const override { return true; }
  transport::Status allocate(std::size_t, transport::LocalMemory*) override { return refused(); }

  transport::Status register_memory(void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override {
    if (!manner_.registers) return refused();
    *out = {address, bytes, 1, {}};
    ++registered_;
    return {};
  }
  void release(const transport::LocalMemory&) override { --registered_; }
  transport::Status import_memory(int peer, const transport::MemoryKey& key,
                                  transport::RemoteMemory* out) override {
    require(!manner_.mapped, "a key of a mapped peer is imported");
    const std::uint64_t handle = std::to_integer<std::uint64_t>(key.bytes[0]);
    if (key.size != 8 || handle >= kRegions) return refused();
    *out = {peer, handle, theirs_.size() >> handle, nullptr};
    ++imported_;
    return {};
  }
  void release(const transport::RemoteMemory&) override { --imported_; }

  transport::Status put(std::span<const transport::Put> puts, std::size_t* posted) override {
    for (const transport::Put& put : puts) {
      if (put.bytes > 0)
        std::memcpy(place(*put.target, put.target_offset, put.bytes), put.source, put.bytes);
      if (put.signal != transport::SignalOp::none)
        (void)place(*put.signal_memory, put.signal_offset, sizeof(std::uint64_t));
      if (put.completed != nullptr) leaving_.push_back(put.completed);
    }
    *posted = puts.size();
    return {};
  }
  transport::Status get(std::span<const transport::Get>) override { return refused(); }

  // Every second address is none of the peer's.
  transport::Status copy_private(int, std::uint64_t theirs, void* mine, std::size_t bytes,
                                 bool write) override {
    if (!manner_.reaches) return refused();
    if (bytes == 0) return {};
    if (theirs % 2 != 0) return transport::Status::error(ErrorCode::peer_failed, "no such memory");
    std::vector<std::byte> peer(bytes, std::byte{0x5a});
    write ? std::memcpy(peer.data(), mine, bytes) : std::memcpy(mine, peer.data(), bytes);
    return {};
  }
  int progress() override {
    const int moved = static_cast<int>(leaving_.size());
    for (std::uint64_t* completed : leaving_) ++*completed;
    leaving_.clear();
    return moved;
  }

 private:
  static transport::Status refused() {
    return transport::Status::error(ErrorCode::unsupported, "not here");
  }
  std::byte* place(const transport::RemoteMemory& memory, std::uint64_t offset,
                   std::size_t bytes) const {
    require(offset <= memory.bytes && bytes <= memory.bytes - offset,
            "a put outside of its memory");
    return theirs_.data() + offset;
  }

  const Manner manner_;
  const Guarded& theirs_;
  int imported_ = 0, registered_ = 0;
  std::vector<std::uint64_t*> leaving_;
};

// Goes on by a little whenever it is looked at.
struct Ticks final : Clock {
  std::int64_t now_ns() const override { return now += 1000; }
  mutable std::int64_t now = 0;
};

struct TickingLinks {
  Ticks ticks;
  links::Links shared{ticks, 2};
};

class LoneEnd final : TickingLinks, public p2p::Endpoint {
 public:
  // `own`: what peers may have mapped here, `theirs`: the peer's, mapped or put to.
  LoneEnd(const Manner& manner, const Guarded& own, const Guarded& theirs)
      : Endpoint(TickingLinks::shared),
        manner_(manner),
        own_(own),
        theirs_(theirs),
        transport_(manner, theirs) {
    shared.progress.attend({&transport_});
    shared.progress.idle_by({});
    path_ = {&transport_, 1, manner.mapped, 4096, nullptr};
  }

  CheckedTransport& transport() { return transport_; }

  int self() const override { return 0; }
  int peers() const override { return 2; }
  const p2p::Path& path(int) const override { return path_; }
  std::string describe(int peer) const override { return "rank " + std::to_string(peer); }
  const std::string* failure(int) const override { return nullptr; }
  p2p::SharedPlace locate(const void* address, std::size_t bytes) const override {
    if (!manner_.shares || !own_.holds(address, bytes)) return {};
    return {1, static_cast<std::uint64_t>(static_cast<const std::byte*>(address) - own_.data())};
  }
  std::byte* mapped(int, const p2p::SharedPlace& place, std::size_t bytes) const override {
    const bool there = manner_.mapped && manner_.shares && place.id == 1 &&
                       place.offset <= theirs_.size() && bytes <= theirs_.size() - place.offset;
    return there ? theirs_.data() + place.offset : nullptr;
  }
  std::chrono::nanoseconds timeout() const override { return {}; }

 private:
  const Manner manner_;
  const Guarded& own_;
  const Guarded& theirs_;
  CheckedTransport transport_;
  p2p::Path path_;
};

}  // namespace weft::fuzz
