/// Peers that come and go: messages, memory and pages between processes that no communicator holds
/// together, as the prefill and decode processes of an inference service.
#pragma once

#include <weft/communicator.h>
#include <weft/error.h>
#include <weft/message.h>
#include <weft/pages.h>
#include <weft/types.h>
#include <weft/window.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// Members with a bracket count over that environment variable.
struct EngineOptions {
  std::string name = {};  ///< who this is, over restarts ("decode-3"); up to 200 characters;
                          ///< default: one that nobody else has
  int max_peers = 64;     ///< at a time, up to 4096
  std::size_t mailbox_bytes = std::size_t{64} << 10;  ///< for messages from each peer; the same at
                                                      ///< all that meet
  std::optional<std::chrono::nanoseconds> timeout =
      {};  ///< [WEFT_TIMEOUT, seconds] of every wait, and of peers to answer; default 60 s
  std::optional<WaitPolicy> wait_policy = {};        ///< [WEFT_WAIT]; automatic: spin
  std::optional<std::size_t> unexpected_bytes = {};  ///< [WEFT_UNEXPECTED_BYTES] as in Options
  std::string transports = {};                       ///< [WEFT_TRANSPORTS] as in Options
  std::string plugin_path = {};                      ///< [WEFT_PLUGIN_PATH] likewise
};

/// What bytes carry from one process to another, by a file, a socket, a registry.
using OpaqueBytes = std::vector<std::byte>;

enum class PeerState : std::uint8_t {
  absent,      ///< there is none of that number
  connecting,  ///< it was added and has not answered
  up,
  down,  ///< it is gone; the number stays its own until it is removed, or comes back
};

/// A peer has come up or gone down.
struct PeerEvent {
  int peer = -1;
  bool up = false;
  std::string name;
  ErrorCode code = ErrorCode::ok;  ///< of a peer that is down: timeout where it never answered,
                                   ///< else peer_failed
  std::string reason;              ///< likewise, for people
};

/// Memory of this process that peers may be given keys to. Move-only; ends its registration, which
/// no peer may be using any more: remove the peers before, or hear from them. Outlives no engine.
class WEFT_API EngineMemory {
 public:
  EngineMemory();
  EngineMemory(EngineMemory&&) noexcept;
  EngineMemory& operator=(EngineMemory&&) noexcept;
  ~EngineMemory();

  void* data() const;
  std::size_t bytes() const;
  /// What a peer needs for Engine::import_memory(), valid for any peer while this lives.
  OpaqueBytes key() const;

  /// A word that signals change, as in Window.
  std::uint64_t value(std::size_t offset) const;
  void reset(std::size_t offset, std::uint64_t value = 0);
  /// Blocks until the word is at least `value`; returns it. Throws Error(timeout), and
  /// Error(peer_failed) once `from` is gone (-1: nobody in particular).
  std::uint64_t wait_at_least(std::size_t offset, std::uint64_t value, int from = -1);
  std::uint64_t wait_at_least(std::size_t offset, std::uint64_t value, int from,
                              std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Engine;
  State& state() const;
  std::unique_ptr<State> state_;
};

/// A peer's memory, put to and read from as a Window is. Move-only; outlives no engine. Once that
/// peer is gone all its calls throw Error(peer_failed), also after the peer has come back: import
/// its new key then. Ranges are checked before anything is written: Error(invalid_argument).
class WEFT_API PeerMemory {
 public:
  PeerMemory();
  PeerMemory(PeerMemory&&) noexcept;
  PeerMemory& operator=(PeerMemory&&) noexcept;
  ~PeerMemory();

  int peer() const;
  std::size_t bytes() const;
  /// Where it is mapped here, for loads and stores; null where it is not.
  void* mapped() const;

  void put(std::size_t offset, const void* source, std::size_t bytes);
  void put_signal(std::size_t offset, const void* source, std::size_t bytes,
                  std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  void signal(std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  void get(std::size_t offset, void* destination, std::size_t bytes);
  /// Blocks until all puts have left their sources and all gets are complete.
  void flush();

  struct State;

 private:
  friend class Engine;
  State& state() const;
  std::unique_ptr<State> state_;
};

/// Pages of a peer's. Copyable; outlives no engine. As PeerMemory once its peer is gone.
class WEFT_API PeerPages {
 public:
  int peer() const;
  const PageLayout& layout() const;

  struct State;

 private:
  friend class Engine;
  friend class EnginePages;
  std::shared_ptr<State> state_;
};

/// Pages of this process, registered once: what PagePool is, with peers that come and go.
/// Move-only; outlives no engine; its end waits for the transfers that were started here, and no
/// peer may be using it any more.
class WEFT_API EnginePages {
 public:
  EnginePages();
  EnginePages(EnginePages&&) noexcept;
  EnginePages& operator=(EnginePages&&) noexcept;
  ~EnginePages();

  const PageLayout& layout() const;
  /// Where a page is. The memory is zeroed at first and begins a memory page.
  void* page(int layer, std::size_t index) const;
  /// What a peer needs for Engine::import_pages(), valid for any peer while this lives.
  OpaqueBytes key() const;

  /// Copies page source_pages[i] of this pool to page target_pages[i] of the peer's, as
  /// PagePool::write_pages() does. A transfer whose peer is lost ends with Error(peer_failed), and
  /// then neither side's memory is read or written on its behalf any more.
  PageTicket write_pages(const PeerPages& to, std::span<const std::uint32_t> source_pages,
                         std::span<const std::uint32_t> target_pages,
                         const PageOptions& options = {});
  /// Copies page source_pages[i] of the peer's to page target_pages[i] of this pool.
  PageTicket read_pages(const PeerPages& from, std::span<const std::uint32_t> source_pages,
                        std::span<const std::uint32_t> target_pages,
                        const PageOptions& options = {});

  /// As PagePool's.
  std::uint64_t counter(int index) const;
  void reset_counter(int index, std::uint64_t value = 0);
  std::uint64_t wait_counter(int index, std::uint64_t value, int from = -1);
  std::uint64_t wait_counter(int index, std::uint64_t value, int from,
                             std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Engine;
  State& state() const;
  std::unique_ptr<State> state_;
};

/// This process among peers that come and go.
///
/// Two engines meet once each has added the other's address(), in whatever order; the address is
/// plain bytes, carried by whatever the user has. Peers have numbers, each engine's own, from 1 on.
/// Nothing about one peer delays another: connecting goes on in the background of all calls that
/// move things on, and a lost peer ends its own messages, transfers and waits with an error, no
/// others.
///
/// Every start of an engine is an incarnation, later ones of a name count: a peer that is added
/// with a later address of a name that is known replaces the one before under the same number, and
/// an earlier address is refused. Keys of an earlier incarnation are refused as well.
///
/// Move-only. One thread at a time uses an engine and what it made; things move only while it is in
/// some call (progress() is one).
class WEFT_API Engine {
 public:
  /// Opens the transports. Throws Error(invalid_argument, unsupported, no_resources).
  static Engine create(const EngineOptions& options = {});

  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  /// Tells peers that it goes; waits for nothing but what is on its way.
  ~Engine();

  const std::string& name() const;
  /// What a peer needs for add_peer(); constant.
  OpaqueBytes address() const;

  /// Starts to connect to the engine with this address and returns its number; does not wait for
  /// it. A peer that is up or connecting already keeps its number and nothing happens; one that is
  /// down comes back. Throws Error(invalid_argument) for what is no address or is this engine's
  /// own, Error(mismatch) for an address of another version of weft, of other mailbox_bytes, or of
  /// an earlier incarnation, Error(unsupported) where no transport reaches it, Error(no_resources)
  /// beyond max_peers.
  int add_peer(std::span<const std::byte> address);
  /// Blocks until a peer is up. Throws Error(timeout), Error(peer_failed) with the reason where it
  /// is down.
  void wait_up(int peer);
  void wait_up(int peer, std::chrono::nanoseconds timeout);
  /// Drains and forgets a peer: waits until messages and transfers started here to it are done,
  /// then tells it, and lets go of its memory; it sees this engine go down. What takes longer than
  /// `timeout` (default: the engine's) ends with Error(peer_failed), and this call throws
  /// Error(timeout) once the peer is removed all the same. Of a peer that is not up it just drops
  /// the number. What was imported of it throws from then on.
  void remove_peer(int peer);
  void remove_peer(int peer, std::chrono::nanoseconds timeout);

  PeerState state(int peer) const;
  /// "decode-1 over shm", for people.
  std::string describe(int peer) const;
  /// What happened to peers since, the oldest first; none: nothing. Moves things on; does not
  /// block.
  std::optional<PeerEvent> next_event();
  /// Moves things on; returns how many did. For loops that call nothing else.
  int progress();

  /// Between this engine and a peer that is up, as Communicator's calls of the same name, with
  /// numbers of peers instead of ranks. Throw Error(peer_failed) where the peer is not up.
  void send(const void* data, std::size_t bytes, int peer, int tag = 0);
  Request send_async(const void* data, std::size_t bytes, int peer, int tag = 0);
  Received recv(void* data, std::size_t max_bytes, int peer = kAnySource, int tag = kAnyTag);
  Request recv_async(void* data, std::size_t max_bytes, int peer = kAnySource, int tag = kAnyTag);
  std::optional<Received> probe(int peer = kAnySource, int tag = kAnyTag);

  /// Zeroed memory that peers reach in the best way there is. Throws Error(no_resources).
  EngineMemory allocate(std::size_t bytes);
  /// A peer's, by the key it made. Throws Error(invalid_argument) for what is no key,
  /// Error(mismatch) for one of another engine or incarnation, Error(peer_failed) where the peer is
  /// not up.
  PeerMemory import_memory(int peer, std::span<const std::byte> key);
  /// Zeroed pages. Throws Error(invalid_argument, no_resources).
  EnginePages open_pages(const PageLayout& layout);
  PeerPages import_pages(int peer, std::span<const std::byte> key);

  struct Impl;

 private:
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
