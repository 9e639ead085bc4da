// A fabric whose costs are the textbooks' α, β and γ: one rank on each host, a switch that never
// blocks, processors that take time for nothing but reducing.
#pragma once

#include "tuner/cost.h"

namespace weft::tuner {

struct Textbook {
  double alpha = 1000;  // ns per message
  double beta = 0.04;   // ns per byte
  double gamma = 0.01;  // ns per byte, for two sources
};

inline Costs textbook_costs(const Textbook& book) {
  Costs costs;
  costs.network = {.latency_ns = book.alpha, .ns_per_byte = book.beta};
  costs.compute = {.step_ns = 0,
                   .read_ns_per_byte = 0,
                   .write_ns_per_byte = 0,
                   .reduce_ns_per_byte = book.gamma,
                   .far_read_ns_per_byte = 0,
                   .far_write_ns_per_byte = 0};
  costs.nic_ns_per_byte = book.beta;
  costs.nic_ns_per_message = 0;
  costs.send_queue = 1 << 20;
  costs.memory_ns_per_byte = 0;
  return costs;
}

inline Fabric textbook_fabric(int ranks, const Textbook& book = {}) {
  return make_fabric(even_places(ranks, 1, 1, 1), textbook_costs(book), Network{});
}

inline Workload make_workload(Collective collective, std::string_view name, int ranks,
                              int lanes = 1, bool load_store = false) {
  return Workload(
      *algorithms::find(collective, name),
      {.collective = collective, .ranks = ranks, .lanes = lanes, .load_store = load_store});
}

inline double price_ns(std::string_view name, int ranks, double bytes, const Fabric& fabric,
                       int lanes = 1) {
  const Workload workload = make_workload(Collective::all_reduce, name, ranks, lanes);
  return price(workload, {.count = static_cast<std::size_t>(bytes / 4)}, fabric).ns;
}

}  // namespace weft::tuner
