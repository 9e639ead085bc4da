#include "pair.h"

#include <stdexcept>

namespace weft::p2p {
namespace {

const transport::Plugin* plugin_named(const std::string& name) {
  for (const transport::Plugin* plugin : transport::builtin_plugins()) {
    if (plugin->name == name) return plugin;
  }
  throw std::runtime_error("no built-in transport is named " + name);
}

void check(const transport::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message);
}

}  // namespace

TestEndpoint::TestEndpoint(const std::string& transport, int rank)
    : Endpoint(OwnLinks::own),
      rank_(rank),
      plugin_(plugin_named(transport == "scarce" ? "sim" : transport)) {
  transport::OpenOptions options;
  options.rank = rank;
  options.size = 2;
  transport::Status why;
  opened_ = transport_ = plugin_->open(&options, &why);
  if (opened_ == nullptr) throw std::runtime_error(why.message);
  if (transport == "scarce") {
    scarce_ =
        std::make_unique<transport::FaultyTransport>(*opened_, options, transport::FaultRules());
    scarce_->leave_room_for(room);
    transport_ = scarce_.get();
  }
  path_ = path_over(*transport_, 1 - rank);
  shared_links().progress.attend({transport_});
  shared_links().progress.idle_by({});
  shared_links().progress.add(this);
  active = 1;
}

TestEndpoint::~TestEndpoint() {
  scarce_.reset();
  plugin_->close(opened_);
}

int TestEndpoint::poll() {
  if (scarce_ != nullptr) scarce_->leave_room_for(room);
  return 0;
}

SharedPlace TestEndpoint::locate(const void* address, std::size_t bytes) const {
  const auto* begin = static_cast<const std::byte*>(address);
  if (shared_ == nullptr || begin < shared_ || begin + bytes > shared_ + shared_bytes_) return {};
  return {1, static_cast<std::uint64_t>(begin - shared_)};
}

std::byte* TestEndpoint::mapped(int, const SharedPlace& place, std::size_t bytes) const {
  if (place.id != 1 || other->shared_ == nullptr || place.offset > other->shared_bytes_ ||
      bytes > other->shared_bytes_ - place.offset)
    return nullptr;
  return other->shared_ + place.offset;
}

Pair::Pair(const std::string& transport, std::size_t bytes) : bytes_(bytes) {
  for (int rank : {0, 1}) ends_[rank] = std::make_unique<TestEndpoint>(transport, rank);
  for (int rank : {0, 1}) {
    ends_[rank]->other = ends_[1 - rank].get();
    check(ends_[rank]->transport().connect(1 - rank, ends_[1 - rank]->transport().address()));
    check(ends_[rank]->transport().allocate(bytes, &memory_[rank]));
  }
  for (int rank : {0, 1}) {
    while (!ends_[rank]->transport().connected(1 - rank)) progress();
    check(ends_[rank]->transport().import_memory(1 - rank, memory_[1 - rank].key, &remote_[rank]));
  }
}

Pair::~Pair() {
  for (int rank : {0, 1}) {
    ends_[rank]->transport().release(remote_[rank]);
    ends_[rank]->transport().release(memory_[rank]);
  }
}

std::unique_ptr<Messenger> Pair::messenger(int rank, std::size_t unexpected_bytes) {
  const MailboxMemory memory{bytes_, own(rank), theirs(rank)};
  return std::make_unique<Messenger>(
      *ends_[rank], [memory](int) { return memory; }, unexpected_bytes);
}

}  // namespace weft::p2p
