// Memory: allocated, registered, imported, released.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "contract.h"

namespace weft::contract {
namespace {

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

TEST_P(Contract, AllocationsAreZeroedPageAlignedAndLargeEnough) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (const std::size_t bytes : {1ul, 8ul, 4095ul, 4096ul, 4097ul, 1ul << 20, 64ul << 20}) {
      const LocalMemory memory = rank.allocate(bytes);
      ASSERT_NE(memory.address, nullptr);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.address) % page, 0u);
      EXPECT_GE(memory.bytes, bytes);
      EXPECT_GT(memory.key.size, 0u);
      EXPECT_LE(memory.key.size, sizeof(memory.key.bytes));
      EXPECT_TRUE(all_zero({data(memory), bytes}));
      std::memset(memory.address, 1, bytes);
      rank.barrier();
      rank.transport().release(memory);
    }
  });
}

TEST_P(Contract, ImportedMemoryKnowsItsPeerAndItsSize) {
  run(3, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(10000);
    const auto imported = rank.share(memory);
    for (int peer = 0; peer < rank.size(); ++peer) {
      EXPECT_EQ(imported[peer].peer, peer);
      EXPECT_GE(imported[peer].bytes, 10000u);
      EXPECT_EQ(imported[peer].mapped != nullptr, rank.transport().capabilities().load_store);
    }
    rank.barrier();
    for (const RemoteMemory& remote : imported) rank.transport().release(remote);
    rank.barrier();
    rank.transport().release(memory);
  });
}

// Loads and stores know no errors: they must find memory, whoever is slower.
TEST_P(Contract, MappedMemoryStaysUntilItsImporterLetsGo) {
  run(2, [](Rank& rank) {
    if (!rank.transport().capabilities().load_store) return;
    rank.connect_all();
    constexpr std::size_t kBytes = 10000;
    const LocalMemory released = rank.allocate(kBytes);
    const LocalMemory closed = rank.allocate(kBytes);
    const auto of_released = rank.share(released);
    const auto of_closed = rank.share(closed);
    if (rank.rank() == 0) {
      rank.transport().release(released);
      rank.close();
    }
    rank.barrier();
    if (rank.rank() == 1) {
      for (const RemoteMemory& remote : {of_released[0], of_closed[0]}) {
        std::memset(remote.mapped, 1, kBytes);
        EXPECT_EQ(static_cast<char*>(remote.mapped)[kBytes - 1], 1);
        rank.transport().release(remote);
      }
    }
    rank.barrier();
  });
}

TEST_P(Contract, AKeyOfSomethingElseIsRefused) {
  run(1, [](Rank& rank) {
    rank.connect_all();
    MemoryKey key;
    key.size = 3;
    RemoteMemory remote;
    EXPECT_FALSE(rank.transport().import_memory(0, key, &remote).ok());
  });
}

TEST_P(Contract, MappedMemoryIsOneMemoryForBothSides) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    if (!rank.transport().capabilities().load_store) return;
    const LocalMemory memory = rank.allocate(1 << 16);
    const auto imported = rank.share(memory);
    auto* theirs = static_cast<std::byte*>(imported[rank.next()].mapped);
    const auto words = [&](std::byte* base) {
      return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(base));
    };
    for (std::uint64_t round = 1; round <= 200; ++round) {
      const auto bytes = pattern_bytes(round + rank.rank(), 1000);
      std::memcpy(theirs + 64, bytes.data(), bytes.size());
      words(theirs).store(round, std::memory_order_release);
      rank.until("the peer has stored",
                 [&] { return words(data(memory)).load(std::memory_order_acquire) == round; });
      ASSERT_EQ(first_difference({data(memory) + 64, 1000}, round + rank.previous()), 1000u);
      rank.barrier();
    }
  });
}

TEST_P(Contract, PrivateMemoryIsCopiedOrUnsupported) {
  // Before ranks fork: at the same address in each of them.
  std::vector<std::vector<std::byte>> buffers(2, std::vector<std::byte>(3 << 20));
  run(2, [&](Rank& rank) {
    rank.connect_all();
    const int peer = rank.next();
    Transport& transport = rank.transport();
    const Status asked = transport.copy_private(peer, 0, nullptr, 0, false);
    if (!asked.ok()) {
      EXPECT_EQ(asked.code, ErrorCode::unsupported) << asked.message;
      return;
    }
    auto& own = buffers[static_cast<std::size_t>(rank.rank())];
    const auto theirs =
        reinterpret_cast<std::uint64_t>(buffers[static_cast<std::size_t>(peer)].data());
    const std::size_t half = own.size() / 2;
    const auto bytes = pattern_bytes(rank.rank(), half);
    std::ranges::copy(bytes, own.begin());
    rank.barrier();
    std::vector<std::byte> got(half);
    ASSERT_TRUE(transport.copy_private(peer, theirs, got.data(), half, false).ok());
    EXPECT_EQ(first_difference(got, peer), half);
    ASSERT_TRUE(transport.copy_private(peer, theirs + half, own.data(), half, true).ok());
    rank.barrier();
    EXPECT_EQ(first_difference({own.data() + half, half}, peer), half);
    EXPECT_EQ(first_difference({own.data(), half}, rank.rank()), half);
    rank.barrier();
  });
}

