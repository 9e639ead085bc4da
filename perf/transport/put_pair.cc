#include "perf/transport/put_pair.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "bootstrap/bootstrap.h"

namespace weft::perf {
namespace {

using transport::LocalMemory;
using transport::Put;

constexpr std::size_t kDataOffset = 64;  // the signal's word is in the line before
constexpr std::size_t kWindow = 128;     // puts on their way, as perftest's --tx-depth

}  // namespace

PutPair::PutPair(const Options& options, std::size_t bytes, const Partner& partner)
    : config_(resolve(options)),
      bootstrap_(bootstrap::make(config_)),
      connections_(config_, Log(config_.log_level, "weft"), *bootstrap_, {}),
      partner_(partner(connections_)) {
  if (partner_ >= 0) way_ = &connections_.way(partner_);
  for (LocalMemory* memory : {&source_, &inbox_}) {
    if (partner_ < 0) continue;
    const transport::Status status = way_->transport->allocate(kDataOffset + bytes, memory);
    if (!status.ok()) fail(status.code, "memory: {}", status.message);
  }
  const auto* key = reinterpret_cast<const std::byte*>(&inbox_.key);
  const auto keys = bootstrap_->all_gather(Blob(key, key + sizeof(inbox_.key)), config_.timeout);
  if (partner_ < 0) return;
  transport::MemoryKey theirs;
  std::memcpy(&theirs, keys[static_cast<std::size_t>(partner_)].data(), sizeof(theirs));
  const transport::Status status = way_->transport->import_memory(partner_, theirs, &outbox_);
  if (!status.ok()) fail(status.code, "the peer's memory: {}", status.message);
}

PutPair::~PutPair() {
  if (partner_ < 0) return;
  way_->transport->release(outbox_);
  for (const LocalMemory& memory : {source_, inbox_}) way_->transport->release(memory);
}

void PutPair::post(std::size_t bytes, std::uint64_t signal, std::uint64_t* completed) {
  const std::size_t most = way_->transport->capabilities().max_message;
  std::size_t offset = 0;
  for (; bytes - offset > most; offset += most) post_piece(offset, most, 0, completed);
  post_piece(offset, bytes - offset, signal, completed);
}

std::size_t PutPair::pieces_of(std::size_t bytes) const {
  const std::size_t most = way_->transport->capabilities().max_message;
  return bytes <= most ? 1 : (bytes - 1) / most + 1;
}

void PutPair::post_piece(std::size_t offset, std::size_t bytes, std::uint64_t signal,
                         std::uint64_t* completed) {
  Put put;
  put.source = static_cast<std::byte*>(source_.address) + kDataOffset + offset;
  put.target = &outbox_;
  put.target_offset = kDataOffset + offset;
  put.bytes = bytes;
  put.completed = completed;
  if (signal > 0) {
    put.signal_memory = &outbox_;
    put.signal_value = signal;
    put.signal = transport::SignalOp::set;
  }
  std::size_t posted = 0;
  transport::Status status = way_->transport->put({&put, 1}, &posted);
  while (status.code == ErrorCode::no_resources) {
    progress();
    status = way_->transport->put({&put, 1}, &posted);
  }
  if (!status.ok()) fail(status.code, "put: {}", status.message);
}

void PutPair::await_signal(std::uint64_t value) {
  std::atomic_ref<std::uint64_t> word(*static_cast<std::uint64_t*>(inbox_.address));
  until([&] { return word.load(std::memory_order_acquire) == value; });
}

void PutPair::await_signal_asleep(std::uint64_t value) {
  std::atomic_ref<std::uint64_t> word(*static_cast<std::uint64_t*>(inbox_.address));
  while (word.load(std::memory_order_acquire) != value) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    progress();
  }
}

void PutPair::progress() {
  way_->transport->progress();
  const links::Failure* failure = connections_.links().failures.of(partner_);
  if (failure != nullptr) fail(ErrorCode::peer_failed, "rank {}: {}", partner_, failure->cause);
}

std::vector<double> ping_pong(PutPair& pair, std::size_t bytes, std::size_t count,
                              std::uint64_t* signal) {
  std::vector<double> samples;
  samples.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = ++*signal;
    std::uint64_t completed = 0;
    const std::int64_t start = pair.now_ns();
    if (!pair.first()) pair.await_signal(value);
    pair.post(bytes, value, &completed);
    if (pair.first()) pair.await_signal(value);
    samples.push_back(static_cast<double>(pair.now_ns() - start) / 2e3);
    pair.until([&] { return completed == pair.pieces_of(bytes); });
  }
  return samples;
}

double stream(PutPair& pair, std::size_t bytes, std::size_t count) {
  std::uint64_t completed = 0;
  const std::size_t pieces = pair.pieces_of(bytes);
  const std::int64_t start = pair.now_ns();
  for (std::size_t posted = 0; posted < count; ++posted) {
    pair.until([&] { return posted * pieces - completed < kWindow; });
    pair.post(bytes, 0, &completed);
  }
  pair.until([&] { return completed == count * pieces; });
  return static_cast<double>(pair.now_ns() - start) / 1e9;
}

}  // namespace weft::perf
