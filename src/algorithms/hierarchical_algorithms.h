// The table of algorithms that follow the shape of the machines.
#pragma once

#include "algorithms/hierarchical.h"
#include "algorithms/registry.h"

#include <array>

namespace weft::algorithms {

// A rail is a rank of every group; between groups, rails run side by side.
template <Collective kCollective, Hierarchical* kInside, Generator* kBetween>
constexpr Algorithm hierarchical_entry(std::string_view name, std::string_view summary) {
  return {.name = name,
          .collective = kCollective,
          .summary = summary,
          .hierarchical = true,
          .make = hierarchical<kInside, kBetween>};
}

inline constexpr std::array kHierarchicalAlgorithms = {
    hierarchical_entry<Collective::all_reduce, all_reduce_leader, all_reduce_one_shot>(
        "leader_one_shot",
        "every host reduces to one rank, these exchange all they have, every host broadcasts; "
        "fewest steps, wins for small messages on few hosts"),
    hierarchical_entry<Collective::all_reduce, all_reduce_leader, all_reduce_recursive_doubling>(
        "leader_recursive_doubling",
        "every host reduces to one rank, these exchange by recursive doubling, every host "
        "broadcasts; fewest messages, wins for small messages"),
    hierarchical_entry<Collective::all_reduce, all_reduce_split_rail, all_reduce_one_shot>(
        "split_rail_one_shot",
        "hosts reduce and scatter inside; the k-th ranks of all hosts exchange all of their slice; "
        "hosts gather; wins for small to middle messages on few hosts"),
    hierarchical_entry<Collective::all_reduce, all_reduce_split_rail, all_reduce_two_shot>(
        "split_rail_two_shot",
        "hosts reduce and scatter inside; the k-th ranks of all hosts all-reduce their slice in "
        "two shots; hosts gather; wins for middle to large messages on a good switch"),
    hierarchical_entry<Collective::all_reduce, all_reduce_split_rail, all_reduce_halving_doubling>(
        "split_rail_halving_doubling",
        "hosts reduce and scatter inside; the k-th ranks of all hosts halve and double their "
        "slice; hosts gather; wins for middle messages on many hosts"),
    hierarchical_entry<Collective::all_reduce, all_reduce_split_rail, all_reduce_ring>(
        "split_rail_ring",
        "hosts reduce and scatter inside; the k-th ranks of all hosts send their slice around a "
        "ring; hosts gather; wins for large messages"),
    hierarchical_entry<Collective::reduce_scatter, reduce_scatter_split_rail,
                       reduce_scatter_one_shot>(
        "split_rail_one_shot",
        "hosts reduce and scatter inside, then the k-th ranks of all hosts in one shot; each block "
        "crosses between two hosts once"),
    hierarchical_entry<Collective::reduce_scatter, reduce_scatter_split_rail, reduce_scatter_ring>(
        "split_rail_ring",
        "hosts reduce and scatter inside, then the k-th ranks of all hosts around a ring; wins for "
        "large messages on many hosts"),
    hierarchical_entry<Collective::all_gather, all_gather_split_rail, all_gather_one_shot>(
        "split_rail_one_shot",
        "the k-th ranks of all hosts gather in one shot, then hosts inside; each block crosses "
        "between two hosts once"),
    hierarchical_entry<Collective::all_gather, all_gather_split_rail, all_gather_bruck>(
        "split_rail_bruck",
        "the k-th ranks of all hosts gather in log2(hosts) steps, then hosts inside; wins for "
        "small messages on many hosts"),
    hierarchical_entry<Collective::all_gather, all_gather_split_rail, all_gather_ring>(
        "split_rail_ring",
        "the k-th ranks of all hosts gather around a ring, then hosts inside; wins for large "
        "messages on many hosts"),
    hierarchical_entry<Collective::broadcast, broadcast_leader, broadcast_binomial_tree>(
        "leader_binomial_tree",
        "down a binomial tree to one rank of each host, which broadcasts inside; the message "
        "crosses to each host once"),
    hierarchical_entry<Collective::broadcast, broadcast_leader, broadcast_scatter_all_gather>(
        "leader_scatter_all_gather",
        "scattered and gathered around a ring of one rank of each host, which broadcasts inside; "
        "wins for large messages"),
    hierarchical_entry<Collective::reduce, reduce_leader, reduce_binomial_tree>(
        "leader_binomial_tree",
        "hosts reduce to one rank, these up a binomial tree; each host sends once"),
    hierarchical_entry<Collective::reduce, reduce_leader, reduce_reduce_scatter_gather>(
        "leader_reduce_scatter_gather",
        "hosts reduce to one rank, these reduce a block each and send it to the root; wins for "
        "large messages"),
    hierarchical_entry<Collective::barrier, barrier_leader, barrier_dissemination>(
        "leader_dissemination",
        "hosts meet, one rank of each meets the others in log2(hosts) steps, hosts meet again; "
        "fewest messages between hosts"),
    hierarchical_entry<Collective::barrier, barrier_leader, barrier_one_shot>(
        "leader_one_shot",
        "hosts meet, one rank of each signals all others, hosts meet again; wins on few hosts"),
};

}  // namespace weft::algorithms
