/// Starts weft under MPI: header-only, so that only programs that use MPI anyway link it.
#pragma once

#include <weft/bootstrap.h>
#include <weft/error.h>

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <thread>

namespace weft {
namespace detail {

class MpiBootstrap final : public Bootstrap {
 public:
  MpiBootstrap(MPI_Comm comm, std::chrono::nanoseconds timeout) {
    check(MPI_Comm_rank(comm, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(comm, &size_), "MPI_Comm_size");
    MPI_Request request = MPI_REQUEST_NULL;
    auto copy = std::make_unique<MPI_Comm>(MPI_COMM_NULL);
    check(MPI_Comm_idup(comm, copy.get(), &request), "MPI_Comm_idup");
    wait(request, deadline_after(timeout), "copying the MPI communicator", copy);
    comm_ = *copy;
    // Errors come back as return codes, not as MPI_Abort().
    check(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }

  MpiBootstrap(const MpiBootstrap&) = delete;
  MpiBootstrap& operator=(const MpiBootstrap&) = delete;

  ~MpiBootstrap() override {
    int finalized = 0;
    MPI_Finalized(&finalized);
    // After a time-out an exchange still uses the communicator.
    if (!broken_ && finalized == 0) MPI_Comm_free(&comm_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string description() const override { return "mpi"; }

  std::vector<Blob> all_gather(std::span<const std::byte> mine,
                               std::chrono::nanoseconds timeout) override {
    if (broken_) throw Error(ErrorCode::bootstrap, "mpi: an earlier all_gather has failed");
    broken_ = true;  // until this one succeeds
    ++calls_;
    const auto deadline = deadline_after(timeout);
    auto exchange = std::make_unique<Exchange>(mine, size_);
    const std::string what = "all_gather #" + std::to_string(calls_);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Iallgather(&exchange->my_bytes, 1, MPI_UINT64_T, exchange->bytes.data(), 1,
                         MPI_UINT64_T, comm_, &request),
          "MPI_Iallgather");
    wait(request, deadline, what, exchange);
    exchange->lay_out();
    check(MPI_Iallgatherv(exchange->mine.data(), exchange->counts[rank_index()], MPI_BYTE,
                          exchange->all.data(), exchange->counts.data(), exchange->starts.data(),
                          MPI_BYTE, comm_, &request),
          "MPI_Iallgatherv");
    wait(request, deadline, what, exchange);
    broken_ = false;
    return exchange->blobs();
  }

 private:
  using Clock = std::chrono::steady_clock;

  // The buffers of one all_gather.
  struct Exchange {
    Exchange(std::span<const std::byte> blob, int size)
        : mine(blob.begin(), blob.end()),
          my_bytes(blob.size()),
          bytes(static_cast<std::size_t>(size)) {}

    void lay_out() {
      const auto total = std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
      if (total > INT_MAX) {
        throw Error(ErrorCode::invalid_argument,
                    "mpi: blobs of " + std::to_string(total) + " bytes together, MPI takes 2^31-1");
      }
      int start = 0;
      for (const std::uint64_t count : bytes) {
        counts.push_back(static_cast<int>(count));
        starts.push_back(start);
        start += static_cast<int>(count);
      }
      all.resize(total);
    }

    std::vector<Blob> blobs() const {
      std::vector<Blob> result;
      for (std::size_t rank = 0; rank < counts.size(); ++rank) {
        const auto blob = std::span(all).subspan(static_cast<std::size_t>(starts[rank]),
                                                 static_cast<std::size_t>(counts[rank]));
        result.emplace_back(blob.begin(), blob.end());
      }
      return result;
    }

    Blob mine;
    std::uint64_t my_bytes;
    std::vector<std::uint64_t> bytes;
    std::vector<int> counts;
    std::vector<int> starts;
    Blob all;
  };

  static Clock::time_point deadline_after(std::chrono::nanoseconds timeout) {
    constexpr std::chrono::nanoseconds kYear = std::chrono::hours(24 * 365);
    return Clock::now() + std::min(timeout, kYear);
  }

  static void check(int status, const char* call) {
    if (status == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING] = {};
    int length = 0;
    MPI_Error_string(status, text, &length);
    throw Error(ErrorCode::bootstrap, std::string("mpi: ") + call + ": " + text);
  }

  // MPI waits without time-outs, so poll. What the request uses is left to MPI for ever if it does
  // not end: a collective cannot be cancelled.
  template <typename Used>
  void wait(MPI_Request& request, Clock::time_point deadline, const std::string& what,
            std::unique_ptr<Used>& used) const {
    int status = MPI_SUCCESS;
    int ended = 0;
    while ((status = MPI_Test(&request, &ended, MPI_STATUS_IGNORE)) == MPI_SUCCESS && ended == 0 &&
           Clock::now() < deadline) {
      std::this_thread::yield();
    }
    if (status == MPI_SUCCESS && ended != 0) return;
    (void)used.release();
    check(status, "MPI_Test");
    throw Error(ErrorCode::timeout, "mpi: rank " + std::to_string(rank_) + " of " +
                                        std::to_string(size_) + ": " + what +
                                        " did not end in time: some rank has not called it");
  }

  std::size_t rank_index() const { return static_cast<std::size_t>(rank_); }

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  int calls_ = 0;
  bool broken_ = false;
};

}  // namespace detail

/// A start-up over an MPI communicator, for Options::bootstrap: its ranks become weft's ranks.
/// Collective over `comm`; blocks until all ranks have called it. It keeps a duplicate of `comm`
/// until it is destroyed; destroy it before MPI_Finalize() if you can. MPI must be initialized.
/// Only the calling thread calls MPI. Throws Error(timeout) if some rank does not call it in time,
/// Error(bootstrap) if MPI fails.
inline std::shared_ptr<Bootstrap> mpi_bootstrap(
    MPI_Comm comm, std::chrono::nanoseconds timeout = std::chrono::seconds(60)) {
  return std::make_shared<detail::MpiBootstrap>(comm, timeout);
}

}  // namespace weft
