/// The public C++ API: a Communicator and what it makes.
///
/// Rules that hold everywhere unless a comment says otherwise:
/// - Collective calls must be made by every rank of the communicator, in the same order, with the
/// same count, dtype, op and root.
/// - A communicator is used by one thread at a time. Several communicators may be used by several
/// threads.
/// - Counts are elements, not bytes. Buffers are host memory, aligned to their element size.
/// - Blocking calls return when the local output is complete and the local input may be reused.
/// - Every wait ends: after Options::timeout, or the time-out given, it throws Error(timeout) that
/// names who did not come. After a
///   timeout or a failed peer the communicator is poisoned: every later call throws Error(poisoned)
///   with the first cause.
#pragma once

#include <weft/bootstrap.h>
#include <weft/channel.h>
#include <weft/decode.h>
#include <weft/error.h>
#include <weft/message.h>
#include <weft/moe.h>
#include <weft/pages.h>
#include <weft/types.h>
#include <weft/window.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

struct Invocation;

/// How a rank waits for its peers.
enum class WaitPolicy : std::uint8_t {
  automatic,  ///< `spin` while every local rank has a core of its own, `yield` with more ranks than
              ///< cores
  spin,       ///< polls for 20 us, yields the core for 1 ms, then blocks: lowest latency
  yield,      ///< yields the core at once, then blocks: for more ranks than cores
  block,      ///< blocks soon: lowest processor use
};

/// How data travels; `automatic` chooses by size.
enum class Protocol : std::uint8_t { automatic, packet, bulk };

/// Everything settable. Each member has an environment variable, named in brackets, which counts
/// where the member is unset.
struct Options {
  std::optional<int>
      rank;  ///< [WEFT_RANK] with `size` and `root_address`: explicit start-up over TCP
  std::optional<int> size;               ///< [WEFT_SIZE]
  std::string root_address;              ///< [WEFT_ROOT] "host:port" where rank 0 listens
  std::shared_ptr<Bootstrap> bootstrap;  ///< a start-up of your own; wins over everything else
  std::optional<std::chrono::nanoseconds>
      timeout;                            ///< [WEFT_TIMEOUT, seconds] of every wait; default 60 s
  std::optional<WaitPolicy> wait_policy;  ///< [WEFT_WAIT: spin, yield, block, auto]
  std::optional<std::size_t>
      shared_bytes;  ///< [WEFT_SHARED_BYTES] memory per rank that peers write to; default 4 MiB
  std::optional<std::size_t>
      unexpected_bytes;  ///< [WEFT_UNEXPECTED_BYTES] of messages from one rank that no recv() asked
                         ///< for yet, kept beside what fits the rings; default 1 MiB
  std::string transports;  ///< [WEFT_TRANSPORTS] comma-separated, tried in order of their priority;
                           ///< default all
  std::string routes;      ///< [WEFT_ROUTES] rules for pairs of ranks, the first that fits counts:
                           ///< "0-3:4-7=ucx,machine=shm,remote=verbs+ucx"; default by priority
  std::string
      plugin_path;  ///< [WEFT_PLUGIN_PATH] colon-separated folders or files of transport plugins;
                    ///< default: the folder `weft` beside the library, else the installed one
  std::string
      algorithm;       ///< [WEFT_ALGORITHM] by name, for every call it exists for; default by cost
  std::string tuning;  ///< [WEFT_TUNING] file of weft-tune's, read at rank 0; default
                       ///< weft/tuning.json in $XDG_CONFIG_HOME or ~/.config where it exists
  std::optional<Protocol> protocol;  ///< [WEFT_PROTOCOL: packet, bulk, auto]
};

/// How calls of a collective are to run; what is left as it is, is chosen by cost.
struct Preference {
  std::string algorithm;                    ///< by name; `weft-schedule list` has them
  Protocol protocol = Protocol::automatic;  ///< packets go where all ranks map each other's memory
  int lanes = 0;                            ///< parts of a message that run side by side: 1 or 2
};

/// One way to run a call.
struct Candidate {
  Preference how;  ///< for Communicator::prefer()
  double predicted_us = 0;
  bool chosen = false;  ///< what runs where nothing is preferred
};

