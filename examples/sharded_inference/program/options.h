/// What the command line says.
#pragma once

#include "model/config.h"
#include "model/safetensors.h"
#include "parallel/forms.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace inference {

struct Options {
  Form form = Form::single;
  std::optional<int> ranks;  ///< forked here; none: from the launcher
  std::string model;
  std::string prompt = "The quick brown fox jumps over the lazy dog";
  std::size_t tokens = 64;
  std::size_t context = 512;
  std::size_t warm_ups = 1;
  bool check = false;
  bool json = false;

  std::string make_model;  ///< where to write a random model, instead of running one
  ModelConfig new_model;
  StoredType stored = StoredType::f32;
  std::uint64_t seed = 1;
};

/// Whether a program starts its ranks itself.
enum class Starts : std::uint8_t { itself, by_launcher };

/// Reads the command line. Returns an exit status where the program is to end at once: after --help
/// or a wrong option, both of which it has reported.
std::optional<int> parse(int argc, const char* const* argv, Starts starts, Options& options);

const char* name_of(Form form);

}  // namespace inference
