#include "p2p/access.h"

#include <algorithm>
#include <cstring>

#include "base/cpu.h"
#include "base/error.h"
#include "base/transport_kit.h"
#include "p2p/post.h"
#include "p2p/wait.h"
#include "reduce/reduce.h"

namespace weft::p2p {
namespace {

void write(std::byte* target, const void* source, std::size_t bytes) {
  if (bytes == sizeof(std::uint64_t)) {
    std::memcpy(target, source, sizeof(std::uint64_t));  // the commonest size, without a call
  } else {
    reduce::copy(target, source, bytes);
  }
}

}  // namespace

void check_alignment(const char* call, std::size_t offset) {
  if (offset % sizeof(std::uint64_t) != 0)
    fail(ErrorCode::invalid_argument, "{}: a word at {}, which is no multiple of 8", call, offset);
}

const links::Completion& Access::completion(int peer) {
  const auto known = std::ranges::find(used_, peer, &Used::peer);
  if (known != used_.end()) return known->left;
  return used_.emplace_back(Used{peer, endpoint_.take_completion(peer)}).left;
}

void Access::abandon(int peer) {
  for (const Used& used : used_) {
    if (used.peer == peer) used.left.abandon();
  }
}

// What is posted is posted as a rule at once.
template <typename Post>
void Access::await_room(const char* call, int peer, const Post& post) {
  if (!post()) await(endpoint_, {call, peer}, endpoint_.timeout(), post);
}

void Access::settle() {
  constexpr std::chrono::seconds kLongest{1};
  try {
    flush(kLongest);
  } catch (const Error&) {
    // Its peer is gone, and the transport with it lets go of the memory.
  }
}

void Access::put(int peer, const Remote& remote, std::size_t offset, const void* source,
                 std::size_t bytes, std::size_t signal_offset, std::uint64_t value,
                 transport::SignalOp how) {
  check_alive(endpoint_, peer, "put");
  const Path& path = endpoint_.path(peer);
  if (remote.span.mapped != nullptr) {
    write(remote.span.mapped + offset, source, bytes);
    if (how == transport::SignalOp::none) return;
    transport::change_word(remote.span.mapped + signal_offset, how, value);
    return wake(path);
  }
  put_by_transport(peer, remote, offset, source, bytes, signal_offset, value, how);
}

void Access::put_by_transport(int peer, const Remote& remote, std::size_t offset,
                              const void* source, std::size_t bytes, std::size_t signal_offset,
                              std::uint64_t value, transport::SignalOp how) {
  const Path& path = endpoint_.path(peer);
  const auto* from = static_cast<const std::byte*>(source);
  const links::Completion& left = completion(peer);
  do {
    const std::size_t part = std::min<std::uint64_t>(bytes, path.max_message);
    transport::Put put = make_put(from, remote.span + offset, part, left.word());
    bytes -= part;
    from += part;
    offset += part;
    if (bytes == 0 && how != transport::SignalOp::none)
      add_signal(&put, remote.span + signal_offset, value, how);
    std::span<const transport::Put> rest(&put, 1);
    await_room("put", peer, [&] {
      post_some(endpoint_, peer, &rest);
      return rest.empty();
    });
    left.asked();
  } while (bytes > 0);
}

void Access::get(int peer, const Remote& remote, std::size_t offset, void* destination,
                 std::size_t bytes) {
  check_alive(endpoint_, peer, "get");
  if (remote.span.mapped != nullptr) {
    reduce::copy(destination, remote.span.mapped + offset, bytes);
    return;
  }
  transport::Transport& transport = *endpoint_.path(peer).transport;
  const RemoteSpan source = remote.span + offset;
  const links::Completion& left = completion(peer);
  const transport::Get get{destination, source.memory, source.offset, bytes, left.word()};
  transport::Status status;
  await_room("get", peer, [&] {
    status = transport.get({&get, 1});
    return status.code != ErrorCode::no_resources;
  });
  if (!status.ok()) fail(status.code, "get from {}: {}", endpoint_.describe(peer), status.message);
  left.asked();
}

void Access::flush(std::chrono::nanoseconds timeout) {
  std::int64_t deadline = 0;
  for (const Used& used : used_) {
    if (used.left.done()) continue;
    const std::int64_t now = endpoint_.clock().now_ns();
    if (deadline == 0) deadline = now + timeout.count();
    await(endpoint_, {"flush", used.peer},
          std::chrono::nanoseconds(std::max(deadline - now, std::int64_t{0})),
          [&] { return used.left.done(); });
  }
}

std::uint64_t Access::wait_at_least(const std::byte* word, std::uint64_t value, int from,
                                    std::chrono::nanoseconds timeout) {
  std::uint64_t seen = 0;
  const auto ready = [&] {
    seen = transport::read_word(word);
    return seen >= value;
  };
  // As a rule it comes while this still spins.
  constexpr int kSteps = 512;
  // A look takes the line from its writer, who has no answer to find in it: they are best half as
  // long again apart, as measured.
  if (spins_ && spin(kSteps, poll_pauses() * 3 / 2, ready)) return seen;
  await(endpoint_, {"wait_at_least", from}, timeout, ready);
  return seen;
}

}  // namespace weft::p2p
