// Puts to one peer that must not wait: what its transport has no room for is posted later.
#pragma once

#include <weft/transport.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "p2p/endpoint.h"

namespace weft::p2p {

class PutQueue {
 public:
  // `capacity`: puts of one batch, as a rule. `endpoint` outlives it.
  PutQueue(Endpoint& endpoint, int peer, std::size_t capacity);
  PutQueue(const PutQueue&) = delete;
  PutQueue& operator=(const PutQueue&) = delete;

  // The same order at the peer. A mapped peer's memory is written at once. For others `source`
  // stays as it is until done().
  void put(const void* source, const RemoteSpan& target, std::size_t bytes);
  // Sets a word there once all of the above has arrived.
  void signal(const RemoteSpan& word, std::uint64_t value);
  // Posts as much as there is room for. Does not block.
  void push();

  bool posted() const { return next_ == puts_.size(); }
  // All has left, as far as it ever will.
  bool done() const { return (posted() && (puts_.empty() || left_.done())) || !status_.ok(); }
  // Throws what a put met, naming the peer.
  void check() const;
  // Before the next batch: the last one is done, or its peer is given up.
  void clear();

 private:
  const links::Completion& left();

  Endpoint& endpoint_;
  const int peer_;
  std::vector<transport::Put> puts_;
  std::size_t next_ = 0;    // the first that is not posted
  links::Completion left_;  // taken with the first put
  transport::Status status_;
};

}  // namespace weft::p2p
