/// The safetensors format: 8 bytes of header length (little-endian), a JSON header, raw tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace inference {

/// Where a tensor lies and what it is.
struct TensorInfo {
  std::string type;                ///< as in the file: "F32", "BF16", ...
  std::vector<std::size_t> shape;  ///< row-major
  std::uint64_t begin = 0;         ///< bytes from the start of the data
  std::uint64_t bytes = 0;
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::map<std::string, TensorInfo> tensors;
};

/// Reads a header's JSON text. Throws Problem, without the file's name, unless every tensor is of a
/// known type, takes as many bytes as its shape says, and the tensors fill `data_bytes` without
/// gaps and overlaps.
SafetensorsHeader parse_header(const std::string& json, std::uint64_t data_bytes);

/// A file whose header was checked; tensors are read when they are asked for.
class SafetensorsFile {
 public:
  /// Throws Problem where the file cannot be read or is broken.
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return path_; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  bool contains(const std::string& name) const { return header_.tensors.contains(name); }

  /// A whole tensor as f32. Throws Problem where it is missing, has another shape, is neither F32
  /// nor BF16, or cannot be read to its end.
  std::vector<float> read(const std::string& name, const std::vector<std::size_t>& shape);

 private:
  std::string path_;
  SafetensorsHeader header_;
  std::uint64_t data_start_ = 0;
  std::ifstream file_;
};

/// How weights are kept in a file.
enum class StoredType : std::uint8_t { f32, bf16 };

struct NewTensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

/// Writes a file (in place of what is there). Throws Problem.
void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       std::span<const NewTensor> tensors, StoredType type);

/// bfloat16's bits, rounded to nearest even; NaN stays NaN.
std::uint16_t to_bf16(float value);
float from_bf16(std::uint16_t bits);

}  // namespace inference
