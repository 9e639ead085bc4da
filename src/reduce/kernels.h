// Where kernel() finds the kernels of each family of types, for the instruction set chosen at run
// time. One source file each, because every one is compiled for several instruction sets. Valid for
// the family's types only.
#pragma once

#include "reduce/reduce.h"

namespace weft::reduce {

Kernel choose_float_kernel(DataType type, ReduceOp op);
Kernel choose_half_kernel(DataType type, ReduceOp op);
Kernel choose_int8_kernel(DataType type, ReduceOp op);
Kernel choose_int32_kernel(DataType type, ReduceOp op);
Kernel choose_int64_kernel(DataType type, ReduceOp op);

PartialKernel choose_half_partial_kernel(DataType type, ReduceOp op);

}  // namespace weft::reduce
