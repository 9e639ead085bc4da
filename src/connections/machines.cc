#include "connections/machines.h"

#include <algorithm>
#include <limits>

namespace weft {

Machines::Machines(const std::vector<topology::Host>& hosts) {
  for (const topology::Host& host : hosts) {
    Machine& machine = by_name_[host.machine];
    ++machine.processes;
    if (host.quota > 0)
      machine.quota = machine.quota > 0 ? std::min(machine.quota, host.quota) : host.quota;
    machine.cores.insert(host.core_ids.begin(), host.core_ids.end());
  }
}

int Machines::Machine::usable_cores() const {
  const int all = std::max<int>(static_cast<int>(cores.size()), 1);
  return quota > 0 ? std::min(all, quota) : all;
}

bool Machines::any_crowded() const {
  return std::ranges::any_of(by_name_, [](const auto& entry) { return entry.second.crowded(); });
}

int Machines::least_cores() const {
  int least = std::numeric_limits<int>::max();
  for (const auto& [name, machine] : by_name_) least = std::min(least, machine.usable_cores());
  return least;
}

std::vector<int> machine_numbers(const std::vector<topology::Host>& hosts) {
  std::map<std::string, int> known;
  std::vector<int> numbers;
  numbers.reserve(hosts.size());
  for (const topology::Host& host : hosts)
    numbers.push_back(known.emplace(host.machine, static_cast<int>(known.size())).first->second);
  return numbers;
}

topology::Place place_by_machine(const std::vector<topology::Host>& hosts, int process) {
  const std::vector<int> machines = machine_numbers(hosts);
  std::vector<topology::Description> descriptions;
  descriptions.reserve(hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i) descriptions.push_back({hosts[i], machines[i]});
  return topology::make_job(descriptions, false).places[static_cast<std::size_t>(process)];
}

}  // namespace weft
