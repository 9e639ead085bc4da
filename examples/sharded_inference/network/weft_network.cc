#include "network/weft_network.h"

#include <cstring>
#include <utility>
#include <vector>

namespace inference {
namespace {

// Plans on memory that all ranks map: start() allocates nothing, takes no lock, makes no system
// call.
class WeftReductions final : public Reductions {
 public:
  WeftReductions(weft::Communicator& comm, std::size_t max_count)
      : count_(max_count),
        sums_(comm.allocate(max_count * sizeof(std::int64_t))),
        max_(comm.allocate(sizeof(std::uint64_t))),
        sum_plan_(comm.plan_all_reduce(sums_.data(), sums_.data(), max_count, weft::DataType::i64,
                                       weft::ReduceOp::sum)),
        max_plan_(comm.plan_all_reduce(max_.data(), max_.data(), 1, weft::DataType::u64,
                                       weft::ReduceOp::max)) {}

  std::span<std::int64_t> sums() override { return {sums_.as<std::int64_t>(), count_}; }

  void sum(std::size_t count) override {
    sum_plan_.start(count);
    sum_plan_.wait();
  }

  std::uint64_t max(std::uint64_t mine) override {
    *max_.as<std::uint64_t>() = mine;
    max_plan_.start();
    max_plan_.wait();
    return *max_.as<std::uint64_t>();
  }

 private:
  std::size_t count_;
  weft::Buffer sums_, max_;
  weft::Plan sum_plan_, max_plan_;
};

// A channel: written into the receiver's slot, read from there.
class WeftLink final : public Link {
 public:
  explicit WeftLink(weft::Channel channel) : channel_(std::move(channel)) {}

  void send(const void* data, std::size_t bytes) override {
    std::memcpy(channel_.acquire(), data, bytes);
    channel_.commit(bytes);
  }

  void receive(void* data, std::size_t bytes) override {
    const weft::Channel::Slot slot = channel_.receive();
    if (slot.bytes != bytes) {
      throw weft::Error(weft::ErrorCode::mismatch, "rank " + std::to_string(channel_.peer()) +
                                                       " sent " + std::to_string(slot.bytes) +
                                                       " bytes in the place of " +
                                                       std::to_string(bytes));
    }
    std::memcpy(data, slot.data, bytes);
    channel_.release();
  }

 private:
  weft::Channel channel_;
};

// A pool of pages at every rank. Each page goes as soon as it is complete; the counter is raised
// once all of them are there, so that the reader wakes once.
class WeftKvTransfer final : public KvTransfer {
 public:
  WeftKvTransfer(weft::Communicator& comm, std::size_t pool_bytes, std::size_t page_bytes)
      : pages_(comm.open_page_pool(
            {.page_bytes = page_bytes, .pages = pool_bytes / page_bytes, .counters = 1})),
        pool_(static_cast<std::byte*>(pages_.page(0, 0)), pool_bytes) {}

  std::span<std::byte> pool() override { return pool_; }

  void write_pages(int to, std::span<const std::size_t> pages) override {
    const std::vector<std::uint32_t> numbers(pages.begin(), pages.end());
    tickets_.push_back(pages_.write_pages(to, numbers, numbers));
    tickets_.back().done();  // moves it on
  }

  void finish(int to) override {
    for (weft::PageTicket& ticket : tickets_) ticket.wait();
    tickets_.clear();
    pages_.write_pages(to, {}, {}, {.counter = 0}).wait();
  }

  void wait_pages(int from, std::span<const std::size_t>) override {
    pages_.wait_counter(0, ++finished_, from);
  }

 private:
  weft::PagePool pages_;
  std::span<std::byte> pool_;
  std::vector<weft::PageTicket> tickets_;  // since the last finish()
  std::uint64_t finished_ = 0;             // that the other rank has
};

class WeftNetwork final : public Network {
 public:
  explicit WeftNetwork(weft::Communicator comm) : comm_(std::move(comm)) {}

  const char* library() const override { return "weft"; }
  int rank() const override { return comm_.rank(); }
  int size() const override { return comm_.size(); }
  void barrier() override { comm_.barrier(); }

  void broadcast(void* data, std::size_t bytes, int root) override {
    comm_.broadcast(data, data, bytes, weft::DataType::u8, root);
  }

  std::unique_ptr<Reductions> open_reductions(std::size_t max_count) override {
    return std::make_unique<WeftReductions>(comm_, max_count);
  }

  std::unique_ptr<Link> open_link(int peer, std::size_t max_bytes) override {
    return std::make_unique<WeftLink>(comm_.open_channel(peer, {.slot_bytes = max_bytes}));
  }

  std::unique_ptr<KvTransfer> open_kv_transfer(std::size_t pool_bytes,
                                               std::size_t page_bytes) override {
    return std::make_unique<WeftKvTransfer>(comm_, pool_bytes, page_bytes);
  }

 private:
  weft::Communicator comm_;
};

}  // namespace

std::unique_ptr<Network> make_weft_network(weft::Communicator comm) {
  return std::make_unique<WeftNetwork>(std::move(comm));
}

}  // namespace inference
