#include "executor/call.h"

#include <fmt/format.h>
#include <weft/collective_traits.h>

namespace weft::executor {
namespace {

const char* name_of(Extra extra) {
  switch (extra) {
    case Extra::none:
      break;
    case Extra::rms_norm:
      return "rms_norm";
    case Extra::int8:
      return "int8";
    case Extra::fp8_e4m3:
      return "fp8_e4m3";
  }
  return "?";
}

}  // namespace

Call Call::unpack(std::uint64_t packed, std::size_t count, std::uint64_t parts) {
  Call call;
  call.collective = static_cast<Collective>(packed & 0xFF);
  call.type = static_cast<DataType>(packed >> 8 & 0xFF);
  call.op = static_cast<ReduceOp>(packed >> 16 & 0xFF);
  call.internal = (packed >> 24 & 1) != 0;
  call.extra = static_cast<Extra>(packed >> 25 & 0x7F);
  call.root = static_cast<int>(packed >> 32);
  call.count = count;
  call.parts = parts;
  return call;
}

std::string Call::describe() const {
  if (internal) return "set-up of a communicator, a plan or allocated memory";
  const CollectiveTraits& traits = traits_of(collective);
  std::string text(traits.name);
  if (!traits.moves_data()) return text;
  text += fmt::format(" {}", weft::name_of(type));
  if (traits.reduces) text += fmt::format(" {}", weft::name_of(op));
  if (extra != Extra::none) text += fmt::format(" with {}", name_of(extra));
  text += fmt::format(", {} {}", count, extra == Extra::rms_norm ? "rows" : "elements");
  if (parts != 0) text += fmt::format(" in uneven parts (table {:04x})", parts & 0xFFFF);
  if (traits.rooted()) text += fmt::format(", root {}", root);
  return text;
}

}  // namespace weft::executor
