// Puts to a peer.
#pragma once

#include <weft/transport.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "p2p/endpoint.h"

namespace weft::p2p {

// Throws Error(peer_failed) where a peer is gone, for `call`.
void check_alive(const Endpoint& endpoint, int peer, const char* call);

// Posts as many of `puts`, which go to one peer, as its transport has room for, and drops them from
// `puts`. Does not block. Throws Error(peer_failed, ...) with the peer's name.
void post_some(Endpoint& endpoint, int peer, std::span<const transport::Put>* puts);
// Throws what a post met, naming the peer.
void check_posted(const Endpoint& endpoint, int peer, const transport::Status& status);

// A put of `bytes` from `source` to `target`, and the word of `signal` (memory null: none) after
// it.
transport::Put make_put(const void* source, const RemoteSpan& target, std::size_t bytes,
                        std::uint64_t* completed);
void add_signal(transport::Put* put, const RemoteSpan& word, std::uint64_t value,
                transport::SignalOp how = transport::SignalOp::set);

// Wakes a mapped peer that sleeps; nothing for others.
void wake(const Path& path);
// Whether a mapped peer says that it has left in good order.
bool has_left(const Path& path);

}  // namespace weft::p2p
