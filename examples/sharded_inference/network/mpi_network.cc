#include "network/mpi_network.h"

#include <mpi.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace inference {
namespace {

void check(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw std::runtime_error(std::string(call) + ": " + text);
}

class MpiReductions final : public Reductions {
 public:
  explicit MpiReductions(std::size_t max_count) : sums_(max_count) {}

  std::span<std::int64_t> sums() override { return sums_; }

  void sum(std::size_t count) override {
    check(MPI_Allreduce(MPI_IN_PLACE, sums_.data(), static_cast<int>(count), MPI_INT64_T, MPI_SUM,
                        MPI_COMM_WORLD),
          "MPI_Allreduce");
  }

  std::uint64_t max(std::uint64_t mine) override {
    std::uint64_t most = 0;
    check(MPI_Allreduce(&mine, &most, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD), "MPI_Allreduce");
    return most;
  }

 private:
  std::vector<std::int64_t> sums_;
};

// Links between the same ranks are told apart by their tags.
class MpiLink final : public Link {
 public:
  MpiLink(int peer, int tag) : peer_(peer), tag_(tag) {}

  void send(const void* data, std::size_t bytes) override {
    check(MPI_Send(data, static_cast<int>(bytes), MPI_BYTE, peer_, tag_, MPI_COMM_WORLD),
          "MPI_Send");
  }

  void receive(void* data, std::size_t bytes) override {
    check(MPI_Recv(data, static_cast<int>(bytes), MPI_BYTE, peer_, tag_, MPI_COMM_WORLD,
                   MPI_STATUS_IGNORE),
          "MPI_Recv");
  }

 private:
  int peer_, tag_;
};

// A message per page, sent without waiting and received where the page belongs.
class MpiKvTransfer final : public KvTransfer {
 public:
  MpiKvTransfer(std::size_t pool_bytes, std::size_t page_bytes, int tag)
      : pool_(pool_bytes), page_bytes_(page_bytes), tag_(tag) {}

  std::span<std::byte> pool() override { return pool_; }

  void write_pages(int to, std::span<const std::size_t> pages) override {
    for (const std::size_t page : pages) {
      requests_.push_back(MPI_REQUEST_NULL);
      check(MPI_Isend(pool_.data() + page * page_bytes_, static_cast<int>(page_bytes_), MPI_BYTE,
                      to, tag_, MPI_COMM_WORLD, &requests_.back()),
            "MPI_Isend");
    }
  }

  void finish(int) override { wait_all(); }

  void wait_pages(int from, std::span<const std::size_t> pages) override {
    for (const std::size_t page : pages) {
      requests_.push_back(MPI_REQUEST_NULL);
      check(MPI_Irecv(pool_.data() + page * page_bytes_, static_cast<int>(page_bytes_), MPI_BYTE,
                      from, tag_, MPI_COMM_WORLD, &requests_.back()),
            "MPI_Irecv");
    }
    wait_all();
  }

 private:
  void wait_all() {
    check(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE),
          "MPI_Waitall");
    requests_.clear();
  }

  std::vector<std::byte> pool_;
  std::size_t page_bytes_;
  int tag_;
  std::vector<MPI_Request> requests_;
};

class MpiNetwork final : public Network {
 public:
  MpiNetwork() {
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
    next_tag_.resize(static_cast<std::size_t>(size_), 1);
  }

  const char* library() const override { return WEFT_EXAMPLE_MPI_NAME; }
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void barrier() override { check(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

  void broadcast(void* data, std::size_t bytes, int root) override {
    check(MPI_Bcast(data, static_cast<int>(bytes), MPI_BYTE, root, MPI_COMM_WORLD), "MPI_Bcast");
  }

  std::unique_ptr<Reductions> open_reductions(std::size_t max_count) override {
    return std::make_unique<MpiReductions>(max_count);
  }

  std::unique_ptr<Link> open_link(int peer, std::size_t) override {
    return std::make_unique<MpiLink>(peer, next_tag_[static_cast<std::size_t>(peer)]++);
  }

  std::unique_ptr<KvTransfer> open_kv_transfer(std::size_t pool_bytes,
                                               std::size_t page_bytes) override {
    return std::make_unique<MpiKvTransfer>(pool_bytes, page_bytes, /*tag=*/0);
  }

 private:
  int rank_ = 0, size_ = 1;
  std::vector<int> next_tag_;
};

}  // namespace

std::unique_ptr<Network> make_mpi_network() { return std::make_unique<MpiNetwork>(); }

}  // namespace inference
