/// The transport contract: what a plugin implements so that weft can move bytes over it.
///
/// One primitive: `put` with a signal. Bytes are delivered into a peer's registered memory and then
/// a 64-bit word there is changed (set or added to). Whoever sees the new word sees the bytes.
/// Everything else in weft is built above it.
///
/// Lifetime rules, unless a comment says otherwise: constructor and `open` arguments outlive the
/// object; call arguments outlive the call. One thread at a time calls a Transport. No call blocks;
/// `open`, `allocate`, `register_…` and `arm` may make system calls. No exception
/// crosses this border: failures are a `Status`, or reported through `OpenOptions::report_failure`.
/// A failure is final for its peer until disconnect(): later puts to it return its Status, other
/// peers go on.
///
/// Who may die first: what a put or a get names (its source or destination, and the word at
/// `completed`) lives until the word is raised, or the peer is disconnected, or the transport has
/// been closed: closing may still raise completions. So these words belong to something that
/// outlives the transport, and an operation only holds them.
///
/// Peers go by numbers from 0 to OpenOptions::size - 1, one number for each at a time. Numbers are
/// local: two processes may number each other differently, and what travels tells peers apart by
/// their addresses. OpenOptions::rank is this transport itself.
#pragma once

#include <weft/error.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>

namespace weft::transport {

/// Raised whenever a type below changes its layout or its meaning. A plugin of another version is
/// refused.
inline constexpr std::uint32_t kAbiVersion = 7;

/// The result of a call; `message` is meaningful where code is not ok.
struct [[nodiscard]] Status {
  ErrorCode code = ErrorCode::ok;
  char message[247];

  Status() { message[0] = '\0'; }  // no more: it is made for every put
  bool ok() const { return code == ErrorCode::ok; }
  static Status error(ErrorCode code, const char* text) {
    Status status;
    status.code = code;
    std::snprintf(status.message, sizeof(status.message), "%s", text);
    return status;
  }
};

/// Tells a job from all others: random bytes that its ranks, and nobody else, have been given. All
/// zero: no job (an engine's peers come from anywhere and are told apart by what they are).
struct JobIdentity {
  std::uint64_t words[2] = {};

  friend bool operator==(const JobIdentity&, const JobIdentity&) = default;
};

/// Whether an address or a first word that names `theirs` belongs to the job of `mine`; the error
/// that a transport answers with is `mismatch`, and names both.
inline Status check_job(const JobIdentity& mine, const JobIdentity& theirs) {
  if (mine == theirs) return {};
  const auto hex = [](std::uint64_t word) { return static_cast<unsigned long long>(word); };
  Status status;
  status.code = ErrorCode::mismatch;
  std::snprintf(status.message, sizeof(status.message),
                "the peer is of another job (%016llx%016llx), not of this one (%016llx%016llx)",
                hex(theirs.words[0]), hex(theirs.words[1]), hex(mine.words[0]), hex(mine.words[1]));
  return status;
}

/// What a put costs, roughly: what algorithms are chosen by until somebody measures. 0: unknown.
struct RoughCost {
  float latency_ns = 0;  ///< from the last byte's departure to its arrival
  float message_ns = 0;  ///< processor time of one put, at the sender and at the receiver
  float processor_ns_per_byte = 0;  ///< processor time of a byte, at either side
  float wire_ns_per_byte = 0;       ///< of all devices together
};

/// What an open transport can do. The core decides by these and never by a transport's name.
struct Capabilities {
  bool load_store =
      false;  ///< imported memory is mapped: RemoteMemory::mapped is usable by loads and stores
  bool ordered = false;  ///< puts to one peer become visible in the order they were posted
  bool get = false;      ///< get() works
  std::uint64_t max_message = ~std::uint64_t{0};  ///< largest put, in bytes; the caller splits
  float private_copy_ns = 0;  ///< what a copy_private() of 8 KiB takes at least; 0: not known
  int blocking_wait_fd =
      -1;  ///< after arm(): readable when progress() has something to do; -1: poll
  RoughCost cost;
};

/// A blob that lets a peer reach a memory. Plain bytes, valid in any process of the job.
struct MemoryKey {
  std::uint32_t size = 0;  ///< bytes used of `bytes`
  std::byte bytes[60] = {};
};

/// Memory of this process that peers may reach. Plain data: copy it freely, release it once.
struct LocalMemory {
  void* address = nullptr;
  std::size_t bytes = 0;
  std::uint64_t handle = 0;  ///< the transport's own
  MemoryKey key;             ///< what a peer imports
};

/// A peer's memory, imported. Plain data.
struct RemoteMemory {
  int peer = -1;
  std::uint64_t handle = 0;  ///< the transport's own
  std::size_t bytes = 0;
  void* mapped = nullptr;  ///< with load_store: where the memory appears in this process
};

/// How a signal changes its 64-bit word.
enum class SignalOp : std::uint8_t { none, set, add };

/// One put. Either part may be empty: bytes == 0 is a bare signal, signal == none a bare copy.
/// The word at `signal_offset` is 8-byte aligned and changes only after all `bytes` are visible to
/// its reader.
struct Put {
  const void* source = nullptr;  ///< any memory; owned by the transport until *completed is raised
  const RemoteMemory* target = nullptr;  ///< where the bytes go; names the peer
  std::uint64_t target_offset = 0;       ///< bytes from the start of `target`
  std::size_t bytes = 0;
  const RemoteMemory* signal_memory =
      nullptr;  ///< where the word lives (same peer); names the peer of a bare signal
  std::uint64_t signal_offset = 0;
  std::uint64_t signal_value = 0;
  SignalOp signal = SignalOp::none;
  std::uint64_t* completed = nullptr;  ///< may be null; raised by one, from put(), progress() or
                                       ///< (another peer's) disconnect(), once `source` may be
                                       ///< reused
};

/// One get: reads `bytes` of a peer's memory into `destination`; *completed is raised by one when
/// they are there.
struct Get {
  void* destination = nullptr;
  const RemoteMemory* source = nullptr;
  std::uint64_t source_offset = 0;
  std::size_t bytes = 0;
  std::uint64_t* completed = nullptr;
};

/// A final failure of one peer, or of the device (peer == -1: every peer).
struct Failure {
  int peer = -1;
  ErrorCode code = ErrorCode::peer_failed;
  char cause[240] = {};  ///< for people: the device and what happened, e.g. "process 4711 is gone"
};

/// An open device. Deleting goes through Plugin::close, which never blocks on a dead peer.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Constant after open.
  virtual Capabilities capabilities() const = 0;

