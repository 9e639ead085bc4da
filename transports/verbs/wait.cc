// Waiting at a descriptor: completion channels, the devices' news and the TCP connections in one
// epoll.
#include <sys/epoll.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "transport.h"

namespace weft::verbs {

namespace {

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Takes the channel's events; what they told of is in the queues.
void drain(ibv_comp_channel* channel) {
  ibv_cq* queue = nullptr;
  void* context = nullptr;
  while (ibv_get_cq_event(channel, &queue, &context) == 0) ibv_ack_cq_events(queue, 1);
}

}  // namespace

void Transport::open_wait_descriptor() {
  wait_fd_ = above_standard(epoll_create1(EPOLL_CLOEXEC));
  if (wait_fd_ < 0) return;
  watch(wait_fd_, peers_.control_descriptor());
  for (const auto& rail : context_.rails) {
    watch(wait_fd_, rail->channel()->fd);
    watch(wait_fd_, rail->device().context->async_fd);
  }
}

void Transport::arm() {
  if (wait_fd_ < 0) return;
  peers_.progress();
  take_events();
  for (const auto& rail : context_.rails) {
    drain(rail->channel());
    (void)ibv_req_notify_cq(rail->sends(), 0);
    (void)ibv_req_notify_cq(rail->arrivals(), 0);
  }
}

}  // namespace weft::verbs
