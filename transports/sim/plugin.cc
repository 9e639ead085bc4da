// The settings of sim (WEFT_SIM_FABRIC and so on), and what it exports.
//
//   sim.fabric                 id of the fabric to join (0)
//   sim.load_store             1: imported memory is mapped (0)
//   sim.ordered                0: puts to one peer arrive in any order (1)
//   sim.seed                   of that order (0)
//   sim.queue                  transfers under way before no_resources (1024)
//   sim.max_message            largest put in bytes (unlimited)
//   sim.latency_ns             of every link without a model of its own (1000)
//   sim.gigabytes_per_second   of every link without a model of its own (12.5)
#include <charconv>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "sim/sim_transport.h"

namespace weft::sim {
namespace {

using transport::Device;
using transport::OpenOptions;
using transport::Plugin;
using transport::Status;
using transport::Transport;

// Throws std::invalid_argument for a value that is no number.
template <typename Number>
std::optional<Number> setting(const OpenOptions& options, const char* name) {
  const char* text = options.setting ? options.setting(options.context, name) : nullptr;
  if (text == nullptr) return std::nullopt;
  Number value{};
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || rest != end || value < 0) {
    throw std::invalid_argument(fmt::format("{}: \"{}\" is no number", name, text));
  }
  return value;
}

int probe(Device* devices, int capacity, Status*) {
  if (capacity > 0) {
    devices[0] = {};
    devices[0].priority =
        -1;  // never chosen by accident: nothing simulated reaches another process
  }
  return 1;
}

Transport* open_port(const OpenOptions& options) {
  const auto number = [&](const char* name, std::uint64_t otherwise) {
    return setting<std::uint64_t>(options, name).value_or(otherwise);
  };
  TransportOptions result;
  result.rank = options.rank;
  result.job = options.job;
  result.load_store = number("sim.load_store", 0) != 0;
  result.port.ordered = number("sim.ordered", 1) != 0;
  result.port.seed = number("sim.seed", 0);
  result.port.queue = number("sim.queue", result.port.queue);
  result.port.max_message = number("sim.max_message", result.port.max_message);
  result.context = options.context;
  result.report_failure = options.report_failure;

  std::shared_ptr<Fabric> fabric = Fabric::get(number("sim.fabric", 0));
  const auto latency = setting<std::int64_t>(options, "sim.latency_ns");
  const auto bandwidth = setting<double>(options, "sim.gigabytes_per_second");
  if (latency || bandwidth) {
    LinkModel model;
    model.latency = Time(latency.value_or(model.latency.count()));
    model.gigabytes_per_second = bandwidth.value_or(model.gigabytes_per_second);
    fabric->set_default_link(model);
  }
  return new SimTransport(std::move(fabric), result);
}

Transport* open(const OpenOptions* options, Status* why) {
  try {
    return open_port(*options);
  } catch (const std::invalid_argument& error) {
    *why = Status::error(ErrorCode::invalid_argument, error.what());
  } catch (const std::exception& error) {
    *why = Status::error(ErrorCode::no_resources, error.what());
  }
  return nullptr;
}

void close(Transport* transport) { delete transport; }

constexpr Plugin kPlugin{transport::kAbiVersion, "sim", probe, open, close, nullptr};

}  // namespace
}  // namespace weft::sim

extern "C" const weft::transport::Plugin* weft_sim_plugin();
extern "C" const weft::transport::Plugin* weft_sim_plugin() { return &weft::sim::kPlugin; }