  /// What peers need in order to connect, OpenOptions::job among it. Owned by the transport,
  /// constant after open.
  virtual std::span<const std::byte> address() const = 0;

  /// Starts to connect to the transport of this address, which is `peer` here from now on (also
  /// this one itself, under its own number). The peer does so too, under a number of its own
  /// choice, in any order. Returns `unsupported` where this transport cannot reach that address
  /// (another host), `mismatch` where the address is of another job (check_job()); then nothing was
  /// done and another transport is tried.
  virtual Status connect(int peer, std::span<const std::byte> address) = 0;

  /// True once puts to the peer may be posted; call progress() in between. A failure is reported,
  /// not returned.
  virtual bool connected(int peer) const = 0;

  /// Ends what connect() began, at any time, also of a peer that has failed or has not connected
  /// yet; a number without a connection is fine. What is on its way to and from the peer is
  /// dropped; once this returns, the transport neither reads nor writes memory on its behalf any
  /// more and raises no completion of it (memory of this process that a load/store peer has mapped
  /// is beyond that: it ends with that process). Does not wait for the peer, at most (bounded) for
  /// the device. Reports nothing here; the peer learns of it as of a failure, "it has closed its
  /// transport" or the like, but for a load/store peer, which learns nothing; one that is not
  /// connected yet may go on waiting. The number may be given to connect() again, with another
  /// address or with the same one; with the same peer, a connection begins once that peer too has
  /// disconnected and connected again. Memories imported of the peer are released as ever,
  /// afterwards or before. Not to be called from a callback of OpenOptions.
  virtual void disconnect(int peer) = 0;

  /// New zeroed memory of at least `bytes`, page-aligned, that peers reach in the best way this
  /// transport has.
  virtual Status allocate(std::size_t bytes, LocalMemory* out) = 0;

  /// Makes existing memory reachable. `unsupported` where it cannot be (shm: private memory cannot
  /// be mapped by others). The memory stays the caller's and outlives the registration.
  virtual Status register_memory(void* address, std::size_t bytes, LocalMemory* out) = 0;

  /// Makes memory of a device reachable, by a dma-buf: `bytes` from `offset` of the one behind
  /// `fd`, which may be closed afterwards. `address` names the bytes in puts and gets, as a
  /// device's pointer does, and is unique in this process; the processor never touches them, and no
  /// signal may point there. `unsupported` where the transport or its device cannot.
  virtual Status register_dmabuf(int fd, std::uint64_t offset, void* address, std::size_t bytes,
                                 LocalMemory* out) {
    (void)fd, (void)offset, (void)address, (void)bytes, (void)out;
    return Status::error(ErrorCode::unsupported, "this transport takes host memory alone");
  }

  /// Ends an allocation or a registration. Peers must have stopped using it; what they hold becomes
  /// invalid.
  virtual void release(const LocalMemory& memory) = 0;

  /// Makes a peer's memory usable here. The peer is connected.
  virtual Status import_memory(int peer, const MemoryKey& key, RemoteMemory* out) = 0;
  virtual void release(const RemoteMemory& memory) = 0;

