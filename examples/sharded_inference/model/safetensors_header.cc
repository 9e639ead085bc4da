#include "model/problem.h"
#include "model/safetensors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace inference {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostDimensions = 8;

std::uint64_t bytes_per_element(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 14> kTypes = {
      {{"BOOL", 1},
       {"U8", 1},
       {"I8", 1},
       {"F8_E5M2", 1},
       {"F8_E4M3", 1},
       {"I16", 2},
       {"U16", 2},
       {"F16", 2},
       {"BF16", 2},
       {"I32", 4},
       {"U32", 4},
       {"F32", 4},
       {"I64", 8},
       {"F64", 8}}};
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const auto& pair) { return pair.first == type; });
  return found == kTypes.end() ? 0 : found->second;
}

// nlohmann's parser keeps the last of equal names, another reader may keep the first: a file that
// means two things is refused.
Json parse_without_duplicates(const std::string& text) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second) {
      twice = value.get<std::string>();
    }
    return true;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (!twice.empty()) throw Problem(fmt::format("the header names '{}' twice", twice));
  if (!json.is_object()) throw Problem("the header is no JSON object");
  return json;
}

std::vector<std::uint64_t> counts(const std::string& name, const Json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) {
    throw Problem(fmt::format("tensor '{}' has no list of {}", name, key));
  }
  std::vector<std::uint64_t> values;
  for (const Json& value : *found) {
    if (!value.is_number_unsigned()) {
      throw Problem(fmt::format("tensor '{}': {} hold something other than counts", name, key));
    }
    values.push_back(value.get<std::uint64_t>());
  }
  return values;
}

std::uint64_t size_by_shape(const std::string& name, const TensorInfo& tensor) {
  std::uint64_t bytes = bytes_per_element(tensor.type);
  if (bytes == 0) throw Problem(fmt::format("tensor '{}': unknown type '{}'", name, tensor.type));
  for (const std::size_t extent : tensor.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes)) {
      throw Problem(fmt::format("tensor '{}': its shape holds more than 2^64 bytes", name));
    }
  }
  return bytes;
}

TensorInfo tensor_from(const std::string& name, const Json& entry, std::uint64_t data_bytes) {
  const auto type = entry.find("dtype");
  if (type == entry.end() || !type->is_string()) {
    throw Problem(fmt::format("tensor '{}' has no dtype", name));
  }
  const auto shape = counts(name, entry, "shape");
  const auto offsets = counts(name, entry, "data_offsets");
  if (shape.size() > kMostDimensions) {
    throw Problem(fmt::format("tensor '{}' has {} dimensions", name, shape.size()));
  }
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_bytes) {
    throw Problem(
        fmt::format("tensor '{}' lies outside the file's {} bytes of data", name, data_bytes));
  }
  TensorInfo tensor{
      type->get<std::string>(), {shape.begin(), shape.end()}, offsets[0], offsets[1] - offsets[0]};
  const std::uint64_t expected = size_by_shape(name, tensor);
  if (expected != tensor.bytes) {
    throw Problem(fmt::format("tensor '{}' takes {} bytes, its shape and type {}", name,
                              tensor.bytes, expected));
  }
  return tensor;
}

void check_layout(const std::map<std::string, TensorInfo>& tensors, std::uint64_t data_bytes) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.bytes > 0) ranges.emplace_back(tensor.begin, tensor.begin + tensor.bytes);
  }
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t end = 0;
  for (const auto& [begin, next] : ranges) {
    if (begin < end) throw Problem(fmt::format("tensors overlap at byte {} of the data", begin));
    if (begin > end) throw Problem(fmt::format("no tensor covers byte {} of the data", end));
    end = next;
  }
  if (end != data_bytes) throw Problem(fmt::format("no tensor covers byte {} of the data", end));
}

}  // namespace

SafetensorsHeader parse_header(const std::string& text, std::uint64_t data_bytes) {
  const Json json = parse_without_duplicates(text);
  SafetensorsHeader header;
  for (const auto& [name, entry] : json.items()) {
    if (!entry.is_object()) throw Problem(fmt::format("'{}' is no JSON object", name));
    if (name != "__metadata__") {
      header.tensors[name] = tensor_from(name, entry, data_bytes);
      continue;
    }
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) throw Problem(fmt::format("metadata '{}' is no text", key));
      header.metadata[key] = value.get<std::string>();
    }
  }
  check_layout(header.tensors, data_bytes);
  return header;
}

}  // namespace inference