/// Memory from Communicator::allocate(). Move-only; frees itself. Outlives no communicator.
class WEFT_API Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&&) noexcept;
  Buffer& operator=(Buffer&&) noexcept;
  ~Buffer();

  void* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }
  template <typename T>
  T* as() const noexcept {
    return static_cast<T*>(data_);
  }

 private:
  friend class Communicator;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::shared_ptr<void> owner_;
};

/// A started operation. Move-only. Destroying an unfinished one waits for it (within the
/// communicator's time-out) and drops errors.
class WEFT_API Request {
 public:
  Request();
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  ~Request();

  /// Moves things on and tells whether the operation is complete; does not block. Throws what the
  /// operation met.
  bool test();
  /// Blocks until complete. Throws Error(timeout) after `timeout` (default: the communicator's).
  void wait();
  void wait(std::chrono::nanoseconds timeout);
  /// What recv_async() received, once it is complete.
  Received received() const;

  struct State;

 private:
  friend class Communicator;
  friend class Engine;
  std::unique_ptr<State> state_;
};

/// A collective prepared once and started many times: start() allocates nothing, takes no lock and
/// makes no system call of weft's own. Move-only; outlives no communicator, and its buffers outlive
/// it: they are registered with the devices that read them. Operations of a communicator run in the
/// order they were started.
class WEFT_API Plan {
 public:
  Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  /// Starts it with the planned count, or with a smaller one (the same at every rank). The previous
  /// start must be complete.
  void start();
  void start(std::size_t count);
  /// Moves things on and tells whether the last start is complete; does not block.
  bool test();
  /// Blocks until complete. Throws Error(timeout) after `timeout` (default: the communicator's).
  void wait();
  void wait(std::chrono::nanoseconds timeout);
  /// What runs for a count: "two_shot, bulk, direct, 1 lane, 1 pass". For people and tests.
  std::string describe(std::size_t count) const;

  struct State;

 private:
  friend class Communicator;
  std::unique_ptr<State> state_;
};

/// A group of ranks that moves tensors among themselves.
class WEFT_API Communicator {
 public:
  /// Collective. Finds the ranks, in this order: options (`bootstrap`, or rank/size/root_address),
  /// PMIx (mpirun, Slurm), torchrun-style variables (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT),
  /// or a single process. Connects them. Throws Error(bootstrap, timeout, no_resources, mismatch,
  /// ...).
  static Communicator create(const Options& options = {});

  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;
  ~Communicator();

  int rank() const noexcept;
  int size() const noexcept;

  /// Collective (sizes may differ between ranks). Zeroed memory that peers read and write in place:
  /// collectives whose buffers all come from here, on every rank, move each byte once. Not a
  /// requirement for any call.
  Buffer allocate(std::size_t bytes);

  /// From now on, calls and plans of `collective` run so, whatever options, tuning files and costs
  /// say; an empty preference ends that. Every rank must call it alike, between the same calls;
  /// does not block. Throws Error(invalid_argument) where there is no such algorithm or number of
  /// lanes, and the calls themselves throw Error(unsupported) where it cannot serve them.
  void prefer(Collective collective, const Preference& preference);

  /// What could run such a call between private buffers, or with `allocated` between buffers that
  /// every rank maps, and what it costs by weft's model; the cheapest first. Every rank gets the
  /// same answer; does not communicate. Empty above 64 ranks, where rules of thumb choose.
  std::vector<Candidate> candidates(Collective collective, std::size_t bytes,
                                    bool allocated = false) const;
  /// Over what this rank reaches which ranks: "shm: 0-1; ucx: 2-7". For people.
  std::string routes() const;
  /// What candidates are measured and kept by: "8 ranks on hosts of 2,2,2,2, ...".
  std::string situation() const;

  /// output[i] = op over all ranks of input[i], i < count; the same bits at every rank. In place:
  /// input == output.
  void all_reduce(const void* input, void* output, std::size_t count, DataType type, ReduceOp op);
  Request all_reduce_async(const void* input, void* output, std::size_t count, DataType type,
                           ReduceOp op);
  Plan plan_all_reduce(const void* input, void* output, std::size_t max_count, DataType type,
                       ReduceOp op, const PlanOptions& options = {});

