// Runs a libFuzzer target without libFuzzer: on the files that are named, else on inputs from a
// fixed seed. "--corpus FOLDER" writes some of those there, for libFuzzer to begin with.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/target.h"

namespace {

using weft::fuzz::Input;
using weft::fuzz::Random;

constexpr std::uint32_t kSeed = 20240229;

void run_file(const char* name) {
  std::ifstream file(name, std::ios::binary);
  const Input input{std::istreambuf_iterator<char>(file), {}};
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

int write_corpus(const std::string& folder) {
  constexpr int kInputs = 300;
  Random random(kSeed);
  for (int i = 0; i < kInputs; ++i) {
    const Input input = weft::fuzz::next_input(random);
    std::ofstream file(folder + "/" + std::to_string(i), std::ios::binary);
    file.write(reinterpret_cast<const char*>(input.data()),
               static_cast<std::streamsize>(input.size()));
    if (!file.good()) return 1;
  }
  return 0;
}

void run_inputs() {
  constexpr int kInputs = 50'000;
  Random random(kSeed);
  for (int i = 0; i < kInputs; ++i) {
    const Input input = weft::fuzz::next_input(random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%d inputs\n", kInputs);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--corpus") return write_corpus(argv[2]);
  for (int i = 1; i < argc; ++i) run_file(argv[i]);
  if (argc == 1) run_inputs();
  return 0;
}
