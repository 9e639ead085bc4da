#include "communicator/collectives/decode_arguments.h"

#include <weft/data_type.h>

#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "base/error.h"

namespace weft {
namespace {

constexpr std::size_t kMostBytes = std::numeric_limits<std::size_t>::max() / 4;

struct Tensor {
  const char* name;
  const void* data;
  std::size_t bytes;
};

template <typename... Args>
[[noreturn]] void refuse(const char* call, fmt::format_string<Args...> format, Args&&... args) {
  fail(ErrorCode::invalid_argument, "{}: {}", call,
       fmt::format(format, std::forward<Args>(args)...));
}

void check_type(const char* call, DataType type) {
  const DataTypeTraits* traits = traits_of(type);
  if (traits != nullptr && traits->sums == DataType::f32) return;
  refuse(call, "data type {}; it takes f32, f16 and bf16", name_of(type));
}

void check_tensor(const char* call, const Tensor& tensor, DataType type) {
  if (tensor.data == nullptr) refuse(call, "{} is null", tensor.name);
  if (reinterpret_cast<std::uintptr_t>(tensor.data) % size_of(type) != 0) {
    refuse(call, "{} is not aligned to its elements of {} bytes", tensor.name, size_of(type));
  }
}

bool overlap(const Tensor& a, const Tensor& b) {
  const auto* from = static_cast<const std::byte*>(a.data);
  const auto* to = static_cast<const std::byte*>(b.data);
  return from < to + b.bytes && to < from + a.bytes;
}

// `written` may be the same as the first of `others`, and overlaps none else.
void check_overlap(const char* call, const Tensor& written, std::span<const Tensor> others) {
  for (const Tensor& other : others) {
    const bool in_place = &other == others.data() && other.data == written.data;
    if (!in_place && overlap(written, other))
      refuse(call, "{} overlaps {}", written.name, other.name);
  }
}

}  // namespace

executor::Call RmsNormCall::call() const {
  executor::Call call;
  call.collective = Collective::all_reduce;
  call.type = type;
  call.count = rows;
  call.extra = executor::Extra::rms_norm;
  return call;
}

std::uint64_t RmsNormCall::detail() const {
  return norm.hidden * 0x9E3779B97F4A7C15u + std::bit_cast<std::uint32_t>(norm.epsilon);
}

executor::Call QuantizedCall::call() const {
  executor::Call call;
  call.collective = Collective::all_reduce;
  call.type = type;
  call.count = count;
  call.extra = form == Quantization::int8 ? executor::Extra::int8 : executor::Extra::fp8_e4m3;
  return call;
}

void check_arguments(const RmsNormCall& c) {
  constexpr const char* kName = "plan_all_reduce_rms_norm";
  check_type(kName, c.type);
  if (c.norm.hidden == 0) refuse(kName, "hidden is 0");
  if (!std::isfinite(c.norm.epsilon) || c.norm.epsilon < 0)
    refuse(kName, "epsilon {}; it is finite and not negative", c.norm.epsilon);
  if (c.norm.hidden > kMostBytes / size_of(c.type) || c.rows > kMostBytes / c.row_bytes()) {
    refuse(kName, "{} rows of {} elements of {} overflow", c.rows, c.norm.hidden, name_of(c.type));
  }
  if (c.rows == 0) return;
  const Tensor input{"input", c.input, c.bytes()};
  const Tensor output{"output", c.output, c.bytes()};
  const Tensor residual{"residual", c.norm.residual, c.bytes()};
  const Tensor residual_output{"residual_output", c.norm.residual_output, c.bytes()};
  const Tensor weight{"weight", c.norm.weight, c.row_bytes()};
  for (const Tensor& tensor : {input, output, residual, residual_output, weight})
    check_tensor(kName, tensor, c.type);
  const Tensor beside_output[] = {input, residual, residual_output, weight};
  const Tensor beside_residual[] = {residual, input, weight};
  check_overlap(kName, output, beside_output);
  check_overlap(kName, residual_output, beside_residual);
}

void check_arguments(const QuantizedCall& c) {
  constexpr const char* kName = "plan_all_reduce_quantized";
  check_type(kName, c.type);
  if (name_of(c.form) == "?") refuse(kName, "unknown form {}", static_cast<int>(c.form));
  if (c.count > kMostBytes / size_of(c.type))
    refuse(kName, "{} elements of {} overflow", c.count, name_of(c.type));
  if (c.count == 0) return;
  const Tensor input[] = {{"input", c.input, c.bytes()}};
  const Tensor output{"output", c.output, c.bytes()};
  check_tensor(kName, input[0], c.type);
  check_tensor(kName, output, c.type);
  check_overlap(kName, output, input);
}

}  // namespace weft
