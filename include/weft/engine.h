/// Peers that come and go: messages, memory and pages between processes that share no communicator,
/// such as the prefill and decode processes of an inference service.
#pragma once

#include <weft/blob.h>
#include <weft/error.h>
#include <weft/export.h>
#include <weft/handle.h>
#include <weft/message.h>
#include <weft/pages.h>
#include <weft/request.h>
#include <weft/signal.h>
#include <weft/wait_policy.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// The settings of an engine. The environment variable in brackets applies if the member is unset.
struct EngineOptions {
  std::string name = {};  ///< the engine's name over restarts ("decode-3"), up to 200 characters;
                          ///< default: a name that no other engine has
  int max_peers = 64;     ///< the most peers at a time, up to 4096
  std::size_t mailbox_bytes = std::size_t{64} << 10;  ///< memory for the messages of each peer; the
                                                      ///< same at all engines that connect
  std::optional<std::chrono::nanoseconds> timeout =
      {};  ///< [WEFT_TIMEOUT, in seconds] the deadline of every wait, and for peers to answer;
           ///< default 60 s
  std::optional<WaitPolicy> wait_policy = {};        ///< [WEFT_WAIT]; automatic: spin
  std::optional<WaitDurations> wait_durations = {};  ///< [WEFT_WAIT_DURATIONS] Options
  std::optional<std::size_t> unexpected_bytes = {};  ///< [WEFT_UNEXPECTED_BYTES] as in Options
  std::string transports = {};                       ///< [WEFT_TRANSPORTS] as in Options
  std::string plugin_path = {};                      ///< [WEFT_PLUGIN_PATH] as in Options
};

/// Bytes that the user carries from one process to another by a file, a socket or a registry.
using OpaqueBytes = Blob;

/// What a peer is to this engine.
enum class PeerState : std::uint8_t {
  absent,      ///< no peer has this number
  connecting,  ///< it was added and has not answered yet
  up,          ///< messages and transfers may start
  down,        ///< it is gone; it keeps its number until it comes back or is removed
};

/// A peer came up or went down.
struct PeerEvent {
  int peer = -1;
  bool up = false;
  std::string name;                ///< EngineOptions::name of the peer
  ErrorCode code = ErrorCode::ok;  ///< why it is down: timeout if it never answered, otherwise
                                   ///< peer_failed; ok if it is up
  std::string reason;              ///< the same for people; empty if it is up
};

/// Memory of this process that peers may be given keys to. Move-only. It must end before its
/// engine. Its end also ends its registration, so that no peer may be using it any more: remove the
/// peers first, or let them say that they are done. Every call of an empty object throws
/// Error(invalid_argument).
class WEFT_API EngineMemory {
 public:
  /// The memory and its size in bytes.
  void* data() const;
  std::size_t bytes() const;
  /// What a peer needs for Engine::import_memory(). Valid for any peer while this object lives.
  OpaqueBytes key() const;

  /// The value of the 8-byte word at `offset`, which signals change as in Window. Does not block.
  std::uint64_t value(std::size_t offset) const;
  /// Sets a word, at a time when no peer signals it.
  void reset(std::size_t offset, std::uint64_t value = 0);
  /// Blocks until a word is at least `value`, and returns it. Throws Error(timeout) after `timeout`
  /// (default: the engine's), and Error(peer_failed) if peer `from` (-1: none) is gone.
  std::uint64_t wait_at_least(std::size_t offset, std::uint64_t value, int from = -1);
  std::uint64_t wait_at_least(std::size_t offset, std::uint64_t value, int from,
                              std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Engine;
  State& state() const;
  detail::Handle<State> state_;
};

/// The memory of a peer, for puts and gets as in Window. Move-only. It must end before its engine.
/// Once the peer is gone all calls throw Error(peer_failed), also after the peer has come back: the
/// caller imports its new key then. Ranges are checked before anything is written; calls throw
/// Error(invalid_argument) for bad ones. Every call of an empty object throws
/// Error(invalid_argument).
class WEFT_API PeerMemory {
 public:
  /// The number of the peer, and the size of its memory in bytes.
  int peer() const;
  std::size_t bytes() const;
  /// The address at which the memory is mapped into this process, for loads and stores; null if it
  /// is not mapped.
  void* mapped() const;

