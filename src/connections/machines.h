// The machines that the processes of a job run on.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "topology/host.h"
#include "topology/job.h"

namespace weft {

class Machines {
 public:
  Machines() = default;
  // `hosts`: of each process, as it sees its own.
  explicit Machines(const std::vector<topology::Host>& hosts);

  // Whether more processes run on that machine, or on some one, than it has cores for.
  bool crowded(const std::string& name) const { return by_name_.at(name).crowded(); }
  bool any_crowded() const;
  int processes(const std::string& name) const { return by_name_.at(name).processes; }
  // That the processes of one machine may use, where they are fewest.
  int least_cores() const;

 private:
  struct Machine {
    int processes = 0;
    int quota = 0;        // processors that each of them may use; 0: no limit
    std::set<int> cores;  // that any of them may run on
    int usable_cores() const;
    // They may be bound to different cores, so what counts is the cores of all of them.
    bool crowded() const { return processes > usable_cores(); }
  };
  std::map<std::string, Machine> by_name_;
};

// A number for each machine, by process, in the order in which they come.
std::vector<int> machine_numbers(const std::vector<topology::Host>& hosts);

// Where a process sits before anybody knows who maps whose memory: those of one machine count as
// being on one host.
topology::Place place_by_machine(const std::vector<topology::Host>& hosts, int process);

}  // namespace weft
