// The table of algorithms that know no machine: every rank is as near as every other.
#pragma once

#include "algorithms/generators.h"
#include "algorithms/ordered.h"
#include "algorithms/registry.h"

#include <array>

namespace weft::algorithms {

inline constexpr std::array kFlatAlgorithms = {
    Algorithm{.name = "one_shot",
              .collective = Collective::all_reduce,
              .summary = "everyone sends its whole input to everyone and reduces all of them; "
                         "one step, wins for small messages on few ranks",
              .make = all_reduce_one_shot},
    Algorithm{.name = "recursive_doubling",
              .collective = Collective::all_reduce,
              .summary = "partners at distance 1, 2, 4, ... exchange and reduce all they have; "
                         "log2(p) steps, wins for small messages on many ranks (Thakur, "
                         "Rabenseifner and Gropp 2005)",
              .make = ordered<all_reduce_recursive_doubling>},
    Algorithm{.name = "binomial_tree",
              .collective = Collective::all_reduce,
              .summary = "partial sums go up a binomial tree, the result comes down; 2 log2(p) "
                         "steps, few messages (Thakur, Rabenseifner and Gropp 2005)",
              .make = ordered<all_reduce_binomial_tree>},
    Algorithm{.name = "two_shot",
              .collective = Collective::all_reduce,
              .summary = "rank r reduces block r of everyone and sends the result to everyone; "
                         "two steps and least traffic, wins from middle sizes on a host or a "
                         "good switch",
              .make = all_reduce_two_shot},
    Algorithm{.name = "two_shot_direct",
              .collective = Collective::all_reduce,
              .summary = "two_shot that reads the inputs and writes the outputs of peers in "
                         "place; each byte moves once, wins wherever peers can reach the "
                         "buffers",
              .direct = true,
              .make = all_reduce_two_shot_direct},
    Algorithm{.name = "halving_doubling",
              .collective = Collective::all_reduce,
              .summary = "partners at distance p/2, ..., 2, 1 exchange halves to reduce, then "
                         "results to gather; 2 log2(p) steps and least traffic, wins for middle "
                         "sizes on many ranks (Rabenseifner 2004)",
              .make = ordered<all_reduce_halving_doubling>},
    Algorithm{.name = "ring",
              .collective = Collective::all_reduce,
              .summary = "blocks go around a ring, once to be reduced and once as results; "
                         "least traffic, between neighbours only, wins for large messages "
                         "(Patarasuk and Yuan 2009)",
              .make = ordered<all_reduce_ring>},
    Algorithm{.name = "double_binary_tree",
              .collective = Collective::all_reduce,
              .summary = "two binary trees, each for half of the message, up and down; lanes "
                         "and passes pipeline it, wins for middle to large messages on many "
                         "ranks (Sanders, Speck and Traff 2009)",
              .make = ordered<all_reduce_double_binary_tree>},

    Algorithm{.name = "one_shot",
              .collective = Collective::reduce_scatter,
              .summary = "everyone sends block q straight to rank q, which reduces all of them; "
                         "one step and least traffic",
              .make = reduce_scatter_one_shot},
    Algorithm{.name = "one_shot_direct",
              .collective = Collective::reduce_scatter,
              .summary = "everyone reads its block of all inputs in place; each byte moves "
                         "once, wins wherever peers can reach the buffers",
              .direct = true,
              .make = reduce_scatter_one_shot_direct},
    Algorithm{.name = "ring",
              .collective = Collective::reduce_scatter,
              .summary = "blocks go around a ring and are reduced on their way; least traffic, "
                         "between neighbours only, wins for large messages (Patarasuk and Yuan "
                         "2009)",
              .make = ordered<reduce_scatter_ring>},

    Algorithm{.name = "one_shot",
              .collective = Collective::all_gather,
              .summary = "everyone sends its block to everyone; one step and least traffic",
              .make = all_gather_one_shot},
    Algorithm{.name = "one_shot_direct",
              .collective = Collective::all_gather,
              .summary = "everyone writes its block to all outputs in place; each byte moves "
                         "once, wins wherever peers can reach the buffers",
              .direct = true,
              .make = all_gather_one_shot_direct},
    Algorithm{.name = "bruck",
              .collective = Collective::all_gather,
              .summary = "everyone sends all it has to the rank 1, 2, 4, ... below; log2(p) "
                         "steps for any number of ranks, wins for small messages on many ranks "
                         "(Bruck et al. 1997)",
              .make = all_gather_bruck},
    Algorithm{.name = "ring",
              .collective = Collective::all_gather,
              .summary = "blocks go around a ring; least traffic, between neighbours only, wins "
                         "for large messages",
              .make = ordered<all_gather_ring>},

    Algorithm{.name = "one_shot",
              .collective = Collective::broadcast,
              .summary = "the root sends to everyone; one step, wins for small messages on few "
                         "ranks",
              .trails = true,
              .make = broadcast_one_shot},
    Algorithm{.name = "one_shot_direct",
              .collective = Collective::broadcast,
              .summary = "everyone reads the root's input in place; each byte moves once, wins "
                         "wherever peers can reach the buffers",
              .direct = true,
              .make = broadcast_one_shot_direct},
    Algorithm{.name = "binomial_tree",
              .collective = Collective::broadcast,
              .summary = "the message goes down a binomial tree; log2(p) steps, wins for small "
                         "messages on many ranks",
              .make = ordered<broadcast_binomial_tree>},
    Algorithm{.name = "scatter_all_gather",
              .collective = Collective::broadcast,
              .summary = "the root sends everyone one block, then blocks go around a ring; no "
                         "rank but the root sends more than the message, wins for large "
                         "messages (van de Geijn 1995)",
              .make = ordered<broadcast_scatter_all_gather>},

    Algorithm{.name = "one_shot",
              .collective = Collective::reduce,
              .summary = "everyone sends to the root, which reduces all of them; one step, wins "
                         "for small messages on few ranks",
              .trails = true,
              .make = reduce_one_shot},
    Algorithm{.name = "binomial_tree",
              .collective = Collective::reduce,
              .summary = "partial sums go up a binomial tree; log2(p) steps, wins for small "
                         "messages on many ranks",
              .make = ordered<reduce_binomial_tree>},
    Algorithm{.name = "two_shot_direct",
              .collective = Collective::reduce,
              .summary = "rank r reduces block r of all inputs in place into the root's output; "
                         "each byte moves once, wins wherever peers can reach the buffers",
              .direct = true,
              .make = reduce_two_shot_direct},
    Algorithm{.name = "reduce_scatter_gather",
              .collective = Collective::reduce,
              .summary = "rank r reduces block r of everyone and sends the result to the root; "
                         "two steps and least traffic, wins for large messages (Rabenseifner "
                         "2004)",
              .make = reduce_reduce_scatter_gather},

    Algorithm{.name = "dissemination",
              .collective = Collective::barrier,
              .summary = "signals to the ranks 1, 2, 4, ... further on; log2(p) steps (Hensgen, "
                         "Finkel and Manber 1988)",
              .make = barrier_dissemination},
    Algorithm{.name = "one_shot",
              .collective = Collective::barrier,
              .summary = "everyone signals everyone; one step, wins on few ranks",
              .make = barrier_one_shot},
};

}  // namespace weft::algorithms