  /// Writes `bytes` bytes at `offset`. Does not wait for their arrival: `source` must stay
  /// unchanged until flush() returns.
  void put(std::size_t offset, const void* source, std::size_t bytes);
  /// The same, and then changes the word at `signal_offset` there.
  void put_signal(std::size_t offset, const void* source, std::size_t bytes,
                  std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  /// Changes a word without writing bytes.
  void signal(std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  /// Reads `bytes` bytes from `offset`; `destination` is complete after flush().
  void get(std::size_t offset, void* destination, std::size_t bytes);
  /// Blocks until the sources of all puts may be reused and all gets are complete. Throws
  /// Error(timeout), Error(peer_failed).
  void flush();

  struct State;

 private:
  friend class Engine;
  State& state() const;
  detail::Handle<State> state_;
};

/// The pages of a peer. Copyable. It must end before its engine. Once the peer is gone transfers
/// with it throw Error(peer_failed), as calls of PeerMemory do.
class WEFT_API PeerPages {
 public:
  /// The number of the peer; -1 for an empty object.
  int peer() const;
  /// The layout that the peer opened, with defaults filled in.
  const PageLayout& layout() const;

  struct State;

 private:
  friend class Engine;
  friend class EnginePages;
  std::shared_ptr<State> state_;
};

/// Pages of this process, registered once: a PagePool for peers that come and go. Move-only. It
/// must end before its engine. Its end waits for the transfers that were started here; no peer may
/// be using it any more. Every call of an empty object throws Error(invalid_argument).
class WEFT_API EnginePages {
 public:
  /// The layout, with defaults filled in.
  const PageLayout& layout() const;
  /// The address of a page. The memory is zeroed at first and begins at a memory page.
  void* page(int layer, std::size_t index) const;
  /// What a peer needs for Engine::import_pages(). Valid for any peer while this object lives.
  OpaqueBytes key() const;

  /// Copies page source_pages[i] of this pool to page target_pages[i] of the peer, as
  /// PagePool::write_pages() does. Does not block. A transfer whose peer is lost ends with
  /// Error(peer_failed); from then on it reads and writes neither side's memory.
  PageTicket write_pages(const PeerPages& to, std::span<const std::uint32_t> source_pages,
                         std::span<const std::uint32_t> target_pages,
                         const PageOptions& options = {});
  /// Copies page source_pages[i] of the peer to page target_pages[i] of this pool. Does not block.
  PageTicket read_pages(const PeerPages& from, std::span<const std::uint32_t> source_pages,
                        std::span<const std::uint32_t> target_pages,
                        const PageOptions& options = {});

  /// Counters, as in PagePool; `from` is the number of a peer.
  std::uint64_t counter(int index) const;
  void reset_counter(int index, std::uint64_t value = 0);
  std::uint64_t wait_counter(int index, std::uint64_t value, int from = -1);
  std::uint64_t wait_counter(int index, std::uint64_t value, int from,
                             std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Engine;
  State& state() const;
  detail::Handle<State> state_;
};

/// This process among peers that come and go.
///
/// Two engines connect once each has added the other's address(), in either order. The address is
/// plain bytes that the user carries by any means. Each engine numbers its peers itself, from 1 on.
/// A peer delays no other: connecting goes on in the background of every call that advances
/// transfers, and a lost peer ends only its own messages, transfers and waits with an error.
///
/// Every start of an engine is an incarnation of its name. If a peer is added with the address of a
/// later incarnation of a known name, it replaces the earlier one under the same number; addresses
/// and keys of earlier incarnations are refused.
///
/// Move-only. One thread at a time uses an engine and the objects that it made. Transfers advance
/// only while that thread is in some call of them; progress() is one.
class WEFT_API Engine {
 public:
  /// Opens the transports. Throws Error(invalid_argument, unsupported, no_resources).
  static Engine create(const EngineOptions& options = {});

  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  /// Tells the peers that this engine ends. Waits only for transfers that are under way.
  ~Engine();

  const std::string& name() const;
  /// What a peer needs for add_peer(). Stays constant.
  OpaqueBytes address() const;

  /// Starts to connect to the engine of this address and returns its number. Does not block. A peer
  /// that is up or connecting keeps its number and nothing else happens; a peer that is down
  /// connects again. Throws Error(invalid_argument) for bytes that are no address and for this
  /// engine's own address, Error(mismatch) for an address of another version of weft, of other
  /// mailbox_bytes, or of an earlier incarnation, Error(unsupported) if no transport reaches it,
  /// Error(no_resources) if there are max_peers already.
  int add_peer(std::span<const std::byte> address);
  /// Blocks until a peer is up. Throws Error(timeout) after `timeout` (default: the engine's), and
  /// Error(peer_failed) with the reason if the peer is down.
  void wait_up(int peer);
  void wait_up(int peer, std::chrono::nanoseconds timeout);
  /// Drains and forgets a peer. Blocks until the messages and transfers that were started here to
  /// it are done, then tells the peer and releases its memory; the peer sees this engine go down.
  /// Transfers that take longer than `timeout` (default: the engine's) end with Error(peer_failed),
  /// and this call throws Error(timeout) once it has removed the peer all the same. If the peer is
  /// not up, this only drops the number. Imports of the peer throw from then on.
  void remove_peer(int peer);
  void remove_peer(int peer, std::chrono::nanoseconds timeout);

  PeerState state(int peer) const;
  /// The peer for people: "decode-1 over shm".
  std::string describe(int peer) const;
  /// The oldest event that was not returned yet; nothing if there is none. Advances transfers. Does
  /// not block.
  std::optional<PeerEvent> next_event();
  /// Advances transfers and returns how many advanced. Does not block. For loops without other
  /// calls.
  int progress();

  /// Messages between this engine and a peer that is up: Communicator's calls of the same names,
  /// with numbers of peers instead of ranks. They throw Error(peer_failed) if the peer is not up.
  void send(const void* data, std::size_t bytes, int peer, int tag = 0);
  Request send_async(const void* data, std::size_t bytes, int peer, int tag = 0);
  Received recv(void* data, std::size_t max_bytes, int peer = kAnySource, int tag = kAnyTag);
  Request recv_async(void* data, std::size_t max_bytes, int peer = kAnySource, int tag = kAnyTag);
  std::optional<Received> probe(int peer = kAnySource, int tag = kAnyTag);

  /// Allocates `bytes` of zeroed memory that peers reach in the fastest way available. Throws
  /// Error(invalid_argument) for 0 bytes, Error(no_resources).
  EngineMemory allocate(std::size_t bytes);
  /// Imports the memory of a peer by its key. Throws Error(invalid_argument) for bytes that are no
  /// key, Error(mismatch) for a key of another engine or incarnation, Error(peer_failed) if the
  /// peer is not up, Error(unsupported) if the peer's transport does not reach that memory.
  PeerMemory import_memory(int peer, std::span<const std::byte> key);
  /// Allocates zeroed pages. Throws Error(invalid_argument, no_resources).
  EnginePages open_pages(const PageLayout& layout);
  /// Imports the pages of a peer by their key. Throws what import_memory() throws.
  PeerPages import_pages(int peer, std::span<const std::byte> key);

  struct Impl;

 private:
  explicit Engine(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft
