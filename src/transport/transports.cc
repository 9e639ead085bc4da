#include "transport/transports.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/names.h"

namespace weft {
namespace {

constexpr int kMaxDevices = 64;

const char* setting(void* /*context*/, const char* name) { return transport_setting(name); }

}  // namespace

Transports::Transports(const Config& config, const Log& log, const topology::Host& host, Rank rank,
                       FailureListener& listener)
    : config_(config),
      log_(log),
      host_(host),
      rank_(rank),
      listener_(listener),
      plugins_(transport::load_plugins(config.options.plugin_path, log)) {
  for (const auto& refused : plugins_.refused) {
    const bool named = refused.reason.starts_with(refused.origin);
    refusals_.push_back(named ? refused.reason : refused.origin + ": " + refused.reason);
  }
}

Transports::~Transports() {
  for (const OpenTransport& open : open_) open.plugin.plugin->close(open.transport);
}

const OpenTransport* Transports::find(const std::string& name) const {
  const auto found = std::ranges::find(open_, name, &OpenTransport::name);
  return found == open_.end() ? nullptr : &*found;
}

void Transports::require_any(const char* who) const {
  if (!open_.empty()) return;
  const std::string& wanted = config_.options.transports;
  fail(ErrorCode::unsupported, "{}no transport can be used{}{}; {}", who,
       wanted.empty() ? "" : " of WEFT_TRANSPORTS=", wanted,
       refusals_.empty() ? "no plugin has such a name"
                         : fmt::format("{}", fmt::join(refusals_, "; ")));
}

void Transports::progress() const {
  for (const OpenTransport& open : open_) open.transport->progress();
}

bool Transports::need_progress() const {
  return std::ranges::any_of(
      open_, [](const OpenTransport& open) { return !open.transport->capabilities().load_store; });
}

// Each is probed once, and only where it is one of those that the user wants.
const Proposal* Transports::probe(const transport::LoadedPlugin& plugin) {
  const std::string name = plugin.plugin->name;
  const auto known = proposals_.find(name);
  if (known != proposals_.end()) return &known->second;
  const std::string& wanted = config_.options.transports;
  if (probed_[name] || (!wanted.empty() && !named_in(wanted, name))) return nullptr;
  probed_[name] = true;
  transport::Device devices[kMaxDevices];
  transport::Status why;
  const int count = plugin.plugin->probe(devices, kMaxDevices, &why);
  if (count == 0) refusals_.push_back(fmt::format("{}: {}", name, why.message));
  if (count <= 0) return nullptr;
  const auto found = std::span(devices, static_cast<std::size_t>(std::min(count, kMaxDevices)));
  return &proposals_
              .emplace(name, propose_devices(found, host_, rank_.local_index, rank_.local_ranks))
              .first->second;
}

void Transports::open_devices(const transport::LoadedPlugin& plugin, const Proposal& proposal) {
  transport::OpenOptions options;
  options.device = proposal.devices.c_str();
  options.wakes = config_.wait_policy == WaitPolicy::block;
  options.job = rank_.job;
  options.rank = rank_.rank;
  options.size = rank_.ranks;
  options.context = &callbacks_.emplace_back(Callbacks{this, std::string(plugin.plugin->name)});
  options.setting = setting;
  options.report_failure = [](void* context, const transport::Failure* failure) {
    auto* callbacks = static_cast<Callbacks*>(context);
    callbacks->owner->log_.info(
        "{}: {} failed: {}", callbacks->name,
        failure->peer < 0 ? std::string("every peer") : fmt::format("peer {}", failure->peer),
        failure->cause);
    callbacks->owner->listener_.peer_failed(callbacks->name, failure->peer, failure->cause);
  };
  options.log = [](void* context, const char* message) {
    static_cast<Callbacks*>(context)->owner->log_.info("{}", message);
  };
  transport::Status why;
  OpenTransport open;
  open.plugin = plugin;
  open.name = plugin.plugin->name;
  open.priority = proposal.priority;
  if (!proposal.reason.empty()) log_.info("{}: {}", open.name, proposal.reason);
  open.transport = plugin.plugin->open(&options, &why);
  if (open.transport == nullptr) {
    if (why.code == ErrorCode::invalid_argument) fail(why.code, "{}: {}", open.name, why.message);
    const std::string devices = proposal.devices.empty() ? "" : " " + proposal.devices;
    refusals_.push_back(fmt::format("{}{}: {}", open.name, devices, why.message));
    proposals_.erase(open.name);
    return;
  }
  open_.push_back(std::move(open));
}

void Transports::sort() {
  std::ranges::stable_sort(open_, std::greater{}, &OpenTransport::priority);
}

}  // namespace weft