  /// Posts puts, in order. On an error, puts before the failing one were posted; *posted tells how
  /// many. `no_resources` means "queue full, call progress() and post the rest": it is no failure.
  virtual Status put(std::span<const Put> puts, std::size_t* posted) = 0;

  /// Posts gets. `unsupported` unless capabilities().get.
  virtual Status get(std::span<const Get> gets) = 0;

  /// Copies between `mine` and `theirs`, an address in the peer's process, whatever memory either
  /// is: from there, or with `write` to there. The processor copies before this returns, and
  /// nothing is signalled. `unsupported` where that peer's memory is out of reach; 0 bytes ask for
  /// just that.
  virtual Status copy_private(int peer, std::uint64_t theirs, void* mine, std::size_t bytes,
                              bool write) {
    (void)peer, (void)theirs, (void)mine, (void)bytes, (void)write;
    return Status::error(ErrorCode::unsupported, "this transport does not reach private memory");
  }

  /// Moves things on, raises completions, reports failures (dead peers among them). Returns how
  /// many events it handled. Cheap when idle: it is called in every polling loop of a link without
  /// load_store, and now and then for one with.
  virtual int progress() = 0;

  /// To be called before a wait at capabilities().blocking_wait_fd: what happens from then on makes
  /// it readable. What happened before does not: call progress() once more, and wait only where
  /// that handled nothing.
  virtual void arm() {}
};

/// One device a transport could open.
struct Device {
  char name[64] = {};  ///< e.g. "mlx5_0"; "" for a transport without devices
  int priority = 0;    ///< among all transports that reach a peer the highest wins; load/store ones
                     ///< use 100. Negative: used only where Options::transports names the transport
  int numa_node = -1;  ///< -1: unknown
};

/// What open() gets from the core. The callbacks may be called from any call into the transport, on
/// the calling thread.
struct OpenOptions {
  const char* device = "";  ///< names from probe(), comma-separated, nearest first: those to use
                            ///< side by side; a transport that uses one at a time takes the first
  int rank = 0;             ///< this transport's own number, whatever it is to others
  int size = 1;             ///< how many numbers there are
  JobIdentity job;  ///< whom to talk to: a part of address(), and of the first word said to a peer
                    ///< where that would not know otherwise that it comes from this very job
  bool wakes = false;  ///< the caller will wait at blocking_wait_fd: whatever arrives raises it
  void* context = nullptr;  ///< first argument of the callbacks
  /// A setting by name ("shm.backing" is WEFT_SHM_BACKING), or null where it is unset. Valid until
  /// the next call.
  const char* (*setting)(void* context, const char* name) = nullptr;
  void (*report_failure)(void* context, const Failure* failure) = nullptr;
  void (*log)(void* context, const char* message) = nullptr;
};

/// One thing that inspect() tells about this machine, for people. Valid during the report call.
struct Finding {
  enum class Kind : std::uint8_t {
    device,   ///< a device there is; the details that follow are about it
    detail,   ///< a property: a port's state, an address, how much memory there is
    choice,   ///< what open() with the same options takes, and why
    warning,  ///< what will fail or be slow, and the command or setting that mends it
  };
  Kind kind = Kind::detail;
  char about[64] = {};  ///< the thing, by its whole name: "mlx5_0 port 1"; may be empty
  char text[447] = {};  ///< one line without a newline

  static Finding of(Kind kind, const char* about, const char* text) {
    Finding finding;
    finding.kind = kind;
    std::snprintf(finding.about, sizeof(finding.about), "%s", about);
    std::snprintf(finding.text, sizeof(finding.text), "%s", text);
    return finding;
  }
};

/// What a plugin exports. `abi_version` stays the first member in every version.
struct Plugin {
  std::uint32_t abi_version = kAbiVersion;
  const char* name = "";
  /// Fills up to `capacity` devices and returns how many there are; 0 where the transport cannot
  /// run here (*why says so).
  int (*probe)(Device* devices, int capacity, Status* why) = nullptr;
  /// Opens a device; null and *why on failure.
  Transport* (*open)(const OpenOptions* options, Status* why) = nullptr;
  void (*close)(Transport* transport) = nullptr;
  /// Tells what there is and what is wrong with it, also where probe() finds nothing usable; for
  /// `weft-info`. Calls `report` with `context` for each finding, on the calling thread, and
  /// changes nothing. `options` say what open() would get. May be null: there is nothing to tell.
  void (*inspect)(const OpenOptions* options, void* context,
                  void (*report)(void* context, const Finding* finding)) = nullptr;
};

}  // namespace weft::transport

/// The symbol a plugin exports; the returned object lives as long as the plugin is loaded.
#define WEFT_TRANSPORT_PLUGIN_SYMBOL "weft_transport_plugin"
extern "C" {
using weft_transport_plugin_fn = const weft::transport::Plugin*();
}
