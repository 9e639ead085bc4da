#include "tuner/traffic.h"

#include <algorithm>
#include <utility>

namespace weft::tuner {

Traffic::Traffic(const Fabric& fabric, EventQueue& events, Arrivals& arrivals,
                 std::uint32_t first_id)
    : fabric_(fabric), events_(events), arrivals_(arrivals), first_id_(first_id) {}

void Traffic::reset(bool count_bytes) {
  free_.assign(fabric_.resources.size(), 0);
  circles_.assign(static_cast<std::size_t>(fabric_.nics_in - fabric_.nics_out), -1);
  senders_.resize(fabric_.places.size());
  for (Sender& sender : senders_) {
    sender.waiting = 0;
    sender.to.clear();
    sender.flows.clear();
  }
  flows_.clear();
  flights_.clear();
  messages_ = 0;
  bytes_ = 0;
  count_bytes_ = count_bytes;
  resource_bytes_.assign(count_bytes ? fabric_.resources.size() : 0, 0);
}

Time Traffic::occupy(int resource, double bytes, double puts, Time now) {
  const auto index = static_cast<std::size_t>(resource);
  const Resource& what = fabric_.resources[index];
  Time& free = free_[index];
  free = std::max(free, now) + ticks(bytes * what.ns_per_byte + puts * what.ns_per_message);
  if (count_bytes_) resource_bytes_[index] += bytes;
  return free;
}

// The flow that a message belongs to, if one waits; -1.
std::int32_t Traffic::find_flow(const Flight& flight) {
  const Sender& from = sender(flight.from);
  const auto found = std::ranges::find(from.to, flight.to);
  return found == from.to.end() ? -1
                                : from.flows[static_cast<std::size_t>(found - from.to.begin())];
}

void Traffic::enqueue(int nic, const Flight& flight) {
  const std::int32_t message = flights_.add(flight);
  if (const std::int32_t known = find_flow(flight); known >= 0) {
    flights_[flows_[known].last].next = message;
    flows_[known].last = message;
    return;
  }
  const std::int32_t flow = flows_.add({flight.from, flight.to, message, message, -1,
                                        static_cast<std::int32_t>(sender(flight.from).to.size())});
  sender(flight.from).to.push_back(flight.to);
  sender(flight.from).flows.push_back(flow);
  std::int32_t& last = circles_[static_cast<std::size_t>(nic)];
  flows_[flow].next = last < 0 ? flow : std::exchange(flows_[last].next, flow);
  last = flow;
}

Flight Traffic::dequeue(int nic) {
  std::int32_t& last = circles_[static_cast<std::size_t>(nic)];
  const std::int32_t number = flows_[last].next;
  Flow& flow = flows_[number];
  const Flight flight = flights_.take(flow.first);
  if (flow.first != flow.last) {
    flow.first = flight.next;
    last = number;
    return flight;
  }
  if (last == number) {
    last = -1;
  } else {
    flows_[last].next = flow.next;
  }
  Sender& from = sender(flight.from);
  const auto at = static_cast<std::size_t>(flow.at);
  flows_[from.flows.back()].at = flow.at;
  from.flows[at] = from.flows.back();
  from.to[at] = from.to.back();
  flows_.take(number);
  from.flows.pop_back();
  from.to.pop_back();
  return flight;
}

bool Traffic::send(const Flight& flight) {
  const Route route = fabric_.route(flight.from, flight.to);
  if (route.count == 0) {
    transmit(flight, route, flight.start);
    return true;
  }
  const int nic = route.resources[0] - fabric_.nics_out;
  const Time free = free_[static_cast<std::size_t>(route.resources[0])];
  const bool idle = circles_[static_cast<std::size_t>(nic)] < 0;
  if (idle && free <= flight.start) {
    transmit(flight, route, flight.start);
    return true;
  }
  if (sender(flight.from).waiting >= fabric_.costs.send_queue) return false;
  ++sender(flight.from).waiting;
  enqueue(nic, flight);
  if (idle) events_.push(free, first_id_ + static_cast<std::uint32_t>(route.resources[0]));
  return true;
}

// A NIC is free again, or a message comes out of a fibre.
void Traffic::handle(std::uint32_t id, Time now) {
  const auto resource = static_cast<int>(id - first_id_);
  if (const auto resources = static_cast<int>(fabric_.resources.size()); resource >= resources) {
    const Flight flight = flights_.take(resource - resources);
    return cross(flight, fabric_.route(flight.from, flight.to), now, flight.posted);
  }
  const int nic = resource - fabric_.nics_out;
  const Flight flight = dequeue(nic);
  transmit(flight, fabric_.route(flight.from, flight.to), std::max(now, flight.start));
  if (circles_[static_cast<std::size_t>(nic)] >= 0)
    events_.push(free_[static_cast<std::size_t>(resource)], id);
  --sender(flight.from).waiting;
  arrivals_.left_queue(flight.from, now);
}

void Traffic::transmit(const Flight& flight, const Route& route, Time now) {
  ++messages_;
  bytes_ += flight.bytes;
  Time tail = std::max(flight.posted, now + ticks(flight.bytes * route.link->ns_per_byte));
  const int near = route.count - route.beyond;
  for (int i = 0; i < near; ++i) {
    tail = std::max(
        tail, occupy(route.resources[static_cast<std::size_t>(i)], flight.bytes, flight.puts, now));
  }
  const Time far = ticks(route.far_latency_ns);
  if (route.beyond == 0) return finish(flight, route, tail + far);
  // The other end is a later event: who is nearer may use it before.
  Flight late = flight;
  late.posted = tail + far;
  const std::int32_t index = flights_.add(late);
  events_.push(now + far, first_id_ + static_cast<std::uint32_t>(fabric_.resources.size()) +
                              static_cast<std::uint32_t>(index));
}

void Traffic::cross(const Flight& flight, const Route& route, Time now, Time tail) {
  for (int i = route.count - route.beyond; i < route.count; ++i) {
    tail = std::max(
        tail, occupy(route.resources[static_cast<std::size_t>(i)], flight.bytes, flight.puts, now));
  }
  finish(flight, route, tail);
}

// A receiver that has to move the bytes itself does so while they come in, if it is free: it is
// told that much earlier.
void Traffic::finish(const Flight& flight, const Route& route, Time arrival) {
  const Link& link = *route.link;
  const Time early = ticks(flight.bytes * std::min(link.ns_per_byte, link.receive_ns_per_byte));
  arrivals_.arrived(flight, arrival + ticks(link.latency_ns) - early);
}

}  // namespace weft::tuner
