#include "perf/peers/mpi_pair.h"

#include "perf/common/candidate.h"
#include "perf/pairs/loops.h"
#include "perf/peers/mpi_check.h"

#include <mpi.h>

#include <atomic>
#include <limits>
#include <vector>

namespace weft::perf {
namespace {

// Blocking calls; for bandwidth a window of MPI_Isend and MPI_Irecv, all with the same buffer.
class MpiSendEnds {
 public:
  MpiSendEnds(int peer, std::size_t bytes)
      : peer_(peer),
        bytes_(static_cast<int>(bytes)),
        out_(allocate_plain(bytes)),
        in_(allocate_plain(bytes)) {}

  void send() { send_bytes(out_.get(), bytes_); }
  void receive() { receive_bytes(in_.get(), bytes_); }
  void send_word() { send_bytes(&word_, sizeof(word_)); }
  void receive_word() { receive_bytes(&word_, sizeof(word_)); }

  void send_many(std::size_t count) {
    requests_.resize(count);
    for (MPI_Request& request : requests_) {
      check_mpi(MPI_Isend(out_.get(), bytes_, MPI_BYTE, peer_, 0, MPI_COMM_WORLD, &request),
                "MPI_Isend");
    }
    finish();
  }
  void receive_many(std::size_t count) {
    requests_.resize(count);
    for (MPI_Request& request : requests_) {
      check_mpi(MPI_Irecv(in_.get(), bytes_, MPI_BYTE, peer_, 0, MPI_COMM_WORLD, &request),
                "MPI_Irecv");
    }
    finish();
  }

  std::span<std::byte> outgoing() { return span_of(out_); }
  std::span<std::byte> incoming() { return span_of(in_); }
  void keep_incoming(bool) {}

 private:
  void send_bytes(const void* data, int bytes) {
    check_mpi(MPI_Send(data, bytes, MPI_BYTE, peer_, 0, MPI_COMM_WORLD), "MPI_Send");
  }
  void receive_bytes(void* data, int bytes) {
    check_mpi(MPI_Recv(data, bytes, MPI_BYTE, peer_, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE),
              "MPI_Recv");
  }
  void finish() {
    check_mpi(
        MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE),
        "MPI_Waitall");
  }
  std::span<std::byte> span_of(const Memory& memory) const {
    return {static_cast<std::byte*>(memory.get()), static_cast<std::size_t>(bytes_)};
  }

  int peer_;
  int bytes_;
  Memory out_;
  Memory in_;
  std::vector<MPI_Request> requests_;
  std::uint64_t word_ = 0;
};

// Memory of MPI_Win_allocate, with a word that counts messages in a line before the bytes.
class MpiWindow {
 public:
  static constexpr MPI_Aint kBytesAt = 64;

  explicit MpiWindow(std::size_t bytes) {
    check_mpi(MPI_Win_allocate(kBytesAt + static_cast<MPI_Aint>(bytes), 1, MPI_INFO_NULL,
                               MPI_COMM_WORLD, &memory_, &window_),
              "MPI_Win_allocate");
    word().store(0);
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "MPI_Win_lock_all");
    check_mpi(MPI_Win_sync(window_), "MPI_Win_sync");
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
  }
  // Collective.
  ~MpiWindow() {
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
  }
  MpiWindow(const MpiWindow&) = delete;
  MpiWindow& operator=(const MpiWindow&) = delete;

  // Without waiting for it.
  void put(int rank, MPI_Aint at, const void* data, int bytes) {
    check_mpi(MPI_Put(data, bytes, MPI_BYTE, rank, at, bytes, MPI_BYTE, window_), "MPI_Put");
  }
  void flush(int rank) { check_mpi(MPI_Win_flush(rank, window_), "MPI_Win_flush"); }

  std::atomic<std::uint64_t>& word() { return *static_cast<std::atomic<std::uint64_t>*>(memory_); }
  std::byte* bytes() { return static_cast<std::byte*>(memory_) + kBytesAt; }

  // Until the own word has come to `value`. Looks into MPI now and then: it may have to move a put
  // on.
  void await(std::uint64_t value) {
    for (int polls = 1; word().load(std::memory_order_acquire) < value; ++polls) {
      if (polls % 100 != 0) continue;
      int found = 0;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
    }
  }

 private:
  void* memory_ = nullptr;
  MPI_Win window_ = MPI_WIN_NULL;
};

// With MPICH 4.0 over UCX a put whose flush has returned never comes to a target that only polls.
#if defined(MPICH_VERSION)
constexpr bool kPutsArrive = false;
#else
constexpr bool kPutsArrive = true;
#endif

// MPI has no put with a signal: the bytes, a flush, and then the word. The receiver polls it.
class MpiPutEnds {
 public:
  MpiPutEnds(int peer, std::size_t bytes)
      : peer_(peer),
        bytes_(static_cast<int>(bytes)),
        out_(allocate_plain(bytes)),
        window_(std::make_unique<MpiWindow>(bytes)) {}

  void send() { send_many(1); }
  void receive() { window_->await(++received_); }
  void send_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      window_->put(peer_, MpiWindow::kBytesAt, out_.get(), bytes_);
    }
    window_->flush(peer_);
    send_word();
  }
  void receive_many(std::size_t) { receive(); }
  void send_word() {
    ++sent_;
    window_->put(peer_, 0, &sent_, sizeof(sent_));
    window_->flush(peer_);
  }
  void receive_word() { receive(); }

  std::span<std::byte> outgoing() {
    return {static_cast<std::byte*>(out_.get()), static_cast<std::size_t>(bytes_)};
  }
  std::span<std::byte> incoming() { return {window_->bytes(), static_cast<std::size_t>(bytes_)}; }
  void keep_incoming(bool) {}

 private:
  int peer_;
  int bytes_;
  Memory out_;
  std::unique_ptr<MpiWindow> window_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace

MpiPair::MpiPair() {
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
}

std::string MpiPair::name() const { return WEFT_PEER_NAME; }

void MpiPair::barrier() { check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

std::int64_t MpiPair::sum_over_ranks(std::int64_t value) {
  std::int64_t sum = 0;
  check_mpi(MPI_Allreduce(&value, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD), "MPI_Allreduce");
  return sum;
}

std::unique_ptr<PairLoop> MpiPair::make_loop(const PairOperation& operation) {
  const Side side = side_of(*this);
  const int peer = side == Side::first ? 1 : 0;
  if (operation.bytes > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
  switch (operation.mode.way) {
    case PairWay::send:
      return make_pair_loop(operation, side, MpiSendEnds(peer, operation.bytes));
    case PairWay::put:
      if (!kPutsArrive) return nullptr;
      return make_pair_loop(operation, side, MpiPutEnds(peer, operation.bytes));
    default:
      return nullptr;
  }
}

}  // namespace weft::perf
