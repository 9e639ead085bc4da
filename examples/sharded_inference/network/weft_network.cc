#include "network/weft_network.h"

#include <cstring>
#include <utility>

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

// A window: each page is put where it belongs. One signal says that all of them are there, for it
// comes after the puts before it: a signal per page would wake the reader for each. Over page
// pools, write_pages() with a counter takes the place of the puts and the signal.
class WeftKvTransfer final : public KvTransfer {
 public:
  WeftKvTransfer(weft::Communicator& comm, std::size_t pool_bytes, std::size_t page_bytes)
      : pool_bytes_(pool_bytes),
        page_bytes_(page_bytes),
        counter_((pool_bytes + 63) / 64 * 64),
        window_(comm.open_window(counter_ + 64)) {}

  std::span<std::byte> pool() override {
    return {static_cast<std::byte*>(window_.data()), pool_bytes_};
  }

  void write_pages(int to, std::span<const std::size_t> pages) override {
    for (const std::size_t page : pages) {
      const std::size_t offset = page * page_bytes_;
      window_.put(to, offset, pool().data() + offset, page_bytes_);
    }
    written_ += pages.size();
  }

  void finish(int to) override {
    window_.signal(to, counter_, written_, weft::Signal::add);
    written_ = 0;
    window_.flush();
  }

  void wait_pages(int from, std::span<const std::size_t> pages) override {
    expected_ += pages.size();
    window_.wait_at_least(counter_, expected_, from);
  }

 private:
  std::size_t pool_bytes_, page_bytes_;
  std::size_t counter_;  // where the word lies: behind the pool, in a line of its own
  weft::Window window_;
  std::uint64_t written_ = 0;   // since the last finish()
  std::uint64_t expected_ = 0;  // of the counter, when the next pages are here
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