  /// An all-reduce with what follows it in a transformer's layer, in one pass over the data:
  ///
  ///   norm.residual_output = norm.residual + sum over all ranks of input
  ///   output = norm.residual_output * norm.weight / sqrt(mean(norm.residual_output^2) + epsilon)
  ///
  /// for each of `max_rows` rows of norm.hidden elements (f32, f16 or bf16; the mean is each row's
  /// own; Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019). Counts of the plan, as
  /// start() takes them, are rows. Sums are taken in f32 and rounded to the type once, or twice
  /// where the sum of the inputs travels; the mean is taken in f64 of residual_output as it is
  /// stored. Every rank ends with the same bits, provided that residual and weight are the same
  /// everywhere. Between 2 to 8 ranks whose input, output and residual_output all come from
  /// allocate(), each row is added up and normalised by one rank, which writes both results to all.
  ///
  /// Collective; blocks until all ranks have called it. Output may be input, residual_output may be
  /// residual; nothing else may overlap. The tensors outlive the plan. Throws
  /// Error(invalid_argument) for other types, null or misaligned tensors, overlaps, hidden == 0 and
  /// a bad epsilon, before anything is sent, and Error(mismatch) where ranks differ in rows, type,
  /// hidden or epsilon.
  Plan plan_all_reduce_rms_norm(const void* input, void* output, std::size_t max_rows,
                                DataType type, const RmsNorm& norm);

  /// output[i] = sum over all ranks of input[i], i < count, of f32, f16 or bf16, moved as 8-bit
  /// codes with an f32 scale for each 128 elements: about a quarter of the bytes of f32, half of
  /// bf16. For links slower than the processor; between ranks that map each other's memory, plain
  /// plans are quicker. The same bits at every rank. In place: input == output.
  ///
  /// Error, with m(x) the largest magnitude of x's block of 128 elements: one code is wrong by at
  /// most
  ///
  ///   e(x, i) = m(x) / 254                               int8
  ///   e(x, i) = max(|x[i]| / 16, m(x) / 458752)          fp8_e4m3
  ///
  /// times 1 + 2^-14, so an output by at most the sum over all ranks of e(input, i), and roundings
  /// of the sum in f32 and to the type. Where describe() says two_shot (one rank; more than two
  /// where the codes to send exceed 128 KiB) the sum itself travels as codes, for which e(sum, i)
  /// is added; above 8 ranks so are partial sums, one more for each further 7 ranks, in either way.
  ///
  /// A block in which some rank has a NaN or an infinity becomes NaN as a whole; with two_shot so
  /// does one whose sum overflows f32. Blocks of zeros stay exact, those with no magnitude of
  /// 2^-100 count as such, and magnitudes above 2^127 may become infinite.
  ///
  /// Collective; blocks until all ranks have called it. The plan keeps its codes in memory of its
  /// own. Throws Error(invalid_argument) for other types and forms, null, misaligned or overlapping
  /// buffers, Error(mismatch) where ranks differ in count, type or form.
  Plan plan_all_reduce_quantized(const void* input, void* output, std::size_t max_count,
                                 DataType type, Quantization form);

  /// output[i] = op over all ranks of input[rank * count + i]; input has size * count elements. In
  /// place: output == input + rank * count.
  void reduce_scatter(const void* input, void* output, std::size_t count, DataType type,
                      ReduceOp op);
  Request reduce_scatter_async(const void* input, void* output, std::size_t count, DataType type,
                               ReduceOp op);
  Plan plan_reduce_scatter(const void* input, void* output, std::size_t max_count, DataType type,
                           ReduceOp op);

  /// output[r * count + i] = rank r's input[i]; output has size * count elements. In place: input
  /// == output + rank * count.
  void all_gather(const void* input, void* output, std::size_t count, DataType type);
  Request all_gather_async(const void* input, void* output, std::size_t count, DataType type);
  Plan plan_all_gather(const void* input, void* output, std::size_t max_count, DataType type);