TEST_P(Contract, RegisteredMemoryIsReachableOrUnsupported) {
  std::vector<std::vector<std::byte>> buffers(2, std::vector<std::byte>(20000));
  run(2, [&](Rank& rank) {
    rank.connect_all();
    auto& buffer = buffers[rank.rank()];
    LocalMemory memory;
    const Status status = rank.transport().register_memory(buffer.data(), buffer.size(), &memory);
    if (!status.ok()) {
      EXPECT_EQ(status.code, ErrorCode::unsupported) << status.message;
      return;
    }
    EXPECT_EQ(memory.address, buffer.data());
    EXPECT_EQ(memory.bytes, buffer.size());
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), 10000);
    const std::uint64_t pieces = rank.send(imported[rank.next()], 808, bytes, 0);
    rank.until("the bytes are there", [&] { return load_word(memory, 0) == pieces; });
    EXPECT_EQ(first_difference({buffer.data() + 808, 10000}, rank.previous()), 10000u);
    rank.barrier();
    rank.transport().release(memory);
  });
}

// The same bytes twice, and bytes within bytes: each registration lives until its own release.
TEST_P(Contract, RegistrationsMayOverlap) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    std::vector<std::byte> buffer(300'000);
    LocalMemory inner;
    const Status status =
        rank.transport().register_memory(buffer.data() + 100'000, 100'000, &inner);
    if (status.code == ErrorCode::unsupported) return;
    ASSERT_TRUE(status.ok()) << status.message;
    LocalMemory whole;
    LocalMemory again;
    ASSERT_TRUE(rank.transport().register_memory(buffer.data(), buffer.size(), &whole).ok());
    ASSERT_TRUE(rank.transport().register_memory(buffer.data(), buffer.size(), &again).ok());
    rank.transport().release(whole);
    const auto imported = rank.share(again);
    const auto inside = rank.share(inner);
    const auto bytes = pattern_bytes(rank.rank(), 50'000);
    std::uint64_t pieces = rank.send(imported[rank.next()], 8, bytes, 0);
    rank.until("the bytes are there", [&] { return load_word(again, 0) == pieces; });
    EXPECT_EQ(first_difference({buffer.data() + 8, 50'000}, rank.previous()), 50'000u);
    rank.barrier();
    rank.transport().release(again);
    pieces = rank.send(inside[rank.next()], 8, bytes, 0);
    rank.until("the bytes are there", [&] { return load_word(inner, 0) == pieces; });
    EXPECT_EQ(first_difference({buffer.data() + 100'008, 50'000}, rank.previous()), 50'000u);
    rank.barrier();
    rank.transport().release(inner);
  });
}

// Several puts from memory that nobody registered, on their way at once.
TEST_P(Contract, SourcesMayBeShared) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    constexpr std::size_t kBytes = 200'000;
    constexpr std::uint64_t kPuts = 20;
    const LocalMemory memory = rank.allocate(64 + kBytes);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), kBytes);
    std::uint64_t pieces = 0;
    for (std::uint64_t i = 0; i < kPuts; ++i)
      pieces += rank.send(imported[rank.next()], 64, bytes, 0);
    rank.until("all is there", [&] { return load_word(memory, 0) == pieces; });
    EXPECT_EQ(first_difference({data(memory) + 64, kBytes}, rank.previous()), kBytes);
    rank.barrier();
  });
}

// A file that this process may only read, as weights are mapped.
class ReadOnlyFile {
 public:
  ReadOnlyFile(std::span<const std::byte> bytes, int kind) : bytes_(bytes.size()) {
    char name[] = "/tmp/weft_contract_XXXXXX";
    const int written = mkstemp(name);
    EXPECT_EQ(::write(written, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::close(written);
    const int fd = ::open(name, O_RDONLY | O_CLOEXEC);
    ::unlink(name);
    address_ = mmap(nullptr, bytes_, PROT_READ, kind, fd, 0);
    EXPECT_NE(address_, MAP_FAILED);
    ::close(fd);
  }
  ~ReadOnlyFile() { munmap(address_, bytes_); }
  ReadOnlyFile(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(address_), bytes_};
  }

 private:
  std::size_t bytes_;
  void* address_ = nullptr;
};

TEST_P(Contract, SourcesMayBeReadOnly) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    constexpr std::size_t kBytes = (1 << 20) + 5;
    const LocalMemory memory = rank.allocate(64 + kBytes);
    const auto imported = rank.share(memory);
    std::uint64_t pieces = 0, completed = 0;
    for (const int kind : {MAP_PRIVATE, MAP_SHARED}) {
      const auto seed = static_cast<std::uint64_t>(kind + rank.rank());
      const ReadOnlyFile file(pattern_bytes(seed, kBytes), kind);
      pieces += rank.send(imported[rank.next()], 64, file.bytes(), 0, &completed);
      // The other end may have it before this one knows.
      rank.until("the file may go", [&] { return completed == pieces; });
      rank.until("all is there", [&] { return load_word(memory, 0) == pieces; });
      const auto theirs = static_cast<std::uint64_t>(kind + rank.previous());
      EXPECT_EQ(first_difference({data(memory) + 64, kBytes}, theirs), kBytes);
      rank.barrier();  // both have read it
    }
    EXPECT_TRUE(rank.failures().empty());
  });
}

