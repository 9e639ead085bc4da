#include "perf/common/names.h"

#include <weft/collective_traits.h>
#include <weft/data_type.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace weft::perf {
namespace {

// Its alias is nccl-tests' word for it.
template <typename Enum>
struct Name {
  Enum value;
  std::string_view text;
  std::string_view alias;
};

constexpr auto kTypes = [] {
  std::array<Name<DataType>, kDataTypes> names{};
  std::ranges::transform(kDataTypeTraits, names.begin(), [](const DataTypeTraits& traits) {
    return Name<DataType>{traits.type, traits.name, traits.alias};
  });
  return names;
}();

constexpr auto kOps = [] {
  std::array<Name<ReduceOp>, kReduceOps> names{};
  std::ranges::transform(kReduceOpTraits, names.begin(), [](const ReduceOpTraits& traits) {
    return Name<ReduceOp>{traits.op, traits.name, traits.name};
  });
  return names;
}();

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
  return kDataTypeTraits.at(static_cast<std::size_t>(type)).bytes;
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
