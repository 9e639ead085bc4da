#include "perf/common/names.h"

#include <weft/collective_traits.h>

#include <array>
#include <stdexcept>

namespace weft::perf {
namespace {

template <typename Enum>
struct Name {
  Enum value;
  std::string_view text;
  std::string_view alias;  // as nccl-tests writes it
};

constexpr std::array<Name<DataType>, kDataTypes> kTypes = {{{DataType::f32, "f32", "float"},
                                                            {DataType::f64, "f64", "double"},
                                                            {DataType::f16, "f16", "half"},
                                                            {DataType::bf16, "bf16", "bfloat16"},
                                                            {DataType::i8, "i8", "int8"},
                                                            {DataType::u8, "u8", "uint8"},
                                                            {DataType::i32, "i32", "int32"},
                                                            {DataType::u32, "u32", "uint32"},
                                                            {DataType::i64, "i64", "int64"},
                                                            {DataType::u64, "u64", "uint64"}}};

constexpr std::array<Name<ReduceOp>, kReduceOps> kOps = {{{ReduceOp::sum, "sum", "sum"},
                                                          {ReduceOp::prod, "prod", "prod"},
                                                          {ReduceOp::min, "min", "min"},
                                                          {ReduceOp::max, "max", "max"},
                                                          {ReduceOp::avg, "avg", "avg"}}};

constexpr auto kNamesOfCollectives = [] {
  constexpr std::array<std::string_view, kCollectives> kAliases = {
      "allreduce", "reducescatter", "allgather", "bcast", "reduce", "barrier"};
  std::array<Name<Collective>, kCollectives> names;
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = {kCollectiveTraits[i].collective, kCollectiveTraits[i].name, kAliases[i]};
  return names;
}();

template <typename Names, typename Enum>
std::string_view look_up(const Names& names, Enum value) {
  for (const auto& name : names) {
    if (name.value == value) return name.text;
  }
  return "?";
}

template <typename Names>
std::string list_of(const Names& names) {
  std::string list;
  for (const auto& name : names) {
    if (!list.empty()) list += ", ";
    list += name.text;
  }
  return list;
}

template <typename Names>
auto parse(const Names& names, std::string_view text, const char* what) {
  for (const auto& name : names) {
    if (name.text == text || name.alias == text) return name.value;
  }
  throw std::invalid_argument("unknown " + std::string(what) + " '" + std::string(text) +
                              "'; there are: " + list_of(names));
}

template <typename Enum, typename Names>
std::vector<Enum> parse_all(const Names& names, std::string_view text, const char* what) {
  if (text != "all") return {parse(names, text, what)};
  std::vector<Enum> values;
  for (const auto& name : names) values.push_back(name.value);
  return values;
}

}  // namespace

std::string_view text_of(DataType type) { return look_up(kTypes, type); }
std::string_view text_of(ReduceOp op) { return look_up(kOps, op); }
std::string_view text_of(Collective collective) { return traits_of(collective).name; }

std::size_t element_bytes(DataType type) {
  constexpr std::array<std::size_t, kDataTypes> kBytes = {4, 8, 2, 2, 1, 1, 4, 4, 8, 8};
  return kBytes.at(static_cast<std::size_t>(type));
}

DataType parse_type(std::string_view text) { return parse(kTypes, text, "data type"); }
ReduceOp parse_op(std::string_view text) { return parse(kOps, text, "operator"); }
Collective parse_collective(std::string_view text) {
  return parse(kNamesOfCollectives, text, "collective");
}

std::vector<DataType> parse_types(std::string_view text) {
  return parse_all<DataType>(kTypes, text, "data type");
}
std::vector<ReduceOp> parse_ops(std::string_view text) {
  return parse_all<ReduceOp>(kOps, text, "operator");
}

std::string list_of_collectives() { return list_of(kNamesOfCollectives); }

}  // namespace weft::perf
