// What costs a system call, done now and then: TCP connections, the devices' own news, ports that
// stay down, peers that are silent.
#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "transport.h"

namespace weft::verbs {

namespace {

// The least time between two looks at the TCP connections.
constexpr std::int64_t kWhileConnectingNs = 20'000;
constexpr std::int64_t kWhileOthersMayConnectNs = 200'000;
constexpr std::int64_t kWhileConnectedNs = 2'000'000;
// Between two looks at what the devices say, and two questions to a silent peer.
constexpr std::int64_t kDevicesEveryNs = 2'000'000;
constexpr std::int64_t kAskEveryNs = 1'000'000'000;

}  // namespace

// A port that goes down may come back: its peers are lost when they do not answer for as long as
// their queue pairs try, or when it stays away. A device that goes away ends the peers behind it.
void Transport::take_event(int index, const ibv_async_event& event) {
  Rail& rail = context_.rail(index);
  const Device& device = rail.device();
  const ibv_event_type type = event.event_type;
  const std::string what = ibv_event_type_str(type);
  if (type == IBV_EVENT_QP_FATAL || type == IBV_EVENT_QP_ACCESS_ERR) {
    const int number = rail.peer_of(event.element.qp->qp_num);
    if (number >= 0) peers_.fail(number, ErrorCode::peer_failed, rail.name() + ": " + what);
  }
  if (type == IBV_EVENT_DEVICE_FATAL)
    peers_.lose_rail(index, what + ": the device is gone; check its driver and `rdma link`");
  const bool of_port = type == IBV_EVENT_PORT_ERR || type == IBV_EVENT_PORT_ACTIVE;
  if (!of_port || event.element.port_num != device.port) return;
  context_.log(fmt::format("{} port {}: {}", rail.name(), device.port, what));
  if (type == IBV_EVENT_PORT_ERR) {
    rail.port_down(context_.clock.now_ns());
  } else {
    rail.port_up();
  }
}

int Transport::take_events() {
  int events = 0;
  for (std::size_t i = 0; i < context_.rails.size(); ++i) {
    ibv_async_event event{};
    while (ibv_get_async_event(context_.rails[i]->device().context.get(), &event) == 0) {
      ibv_ack_async_event(&event);  // first: what ends a peer destroys its queue pairs
      take_event(static_cast<int>(i), event);
      ++events;
    }
  }
  return events;
}

void Transport::give_up_rails(std::int64_t now_ns) {
  for (std::size_t i = 0; i < context_.rails.size(); ++i) {
    const Rail& rail = *context_.rails[i];
    if (!rail.trouble().empty() || !rail.down_for(context_.settings.port_grace.count(), now_ns))
      continue;
    peers_.lose_rail(
        static_cast<int>(i),
        fmt::format("port {} has been down for {} s; check the cable and the interface",
                    rail.device().port, context_.settings.port_grace.count() / 1'000'000'000));
  }
}

// What costs a system call, by the time since it was done last.
int Transport::look() {
  const std::int64_t now_ns = context_.clock.now_ns();
  const std::int64_t patience_ns = peers_.connecting()           ? kWhileConnectingNs
                                   : peers_.others_may_connect() ? kWhileOthersMayConnectNs
                                                                 : kWhileConnectedNs;
  if (now_ns - looked_ns_ < patience_ns) return 0;
  looked_ns_ = now_ns;
  int events = peers_.progress();
  if (now_ns - looked_at_devices_ns_ < kDevicesEveryNs) return events;
  looked_at_devices_ns_ = now_ns;
  events += take_events();
  give_up_rails(now_ns);
  if (now_ns - asked_ns_ < kAskEveryNs) return events;
  asked_ns_ = now_ns;
  peers_.ask_silent();
  return events;
}

}  // namespace weft::verbs
