// Names of element types, operators and collectives as the command line takes them. Apart from
// libweft, so that the loops over other libraries do not load it.
#pragma once

#include <weft/collective.h>
#include <weft/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::perf {

// "f32", "sum", "all_reduce".
std::string_view text_of(DataType type);
std::string_view text_of(ReduceOp op);
std::string_view text_of(Collective collective);

std::size_t element_bytes(DataType type);

// Reads weft's names and nccl-tests' ("float", "half", "int32", "allreduce"). Throws
// std::invalid_argument listing what there is.
DataType parse_type(std::string_view text);
ReduceOp parse_op(std::string_view text);
Collective parse_collective(std::string_view text);

// "all" or one name.
std::vector<DataType> parse_types(std::string_view text);
std::vector<ReduceOp> parse_ops(std::string_view text);

// "all_reduce, reduce_scatter, ...".
std::string list_of_collectives();

}  // namespace weft::perf
