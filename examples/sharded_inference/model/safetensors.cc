#include "model/safetensors.h"

#include "model/problem.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

namespace inference {
namespace {

// As in the format's own library: enough for any checkpoint, too little to exhaust memory.
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;

std::uint64_t file_bytes(const std::string& path) {
  std::error_code error;
  const std::filesystem::path file(path);
  if (!std::filesystem::exists(file, error)) throw Problem("there is no such file");
  if (!std::filesystem::is_regular_file(file, error)) throw Problem("is no regular file");
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  if (error) throw Problem(error.message());
  return bytes;
}

void read_exactly(std::ifstream& file, void* into, std::uint64_t bytes) {
  file.read(static_cast<char*>(into), static_cast<std::streamsize>(bytes));
  if (!file || static_cast<std::uint64_t>(file.gcount()) != bytes) {
    throw Problem("ends before its data does");
  }
}

std::vector<float> widen(const std::vector<std::uint16_t>& halves) {
  std::vector<float> values(halves.size());
  std::transform(halves.begin(), halves.end(), values.begin(), from_bf16);
  return values;
}

}  // namespace

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

SafetensorsFile::SafetensorsFile(const std::string& path) : path_(path) {
  try {
    const std::uint64_t bytes = file_bytes(path);
    file_.open(path, std::ios::binary);
    if (!file_) throw Problem("cannot be opened");
    std::uint64_t header_bytes = 0;
    if (bytes < sizeof(header_bytes)) throw Problem("is too short for a safetensors file");
    read_exactly(file_, &header_bytes, sizeof(header_bytes));
    if (header_bytes > kMostHeaderBytes || header_bytes > bytes - sizeof(header_bytes)) {
      throw Problem(fmt::format("claims a header of {} bytes: no safetensors file, or cut off",
                                header_bytes));
    }
    std::string json(header_bytes, '\0');
    read_exactly(file_, json.data(), header_bytes);
    data_start_ = sizeof(header_bytes) + header_bytes;
    header_ = parse_header(json, bytes - data_start_);
  } catch (const Problem& problem) {
    throw Problem(fmt::format("{}: {}", path, problem.what()));
  }
}

std::vector<float> SafetensorsFile::read(const std::string& name,
                                         const std::vector<std::size_t>& shape) {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end()) throw Problem(fmt::format("{}: no tensor '{}'", path_, name));
  const TensorInfo& tensor = found->second;
  if (tensor.shape != shape) {
    throw Problem(fmt::format("{}: tensor '{}' has the shape [{}], not [{}]", path_, name,
                              fmt::join(tensor.shape, ", "), fmt::join(shape, ", ")));
  }
  try {
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(data_start_ + tensor.begin));
    if (tensor.type == "F32") {
      std::vector<float> values(tensor.bytes / sizeof(float));
      read_exactly(file_, values.data(), tensor.bytes);
      return values;
    }
    if (tensor.type == "BF16") {
      std::vector<std::uint16_t> halves(tensor.bytes / sizeof(std::uint16_t));
      read_exactly(file_, halves.data(), tensor.bytes);
      return widen(halves);
    }
    throw Problem(fmt::format("tensor '{}' is {}, not F32 or BF16", name, tensor.type));
  } catch (const Problem& problem) {
    throw Problem(fmt::format("{}: {}", path_, problem.what()));
  }
}

void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       std::span<const NewTensor> tensors, StoredType type) {
  const std::uint64_t element = type == StoredType::f32 ? 4 : 2;
  nlohmann::json header;
  header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const NewTensor& tensor : tensors) {
    const std::uint64_t end = offset + tensor.values.size() * element;
    header[tensor.name] = {{"dtype", type == StoredType::f32 ? "F32" : "BF16"},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string json = header.dump();
  json.resize((json.size() + 7) / 8 * 8, ' ');
  const std::uint64_t header_bytes = json.size();

  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(&header_bytes), sizeof(header_bytes));
  file.write(json.data(), static_cast<std::streamsize>(json.size()));
  for (const NewTensor& tensor : tensors) {
    std::vector<std::uint16_t> halves;
    const void* data = tensor.values.data();
    if (type == StoredType::bf16) {
      halves.resize(tensor.values.size());
      std::transform(tensor.values.begin(), tensor.values.end(), halves.begin(), to_bf16);
      data = halves.data();
    }
    file.write(static_cast<const char*>(data),
               static_cast<std::streamsize>(tensor.values.size() * element));
  }
  if (!file.flush())
    throw Problem(fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
}

}  // namespace inference
