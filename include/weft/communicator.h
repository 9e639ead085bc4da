/// A communicator: a group of ranks that moves tensors among themselves.
///
/// Rules that hold everywhere unless a comment says otherwise:
/// - Every rank of the communicator must make the collective calls, in the same order, with the
///   same count, dtype, op and root. Otherwise they throw Error(mismatch) or Error(timeout).
/// - One thread at a time uses a communicator. Several threads may use several communicators.
/// - Counts are elements, not bytes. Buffers are host memory, aligned to their element size, and
///   overlap only where a call allows it. Calls throw Error(invalid_argument) for other buffers.
/// - Blocking calls return when the local output is complete and the local input may be reused.
///   Calls that end in _async return a Request, and calls that begin with plan_ return a Plan; the
///   buffers of both must stay in place until the operation is complete.
/// - Every wait ends: after Options::timeout, or after the time-out that the caller passes, it
///   throws Error(timeout) with the names of the ranks that did not come. After a time-out or a
///   failed peer the communicator is poisoned: every later collective call throws Error(poisoned)
///   with the first cause.
///
/// Windows, pools of pages and MoE plans have headers of their own; <weft/weft.h> has everything.
#pragma once

#include <weft/buffer.h>
#include <weft/channel.h>
#include <weft/collective.h>
#include <weft/decode.h>
#include <weft/export.h>
#include <weft/message.h>
#include <weft/options.h>
#include <weft/plan.h>
#include <weft/preference.h>
#include <weft/request.h>
#include <weft/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft {

class MoePlan;
class PagePool;
class Window;
struct Invocation;
struct MoeOptions;
struct PageLayout;

/// A group of ranks that moves tensors among themselves.
class WEFT_API Communicator {
 public:
  /// Collective. Finds the ranks and connects them. The ranks come from the first of these that is
  /// there: `bootstrap` or rank/size/root_address of the options, PMIx (mpirun, Slurm),
  /// torchrun-style variables (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT), a single process.
  /// Blocks until all ranks have called it. Throws Error(invalid_argument) for options that cannot
  /// be read, Error(bootstrap) if ranks cannot find each other, Error(timeout) if some do not come,
  /// Error(mismatch) if their versions or settings differ, Error(no_resources), Error(unsupported)
  /// if no transport connects a pair.
  static Communicator create(const Options& options = {});

  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;
  ~Communicator();

  int rank() const noexcept;
  int size() const noexcept;

  /// Collective; blocks until all ranks have called it. Returns `bytes` of zeroed memory (sizes may
  /// differ between ranks) that peers read and write in place: a collective whose buffers come from
  /// here at every rank moves each byte once. No call requires such memory. Throws
  /// Error(no_resources) if a rank lacks the memory.
  Buffer allocate(std::size_t bytes);

  /// Makes later calls and plans of `collective` run as `preference` says, whatever options, tuning
  /// files and costs say; an empty preference ends that. Every rank must pass the same preference
  /// between the same collective calls. Does not block. Throws Error(invalid_argument) if the
  /// algorithm or the number of lanes does not exist; a later call throws Error(unsupported) if the
  /// algorithm cannot serve it.
  void prefer(Collective collective, const Preference& preference);

  /// The ways to run a call of `bytes` bytes (count times element size) and their costs by weft's
  /// model, the cheapest first: between private buffers, or with `allocated` between buffers from
  /// allocate(). Every rank gets the same answer. Does not communicate. Empty above 64 ranks, for
  /// which rules of thumb choose.
  std::vector<Candidate> candidates(Collective collective, std::size_t bytes,
                                    bool allocated = false) const;
  /// Which transport connects this rank to which ranks, for people: "shm: 0-1; ucx: 2-7".
  std::string routes() const;
  /// The kind of job under which weft-tune keeps what it measured: "8 ranks on hosts of 2,2,2,2,
  /// ...".
  std::string situation() const;

  /// Collective. output[i] = op over all ranks of input[i], i < count; the same bits at every rank.
  /// Input and output have `count` elements. In place: input == output.
  void all_reduce(const void* input, void* output, std::size_t count, DataType type, ReduceOp op);
  Request all_reduce_async(const void* input, void* output, std::size_t count, DataType type,
                           ReduceOp op);
  Plan plan_all_reduce(const void* input, void* output, std::size_t max_count, DataType type,
                       ReduceOp op, const PlanOptions& options = {});

