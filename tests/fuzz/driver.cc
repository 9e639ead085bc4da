// Runs a libFuzzer target without libFuzzer: on the files that are named, else on inputs from a
// fixed seed.
#include "bootstrap/frame.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

namespace {

using weft::bootstrap::FrameKind;
using Input = std::vector<unsigned char>;

class Inputs {
 public:
  // Random bytes, or frames of which some bytes are changed, cut off or repeated.
  Input next() {
    Input input{byte()};
    if (below(4) == 0) {
      for (std::size_t left = below(200); left > 0; --left) input.push_back(byte());
      return input;
    }
    weft::Blob frames;
    for (std::size_t left = 1 + below(4); left > 0; --left) {
      const weft::Blob payload(below(320), std::byte{byte()});
      append_frame(frames, static_cast<FrameKind>(1 + below(5)), word(), word(), payload);
    }
    for (const std::byte b : frames) input.push_back(std::to_integer<unsigned char>(b));
    for (std::size_t left = below(3); left > 0; --left) input[below(input.size())] = byte();
    if (below(3) == 0) input.resize(1 + below(input.size()));
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::uint32_t word() { return static_cast<std::uint32_t>(random_()); }
  unsigned char byte() { return static_cast<unsigned char>(random_()); }

  std::mt19937 random_{20240229};
};

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const Input input{std::istreambuf_iterator<char>(file), {}};
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  if (argc > 1) return 0;
  constexpr int kInputs = 50'000;
  Inputs inputs;
  for (int i = 0; i < kInputs; ++i) {
    const Input input = inputs.next();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%d inputs\n", kInputs);
  return 0;
}
