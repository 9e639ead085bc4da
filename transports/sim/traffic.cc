// Posting and delivery: how puts and gets travel through the fabric in virtual time.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/transport_kit.h"
#include "sim/fabric.h"

namespace weft::sim {

using transport::Failure;
using transport::Get;
using transport::Put;
using transport::RemoteMemory;
using transport::SignalOp;
using transport::Status;

namespace {

bool inside(const Region& region, std::uint64_t offset, std::uint64_t bytes) {
  return region.address != nullptr && offset <= region.bytes && bytes <= region.bytes - offset;
}

Status bad(const char* text) { return Status::error(ErrorCode::invalid_argument, text); }

}  // namespace

Status Fabric::put(Port& port, std::span<const Put> puts, std::size_t* posted) {
  const std::lock_guard lock(mutex_);
  *posted = 0;
  for (const Put& put : puts) {
    const Status status = put_one(port, put);
    if (!status.ok()) return status;
    ++*posted;
  }
  return {};
}

Status Fabric::put_one(Port& port, const Put& put) {
  const bool signals = put.signal != SignalOp::none;
  const RemoteMemory* memory = put.bytes > 0 || !signals ? put.target : put.signal_memory;
  if (memory == nullptr) return bad("a put without a target");
  if (Status status = check(port, memory->peer); !status.ok()) return status;
  if (put.bytes > port.options.max_message) return bad("a put above max_message");
  if (put.bytes > 0 && !inside(regions_.find(put.target->handle), put.target_offset, put.bytes)) {
    return bad("a put outside its target");
  }
  if (signals && (put.signal_offset % 8 != 0 || put.signal_memory == nullptr ||
                  !inside(regions_.find(put.signal_memory->handle), put.signal_offset, 8))) {
    return bad("a signal outside its memory, or not aligned to 8 bytes");
  }
  if (port.under_way >= port.options.queue) {
    return Status::error(ErrorCode::no_resources, "the queue is full");
  }
  Transfer transfer;
  transfer.port = &port;
  transfer.peer = memory->peer;
  transfer.link = &link_to(port, memory->peer);
  transfer.source = put.source;
  transfer.bytes = put.bytes;
  transfer.completed = put.completed;
  if (put.bytes > 0) {
    transfer.region = put.target->handle;
    transfer.offset = put.target_offset;
  }
  if (signals) {
    transfer.signal = put.signal;
    transfer.signal_region = put.signal_memory->handle;
    transfer.signal_offset = put.signal_offset;
    transfer.signal_value = put.signal_value;
  }
  transfer.inlined = put.bytes <= kInlineBytes;
  if (transfer.inlined) {
    if (put.bytes > 0) std::memcpy(transfer.payload.data(), put.source, put.bytes);
    if (put.completed != nullptr) ++*put.completed;
  }
  Link& link = *transfer.link;
  transfer.failing = link.failing_put > 0 && --link.failing_put == 0;
  Time due = occupy(link, put.bytes, now_) + model_of(link).latency + link.delay;
  if (port.options.ordered) {
    due = std::max(due, link.last_due);
    link.last_due = due;
  } else {
    due += Time(port.random() % 16) * std::max<Time::rep>(model_of(link).latency.count(), 1);
  }
  ++port.under_way;
  schedule(due, transfer);
  return {};
}

Status Fabric::get(Port& port, std::span<const Get> gets) {
  const std::lock_guard lock(mutex_);
  for (const Get& get : gets) {
    if (Status status = get_one(port, get); !status.ok()) return status;
  }
  return {};
}

// The request travels to the peer, the bytes occupy the link back.
Status Fabric::get_one(Port& port, const Get& get) {
  if (get.source == nullptr) return bad("a get without a source");
  if (Status status = check(port, get.source->peer); !status.ok()) return status;
  if (!inside(regions_.find(get.source->handle), get.source_offset, get.bytes)) {
    return bad("a get outside its source");
  }
  Transfer transfer;
  transfer.kind = Transfer::Kind::get;
  transfer.port = &port;
  transfer.peer = get.source->peer;
  transfer.link = &link_to(port, get.source->peer);
  transfer.region = get.source->handle;
  transfer.offset = get.source_offset;
  transfer.destination = get.destination;
  transfer.bytes = get.bytes;
  transfer.completed = get.completed;
  const Link& there = *transfer.link;
  Link& back = link_between(*ports_[port.peers[transfer.peer].port], port);
  const Time arrival = now_ + model_of(there).latency + there.delay;
  ++port.under_way;
  schedule(occupy(back, get.bytes, arrival) + model_of(back).latency + back.delay, transfer);
  return {};
}

// Found once: most pairs of a large fabric never talk, so connecting makes no link.
Link& Fabric::link_to(Port& port, int peer) {
  Port::Peer& slot = port.peers[peer];
  if (slot.link == nullptr) slot.link = &link_between(port, *ports_[slot.port]);
  return *slot.link;
}

const LinkModel& Fabric::model_of(const Link& link) const {
  return link.model ? *link.model : default_model_;
}

// When the last of the bytes has left.
Time Fabric::occupy(Link& link, std::size_t bytes, Time earliest) {
  const double rate = model_of(link).gigabytes_per_second;
  const Time busy(rate > 0 ? std::llround(static_cast<double>(bytes) / rate) : 0);
  link.busy_until = std::max(link.busy_until, earliest) + busy;
  return link.busy_until;
}

void Fabric::schedule(Time due, const Transfer& transfer) {
  if (free_transfers_.empty()) {
    free_transfers_.push_back(static_cast<std::uint32_t>(transfers_.size()));
    transfers_.emplace_back();
  }
  const std::uint32_t index = free_transfers_.back();
  free_transfers_.pop_back();
  transfers_[index] = transfer;
  events_.push({due, next_order_++, index});
  pending_ = events_.size();
}

int Fabric::progress(Port& port, std::vector<Failure>* failures) {
  if (pending_.load(std::memory_order_relaxed) == 0 && !port.mail.load(std::memory_order_acquire)) {
    return 0;
  }
  const std::lock_guard lock(mutex_);
  int handled = automatic_ ? deliver_due() : 0;
  if (automatic_ && handled == 0 && !port.mail && !events_.empty()) {
    now_ = events_.top().due;
    handled = deliver_due();
  }
  handled += static_cast<int>(port.completed.size() + port.failures.size());
  for (const Port::Completion& done : port.completed) ++*done.counter;
  port.completed.clear();
  failures->swap(port.failures);
  port.mail = false;
  return handled;
}

bool Fabric::advance_to_next() {
  const std::lock_guard lock(mutex_);
  if (events_.empty()) return false;
  now_ = std::max(now_, events_.top().due);
  deliver_due();
  return true;
}

void Fabric::advance(Time step) {
  const std::lock_guard lock(mutex_);
  const Time end = now_ + step;
  while (!events_.empty() && events_.top().due <= end) {
    now_ = std::max(now_, events_.top().due);
    deliver_due();
  }
  now_ = end;
}

int Fabric::deliver_due() {
  int handled = 0;
  for (; !events_.empty() && events_.top().due <= now_; ++handled) {
    const std::uint32_t index = events_.top().transfer;
    events_.pop();
    // By value: delivery may schedule news, which moves the transfers.
    const Transfer transfer = transfers_[index];
    free_transfers_.push_back(index);
    deliver(transfer);
  }
  pending_ = events_.size();
  return handled;
}

void Fabric::deliver(const Transfer& transfer) {
  Port& port = *transfer.port;
  if (transfer.kind == Transfer::Kind::notice) {
    if (transfer.dropped || !port.attached || port.peers[transfer.peer].failed != nullptr) return;
    port.peers[transfer.peer].failed = transfer.cause;
    tell(port, transfer.peer, transfer.cause);
    return;
  }
  --port.under_way;
  if (transfer.dropped || transfer.link->down != nullptr) return;
  if (transfer.failing) {
    lose(transfer, fmt::format("a put from rank {} to rank {} was made to fail",
                               transfer.link->from, transfer.link->to));
    return;
  }
  // What its poster left behind: only what was copied at posting still exists.
  if (!port.attached && !transfer.inlined) return;
  if (transfer.kind == Transfer::Kind::put) {
    deliver_put(transfer);
  } else {
    deliver_get(transfer);
  }
}

void Fabric::deliver_put(const Transfer& transfer) {
  const Region target = regions_.find(transfer.region);
  const Region word = regions_.find(transfer.signal_region);
  if ((transfer.bytes > 0 && target.address == nullptr) ||
      (transfer.signal != SignalOp::none && word.address == nullptr)) {
    lose_late(transfer);
    return;
  }
  if (transfer.bytes > 0) {
    std::memcpy(target.address + transfer.offset,
                transfer.inlined ? transfer.payload.data() : transfer.source, transfer.bytes);
  }
  if (transfer.signal != SignalOp::none)
    transport::change_word(word.address + transfer.signal_offset, transfer.signal,
                           transfer.signal_value);
  ++traffic_.puts;
  traffic_.bytes += transfer.bytes;
  if (!transfer.inlined) complete(transfer);
}

void Fabric::deliver_get(const Transfer& transfer) {
  const Region source = regions_.find(transfer.region);
  if (source.address == nullptr) {
    lose_late(transfer);
    return;
  }
  if (transfer.bytes > 0) {
    std::memcpy(transfer.destination, source.address + transfer.offset, transfer.bytes);
  }
  ++traffic_.gets;
  traffic_.bytes += transfer.bytes;
  complete(transfer);
}

void Fabric::complete(const Transfer& transfer) {
  if (transfer.completed == nullptr || !transfer.port->attached) return;
  transfer.port->completed.push_back({transfer.peer, transfer.completed});
  transfer.port->mail = true;
}

// The memory was released while the transfer was under way: the poster's mistake, unless the peer
// has closed.
void Fabric::lose_late(const Transfer& transfer) {
  Port& port = *transfer.port;
  if (!port.attached || !ports_[port.peers[transfer.peer].port]->attached) return;
  lose(transfer, fmt::format("rank {} has released the memory that rank {} accessed",
                             transfer.link->to, transfer.link->from));
}

void Fabric::lose(const Transfer& transfer, std::string cause) {
  take_down(*transfer.link, keep(std::move(cause)));
  notify(*transfer.port, transfer.peer, transfer.link->down, now_);
}

}  // namespace weft::sim
