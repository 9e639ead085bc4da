// Messages between two ranks: send, recv and what waits for them.
#include "base/error.h"
#include "communicator/impl.h"
#include "p2p/messages/message_request.h"

namespace weft {
namespace {

void check_rank(const char* call, const Communicator::Impl& impl, int rank, bool any) {
  if (any && rank == kAnySource) {
    if (impl.ranks() > 1) return;
    fail(ErrorCode::invalid_argument, "{}: there is no other rank", call);
  }
  if (rank < 0 || rank >= impl.ranks())
    fail(ErrorCode::invalid_argument, "{}: rank {} of {}", call, rank, impl.ranks());
  if (rank == impl.rank())
    fail(ErrorCode::invalid_argument, "{}: rank {} is this rank itself", call, rank);
}

void check_send(const Communicator::Impl& impl, const void* data, std::size_t bytes, int rank,
                int tag) {
  p2p::check_buffer("send", data, bytes);
  check_rank("send", impl, rank, false);
  p2p::check_tag("send", tag, false);
}

void check_receive(const Communicator::Impl& impl, const void* data, std::size_t bytes, int rank,
                   int tag) {
  p2p::check_buffer("recv", data, bytes);
  check_rank("recv", impl, rank, true);
  p2p::check_tag("recv", tag, true);
}

}  // namespace

void Communicator::send(const void* data, std::size_t bytes, int rank, int tag) {
  check_send(*impl_, data, bytes, rank, tag);
  impl_->messenger->send(data, bytes, rank, tag, impl_->executor->timeout());
}

Request Communicator::send_async(const void* data, std::size_t bytes, int rank, int tag) {
  check_send(*impl_, data, bytes, rank, tag);
  Request request;
  request.state_ = std::make_unique<p2p::MessageRequest<p2p::SendRequest>>(
      *impl_->messenger, impl_->messenger->start_send(data, bytes, rank, tag),
      impl_->executor->timeout(), impl_);
  return request;
}

Received Communicator::recv(void* data, std::size_t max_bytes, int rank, int tag) {
  check_receive(*impl_, data, max_bytes, rank, tag);
  return impl_->messenger->receive(data, max_bytes, rank, tag, impl_->executor->timeout());
}

Request Communicator::recv_async(void* data, std::size_t max_bytes, int rank, int tag) {
  check_receive(*impl_, data, max_bytes, rank, tag);
  Request request;
  request.state_ = std::make_unique<p2p::MessageRequest<p2p::ReceiveRequest>>(
      *impl_->messenger, impl_->messenger->start_receive(data, max_bytes, rank, tag),
      impl_->executor->timeout(), impl_);
  return request;
}

Received Communicator::sendrecv(const void* data, std::size_t bytes, int to, int send_tag,
                                void* into, std::size_t max_bytes, int from, int recv_tag) {
  check_send(*impl_, data, bytes, to, send_tag);
  check_receive(*impl_, into, max_bytes, from, recv_tag);
  Request receive = recv_async(into, max_bytes, from, recv_tag);
  Request send = send_async(data, bytes, to, send_tag);
  receive.wait();
  send.wait();
  return receive.received();
}

std::optional<Received> Communicator::probe(int rank, int tag) {
  check_rank("probe", *impl_, rank, true);
  p2p::check_tag("probe", tag, true);
  impl_->endpoint->progress();
  return impl_->messenger->probe(rank, tag);
}

}  // namespace weft