  /// output[i] = root's input[i]. `input` is read at the root only and may be null elsewhere. In
  /// place: input == output.
  void broadcast(const void* input, void* output, std::size_t count, DataType type, int root);
  Request broadcast_async(const void* input, void* output, std::size_t count, DataType type,
                          int root);
  Plan plan_broadcast(const void* input, void* output, std::size_t max_count, DataType type,
                      int root);

  /// At the root: output[i] = op over all ranks of input[i]. `output` is written at the root only
  /// and may be null elsewhere.
  void reduce(const void* input, void* output, std::size_t count, DataType type, ReduceOp op,
              int root);
  Request reduce_async(const void* input, void* output, std::size_t count, DataType type,
                       ReduceOp op, int root);
  Plan plan_reduce(const void* input, void* output, std::size_t max_count, DataType type,
                   ReduceOp op, int root);

  /// Returns after every rank has called it.
  void barrier();
  Request barrier_async();
  Plan plan_barrier();

  // Between two ranks. Messages from one rank to another are matched in the order they were sent.
  // Time-outs and failed peers here concern the call alone: they do not poison the communicator.

  /// Sends `bytes` bytes to `rank` (not this one). Returns once `data` may be reused: a small
  /// message as soon as there is room for it at the receiver, a large one when it is received. Tags
  /// are 0 to 2^30 - 1.
  void send(const void* data, std::size_t bytes, int rank, int tag = 0);
  /// `data` must stay as it is until the request is complete.
  Request send_async(const void* data, std::size_t bytes, int rank, int tag = 0);
  /// Receives the first message from `rank` (or kAnySource) with `tag` (or kAnyTag). Throws
  /// Error(mismatch) where it is longer than `max_bytes`: nothing past them is written, and the
  /// message is gone. Messages that nobody asked for yet are kept up to Options::unexpected_bytes
  /// for each sender; further senders wait.
  Received recv(void* data, std::size_t max_bytes, int rank = kAnySource, int tag = kAnyTag);
  /// Receives in the order they were started. `data` is the library's until the request is
  /// complete; destroying it before a message was found withdraws it.
  Request recv_async(void* data, std::size_t max_bytes, int rank = kAnySource, int tag = kAnyTag);
  /// Sends to one rank and receives from another (or the same), without waiting for each other.
  Received sendrecv(const void* data, std::size_t bytes, int to, int send_tag, void* into,
                    std::size_t max_bytes, int from, int recv_tag);
  /// The first message that recv() with these arguments would get; none where there is none yet.
  /// Does not block.
  std::optional<Received> probe(int rank = kAnySource, int tag = kAnyTag);

  /// Called by both ranks, with the same options; several channels between them open in the order
  /// of the calls. Blocks until the other has called it. Throws Error(mismatch, no_resources,
  /// timeout, peer_failed).
  Channel open_channel(int rank, const ChannelOptions& options = {});

  /// Collective. `bytes` (they may differ) of zeroed memory that all ranks put to and get from.
  Window open_window(std::size_t bytes);

  /// Collective; blocks until all ranks have called it. A plan that takes tokens to experts and
  /// their outputs back (<weft/moe.h>). With n ranks it keeps, for peers to write to, 2 (n - 1)
  /// max_tokens tokens and max_tokens * top_k outputs. Throws Error(invalid_argument) for bad
  /// options, before anything is sent, and at every rank Error(mismatch) where they differ and
  /// Error(no_resources) where a rank lacks the memory.
  MoePlan plan_moe(const MoeOptions& options);

  /// Collective. Zeroed pages that all ranks write to and read from, each rank's in a layout of its
  /// own. Throws Error(invalid_argument) at every rank where one's layout is wrong, and
  /// Error(no_resources).
  PagePool open_page_pool(const PageLayout& layout);

  struct Impl;

 private:
  explicit Communicator(std::unique_ptr<Impl> impl);
  Request make_request(const Invocation& call);
  Plan make_plan(const Invocation& call, const PlanOptions& options = {});
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