// The limit of locked memory, lowered for a while. It binds who may not exceed it.
class LockedMemoryLimit {
 public:
  explicit LockedMemoryLimit(rlim_t bytes) {
    getrlimit(RLIMIT_MEMLOCK, &before_);
    const rlimit now{std::min(bytes, before_.rlim_cur), before_.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &now);
  }
  ~LockedMemoryLimit() { setrlimit(RLIMIT_MEMLOCK, &before_); }
  LockedMemoryLimit(const LockedMemoryLimit&) = delete;
  LockedMemoryLimit& operator=(const LockedMemoryLimit&) = delete;

 private:
  rlimit before_{};
};

// A shortage here is no fault of a peer's: puts and gets of private memory go on.
TEST_P(Contract, NoMoreMemoryToLockFailsNoPeer) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    constexpr std::size_t kBytes = (1 << 20) + 5;
    const LocalMemory memory = rank.allocate(2 * kBytes);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), kBytes);
    const RemoteMemory& theirs = imported[rank.next()];
    std::uint64_t pieces = rank.send(theirs, 64, {bytes.data(), 8}, 0);
    rank.until("the connection is in use", [&] { return load_word(memory, 0) == pieces; });
    rank.barrier();
    const LockedMemoryLimit limit(4096);
    pieces += rank.send(theirs, 64, bytes, 0);
    rank.until("all is there", [&] { return load_word(memory, 0) == pieces; });
    EXPECT_EQ(first_difference({data(memory) + 64, kBytes}, rank.previous()), kBytes);
    rank.barrier();
    if (rank.transport().capabilities().get) {
      std::vector<std::byte> got(kBytes);
      std::uint64_t completed = 0;
      const Get get{got.data(), &theirs, 64, kBytes, &completed};
      ASSERT_TRUE(rank.transport().get({&get, 1}).ok());
      rank.until("the bytes are there", [&] { return completed == 1; });
      EXPECT_EQ(first_difference(got, rank.rank()), kBytes);
    }
    rank.barrier();
    EXPECT_TRUE(rank.failures().empty());
  });
}

TEST_P(Contract, ADmaBufIsRegisteredOrUnsupported) {
  run(1, [](Rank& rank) {
    rank.connect_all();
    LocalMemory memory;
    std::byte name{};
    const Status none = rank.transport().register_dmabuf(-1, 0, &name, 4096, &memory);
    EXPECT_FALSE(none.ok());
    // A descriptor that is no dma-buf.
    const int fd = memfd_create("weft", MFD_CLOEXEC);
    ASSERT_GE(fd, 0);
    const Status wrong = rank.transport().register_dmabuf(fd, 0, &name, 4096, &memory);
    EXPECT_FALSE(wrong.ok());
    EXPECT_GT(std::string_view(wrong.message).size(), 0u);
    ::close(fd);
  });
}

TEST_P(Contract, ReleasesAndAllocatesAgainManyTimes) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    for (std::uint64_t round = 0; round < 50; ++round) {
      const LocalMemory memory = rank.allocate(100000);
      const auto imported = rank.share(memory);
      const auto bytes = pattern_bytes(round + rank.rank(), 5000);
      const std::uint64_t pieces = rank.send(imported[rank.next()], 64, bytes, 0);
      rank.until("the bytes are there", [&] { return load_word(memory, 0) == pieces; });
      ASSERT_EQ(first_difference({data(memory) + 64, 5000}, round + rank.previous()), 5000u);
      rank.barrier();
      for (const RemoteMemory& remote : imported) rank.transport().release(remote);
      rank.barrier();
      rank.transport().release(memory);
    }
  });
}

// Of this process: its address space in bytes, and its open file descriptors.
std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST_P(Contract, ReleasedMemoryIsGivenBack) {
  run(1, [](Rank& rank) {
    rank.connect_all();
    const std::size_t space_before = address_space();
    const std::ptrdiff_t files_before = open_files();
    constexpr std::size_t kBytes = 1 << 18;
    constexpr std::size_t kRounds = 1000;
    for (std::size_t round = 0; round < kRounds; ++round) {
      const LocalMemory memory = rank.allocate(kBytes);
      RemoteMemory remote;
      ASSERT_TRUE(rank.transport().import_memory(0, memory.key, &remote).ok()) << round;
      rank.transport().release(remote);
      rank.transport().release(memory);
    }
    EXPECT_LT(address_space(), space_before + kRounds * kBytes / 2);
    EXPECT_LT(open_files(), files_before + 100);
  });
}

}  // namespace
}  // namespace weft::contract
