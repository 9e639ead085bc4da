// The generators, one file each; flat_algorithms.h tells what they are for.
#pragma once

#include "algorithms/plan_input.h"
#include "schedule/schedule.h"

namespace weft::algorithms {

using Generator = schedule::Schedule(const PlanInput&);

Generator all_reduce_binomial_tree;
Generator all_reduce_double_binary_tree;
Generator all_reduce_halving_doubling;
Generator all_reduce_one_shot;
Generator all_reduce_recursive_doubling;
Generator all_reduce_ring;
Generator all_reduce_two_shot;
Generator all_reduce_two_shot_direct;

Generator reduce_scatter_one_shot;
Generator reduce_scatter_one_shot_direct;
Generator reduce_scatter_ring;

Generator all_gather_bruck;
Generator all_gather_one_shot;
Generator all_gather_one_shot_direct;
Generator all_gather_ring;

Generator broadcast_binomial_tree;
Generator broadcast_one_shot;
Generator broadcast_one_shot_direct;
Generator broadcast_scatter_all_gather;

Generator reduce_binomial_tree;
Generator reduce_one_shot;
Generator reduce_reduce_scatter_gather;
Generator reduce_two_shot_direct;

Generator barrier_dissemination;
Generator barrier_one_shot;

}  // namespace weft::algorithms