  /// Collective. Plans an all-reduce together with the residual addition and the RMS normalisation
  /// that follow it in a transformer's layer, in one pass over the data:
  ///
  ///   norm.residual_output = norm.residual + sum over all ranks of input
  ///   output = norm.residual_output * norm.weight / sqrt(mean(norm.residual_output^2) + epsilon)
  ///
  /// for each of `max_rows` rows of norm.hidden elements (f32, f16 or bf16; the mean is each row's
  /// own; Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019). Plan::start() counts
  /// rows. Sums are taken in f32 and rounded to the type once, or twice if the sum of the inputs
  /// travels; the mean is taken in f64 over residual_output as it is stored. Every rank ends with
  /// the same bits if residual and weight are the same everywhere. Among 2 to 8 ranks whose input,
  /// output and residual_output all come from allocate(), one rank adds up and normalises each row
  /// and writes both results to all.
  ///
  /// Blocks until all ranks have called it. Output may be input, residual_output may be residual;
  /// nothing else may overlap. The tensors must outlive the plan. Throws Error(invalid_argument)
  /// for other types, null or misaligned tensors, overlaps, hidden == 0 and a bad epsilon, before
  /// anything is sent, and Error(mismatch) if ranks differ in rows, type, hidden or epsilon.
  Plan plan_all_reduce_rms_norm(const void* input, void* output, std::size_t max_rows,
                                DataType type, const RmsNorm& norm);

  /// Collective. Plans output[i] = sum over all ranks of input[i], i < count, of f32, f16 or bf16
  /// elements that travel as 8-bit codes with an f32 scale for each 128 elements: about a quarter
  /// of the bytes of f32, half of bf16. It pays on links that are slower than the processor;
  /// between ranks that map each other's memory, plain plans are faster. The same bits at every
  /// rank. In place: input == output.
  ///
  /// Error, with m(x) the largest magnitude of x's block of 128 elements: one code is wrong by at
  /// most
  ///
  ///   e(x, i) = m(x) / 254                               int8
  ///   e(x, i) = max(|x[i]| / 16, m(x) / 458752)          fp8_e4m3
  ///
  /// times 1 + 2^-14, so an output by at most the sum over all ranks of e(input, i), and roundings
  /// of the sum in f32 and to the type. If describe() says two_shot (one rank; more than two ranks
  /// whose codes exceed 128 KiB), the sum itself travels as codes, which adds e(sum, i). Above 8
  /// ranks partial sums do so too, one more for each further 7 ranks, in either way.
  ///
  /// A block in which some rank has a NaN or an infinity becomes NaN as a whole; with two_shot so
  /// does a block whose sum overflows f32. Blocks of zeros stay exact. A block counts as zeros if
  /// no magnitude in it reaches 2^-100, and magnitudes above 2^127 may become infinite.
  ///
  /// Blocks until all ranks have called it. The plan keeps its codes in memory of its own. Throws
  /// Error(invalid_argument) for other types and forms and for null, misaligned or overlapping
  /// buffers, Error(mismatch) if ranks differ in count, type or form.
  Plan plan_all_reduce_quantized(const void* input, void* output, std::size_t max_count,
                                 DataType type, Quantization form);

  /// Collective. output[i] = op over all ranks of input[rank * count + i], i < count. Input has
  /// size * count elements, output has count. In place: output == input + rank * count.
  void reduce_scatter(const void* input, void* output, std::size_t count, DataType type,
                      ReduceOp op);
  Request reduce_scatter_async(const void* input, void* output, std::size_t count, DataType type,
                               ReduceOp op);
  Plan plan_reduce_scatter(const void* input, void* output, std::size_t max_count, DataType type,
                           ReduceOp op);

  /// Collective. output[r * count + i] = rank r's input[i], i < count. Input has count elements,
  /// output has size * count. In place: input == output + rank * count.
  void all_gather(const void* input, void* output, std::size_t count, DataType type);
  Request all_gather_async(const void* input, void* output, std::size_t count, DataType type);
  Plan plan_all_gather(const void* input, void* output, std::size_t max_count, DataType type);

  /// Collective. output[i] = root's input[i], i < count, at every rank. Only the root's `input` is
  /// read; it may be null elsewhere. In place: input == output.
  void broadcast(const void* input, void* output, std::size_t count, DataType type, int root);
  Request broadcast_async(const void* input, void* output, std::size_t count, DataType type,
                          int root);
  Plan plan_broadcast(const void* input, void* output, std::size_t max_count, DataType type,
                      int root);

