#include "base/identity.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include <atomic>
#include <new>

#include "base/random.h"

namespace weft {
namespace {

enum State : std::uint32_t { kEmpty, kFilling, kReady };

// Alone on its pages, which the kernel hands to a forked child as zeros: kEmpty.
struct Page {
  Identity identity;
  std::atomic<std::uint32_t> state;
};

constinit std::atomic<Page*> own_page{nullptr};

void wipe() { own_page.load()->state = kEmpty; }

Page* make_page() {
  void* memory =
      mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* made = static_cast<Page*>(memory);
  Page* expected = nullptr;
  if (!own_page.compare_exchange_strong(expected, made)) {
    munmap(memory, sizeof(Page));
    return expected;
  }
  // Kernels without it know forks by fork() alone.
  if (madvise(memory, sizeof(Page), MADV_WIPEONFORK) != 0) pthread_atfork(nullptr, nullptr, wipe);
  return made;
}

}  // namespace

const Identity& process_identity() {
  Page* page = own_page.load(std::memory_order_acquire);
  if (page == nullptr) page = make_page();
  std::uint32_t state = kEmpty;
  if (page->state.load(std::memory_order_acquire) != kReady &&
      page->state.compare_exchange_strong(state, kFilling)) {
    page->identity = {random_word(), random_word()};
    page->state.store(kReady, std::memory_order_release);
  }
  while (page->state.load(std::memory_order_acquire) != kReady) sched_yield();
  return page->identity;
}

std::string text_of(const Identity& identity) {
  return fmt::format("{:016x}{:016x}", identity.high, identity.low);
}

}  // namespace weft
