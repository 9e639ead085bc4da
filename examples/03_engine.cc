// Disaggregated serving without a communicator: a prefill process writes pages of its KV cache into
// those of a decode process. They find each other by files. The decode process is started twice, as
// after a crash: the second one takes the first one's place.
#include <weft/weft.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr weft::PageLayout kCache = {.page_bytes = 16 << 10, .pages = 256, .layers = 4};

// Any side channel does: here a folder, a file for each name. Renamed into place, so that it is
// whole.
void publish(const fs::path& folder, const std::string& name, const weft::OpaqueBytes& bytes) {
  std::ofstream(folder / (name + ".new"), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  fs::rename(folder / (name + ".new"), folder / name);
}

weft::OpaqueBytes look_up(const fs::path& folder, const std::string& name) {
  while (!fs::exists(folder / name)) std::this_thread::sleep_for(1ms);
  std::ifstream file(folder / name, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Takes one request's pages, tells how it went, and ends.
int decode(const fs::path& folder, const std::string& start, std::uint8_t expected) {
  look_up(folder, start);
  weft::Engine engine = weft::Engine::create({.name = "decode"});
  weft::EnginePages pages = engine.open_pages(kCache);
  publish(folder, "decode", engine.address());
  const int prefill = engine.add_peer(look_up(folder, "prefill"));
  engine.wait_up(prefill);
  const weft::OpaqueBytes key = pages.key();
  engine.send(key.data(), key.size(), prefill);
  pages.wait_counter(0, 1, prefill);
  const auto* last = static_cast<const std::uint8_t*>(pages.page(3, 255));
  const std::uint8_t right = last[kCache.page_bytes - 1] == expected ? 1 : 0;
  engine.send(&right, 1, prefill);
  engine.remove_peer(prefill);
  return right == 1 ? 0 : 1;
}

// Serves one decode process and sees it go.
int prefill_for(weft::Engine& engine, weft::EnginePages& pages, const weft::OpaqueBytes& address,
                std::uint8_t fill) {
  const int peer = engine.add_peer(address);
  engine.wait_up(peer);
  weft::OpaqueBytes key(4096);
  key.resize(engine.recv(key.data(), key.size(), peer).bytes);
  const weft::PeerPages cache = engine.import_pages(peer, key);
  for (int layer = 0; layer < kCache.layers; ++layer) {
    std::memset(pages.page(layer, 0), fill, kCache.pages * kCache.page_bytes);
  }
  std::vector<std::uint32_t> numbers(kCache.pages);
  std::iota(numbers.begin(), numbers.end(), 0u);
  pages.write_pages(cache, numbers, numbers).wait();  // memory that nobody has touched is slow
  const auto started = std::chrono::steady_clock::now();
  pages.write_pages(cache, numbers, numbers, {.counter = 0}).wait();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started;
  std::uint8_t right = 0;
  engine.recv(&right, 1, peer);
  std::printf("%s, number %d: 16 MiB of pages in %.0f us, %s\n", engine.describe(peer).c_str(),
              peer, took.count(), right == 1 ? "right" : "wrong");
  for (auto event = engine.next_event(); !event || event->up; event = engine.next_event()) {
  }
  return right == 1 ? 0 : 1;
}

}  // namespace

int main() try {
  const fs::path folder = fs::temp_directory_path() / ("weft-03-" + std::to_string(getpid()));
  fs::create_directory(folder);
  int failures = 0;
  const auto start_decode = [&](const std::string& start, std::uint8_t expected) {
    const pid_t child = fork();
    if (child == 0) _exit(decode(folder, start, expected));
    return child;
  };
  // Both are forked before this process has an engine: what a library opens is not for a fork.
  const pid_t first = start_decode("start-1", 1);
  const pid_t second = start_decode("start-2", 2);
  publish(folder, "start-1", {});
  {
    weft::Engine engine = weft::Engine::create({.name = "prefill"});
    weft::EnginePages pages = engine.open_pages(kCache);
    publish(folder, "prefill", engine.address());
    const weft::OpaqueBytes old_address = look_up(folder, "decode");
    failures += prefill_for(engine, pages, old_address, 1);
    waitpid(first, nullptr, 0);
    fs::remove(folder / "decode");
    publish(folder, "start-2", {});
    failures += prefill_for(engine, pages, look_up(folder, "decode"), 2);
    try {
      engine.add_peer(old_address);
      ++failures;
    } catch (const weft::Error& error) {
      std::printf("refused: %s\n", error.what());
    }
    int status = 0;
    waitpid(second, &status, 0);
    failures += status == 0 ? 0 : 1;
  }
  fs::remove_all(folder);
  if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category(), "output");
  return failures == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "03_engine: %s\n", error.what());
  return 1;
}