  /// Collective. At the root, output[i] = op over all ranks of input[i], i < count. Only the root's
  /// `output` is written; it may be null elsewhere.
  void reduce(const void* input, void* output, std::size_t count, DataType type, ReduceOp op,
              int root);
  Request reduce_async(const void* input, void* output, std::size_t count, DataType type,
                       ReduceOp op, int root);
  Plan plan_reduce(const void* input, void* output, std::size_t max_count, DataType type,
                   ReduceOp op, int root);

  /// Collective. Blocks until every rank has called it.
  void barrier();
  Request barrier_async();
  Plan plan_barrier();

  // Messages between two ranks. A receiver matches the messages of one sender in the order in which
  // they were sent. Time-outs and failed peers here end the call alone: they do not poison the
  // communicator. Ranks are 0 to size() - 1 and not this one; sizes are in bytes.

  /// Sends `bytes` bytes to `rank` with a tag of 0 to 2^30 - 1. Blocks until `data` may be reused:
  /// for a small message until the receiver has room for it, for a large one until it is received.
  /// Throws Error(invalid_argument) for a bad rank or tag, Error(timeout), Error(peer_failed).
  void send(const void* data, std::size_t bytes, int rank, int tag = 0);
  /// The same without blocking. `data` must stay unchanged until the request is complete.
  Request send_async(const void* data, std::size_t bytes, int rank, int tag = 0);
  /// Receives the first message from `rank` (or kAnySource) with `tag` (or kAnyTag). Blocks until
  /// it is here. Throws Error(mismatch) if the message is longer than `max_bytes`: nothing past
  /// them is written, and the message is lost. Throws Error(timeout), and Error(peer_failed) if the
  /// sender is gone. Up to Options::unexpected_bytes of messages from each sender are kept until a
  /// recv() asks for them; senders of more wait.
  Received recv(void* data, std::size_t max_bytes, int rank = kAnySource, int tag = kAnyTag);
  /// The same without blocking. Requests match messages in the order in which they were started.
  /// The library writes to `data` until the request is complete. The end of a request that has not
  /// found its message yet withdraws it.
  Request recv_async(void* data, std::size_t max_bytes, int rank = kAnySource, int tag = kAnyTag);
  /// Sends to rank `to` and receives from rank `from` (or kAnySource), which may be the same, at
  /// the same time. Blocks until both are complete. Throws what send() and recv() throw.
  Received sendrecv(const void* data, std::size_t bytes, int to, int send_tag, void* into,
                    std::size_t max_bytes, int from, int recv_tag);
  /// The first message that recv() with these arguments would receive, if it has arrived. Does not
  /// block.
  std::optional<Received> probe(int rank = kAnySource, int tag = kAnyTag);

  /// Opens a channel between this rank and `rank`. Both must call it with the same options; several
  /// channels between them open in the order of the calls. Blocks until the other rank has called
  /// it. Throws Error(mismatch) if the options differ, Error(no_resources, timeout, peer_failed).
  Channel open_channel(int rank, const ChannelOptions& options = {});

  // Memory and plans for all ranks to use; their headers say how.

  /// Collective; blocks until all ranks have called it. Opens `bytes` of zeroed memory at this rank
  /// (sizes may differ between ranks) that all ranks put to and get from (<weft/window.h>). Throws
  /// Error(no_resources) if a rank lacks the memory.
  Window open_window(std::size_t bytes);

  /// Collective; blocks until all ranks have called it. Plans the exchanges that take tokens to
  /// experts and their outputs back (<weft/moe.h>). Among n ranks the plan keeps memory for
  /// 2 (n - 1) max_tokens tokens and max_tokens * top_k outputs, to which peers write. Throws
  /// Error(invalid_argument) for bad options, before anything is sent; at every rank it throws
  /// Error(mismatch) if the options differ and Error(no_resources) if a rank lacks the memory.
  MoePlan plan_moe(const MoeOptions& options);

  /// Collective; blocks until all ranks have called it. Opens zeroed pages at this rank, in a
  /// layout that may differ between ranks, which all ranks write to and read from (<weft/pages.h>).
  /// Throws Error(invalid_argument) at every rank if the layout of one is wrong, and
  /// Error(no_resources).
  PagePool open_page_pool(const PageLayout& layout);

  struct Impl;

 private:
  explicit Communicator(std::shared_ptr<Impl> impl);
  Request make_request(const Invocation& call);
  Plan make_plan(const Invocation& call, const PlanOptions& options = {});
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft
