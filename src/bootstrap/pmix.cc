#include "bootstrap/bootstrap.h"
#include "bootstrap/deadline.h"
#include "bootstrap/pmix_library.h"
#include "bootstrap/pmix_reply.h"

#include "base/error.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

namespace weft::bootstrap {
namespace {

pmix_info_t flag(const char* key) {
  pmix_info_t info{};
  std::strncpy(info.key, key, PMIX_MAX_KEYLEN);
  info.value.type = PMIX_BOOL;
  info.value.data.flag = true;
  return info;
}

pmix_info_t whole_seconds(const char* key, const Deadline& deadline) {
  pmix_info_t info{};
  std::strncpy(info.key, key, PMIX_MAX_KEYLEN);
  info.value.type = PMIX_INT;
  info.value.data.integer =
      std::max(1, (deadline.poll_ms(1'000'000'000) + 999) / 1000);  // 0: no end
  return info;
}

class Pmix final : public Bootstrap {
 public:
  explicit Pmix(const Deadline& deadline)
      : library_(PmixLibrary::session(deadline)), instance_(next_instance_++) {
    pmix_proc_t job = library_.self();
    job.rank = PMIX_RANK_WILDCARD;
    const auto size = get(job, PMIX_JOB_SIZE, {}, deadline);
    if (!size) fail(ErrorCode::timeout, "pmix: the server does not tell the number of ranks");
    check(size->status, "PMIx_Get_nb");
    if (size->number.value_or(0) <= library_.self().rank) {
      fail(ErrorCode::bootstrap, "pmix: the server gave no sensible number of ranks");
    }
    size_ = static_cast<int>(*size->number);
  }

  int rank() const override { return static_cast<int>(library_.self().rank); }
  int size() const override { return size_; }
  std::string description() const override { return "pmix"; }

  std::vector<Blob> all_gather(std::span<const std::byte> mine,
                               std::chrono::nanoseconds timeout) override {
    if (failure_) throw Error(*failure_);
    try {
      return exchange(mine, Deadline(timeout));
    } catch (const Error& error) {
      failure_ = error;
      throw;
    }
  }

 private:
  std::vector<Blob> exchange(std::span<const std::byte> mine, const Deadline& deadline) {
    const std::string key = fmt::format("weft.{}.{}", instance_, ++calls_);
    put(key, mine);
    fence(key, deadline);
    // Which may have ended at the deadline itself.
    const Deadline answers = deadline.later(std::chrono::seconds(1));
    std::vector<Blob> all;
    all.reserve(static_cast<std::size_t>(size_));
    pmix_proc_t owner = library_.self();
    for (owner.rank = 0; owner.rank < static_cast<pmix_rank_t>(size_); ++owner.rank) {
      const auto reply = get(owner, key.c_str(), {}, answers);
      if (!reply) give_up(key, deadline, owner.rank);
      check(reply->status, "PMIx_Get_nb");
      if (!reply->bytes || reply->bytes->empty()) {
        fail(ErrorCode::bootstrap, "pmix: rank {} gave {} in another form", owner.rank, key);
      }
      all.emplace_back(reply->bytes->begin() + 1, reply->bytes->end());
    }
    return all;
  }

  // One byte is put before the blob: PMIx has no empty values.
  void put(const std::string& key, std::span<const std::byte> mine) {
    std::vector<char> bytes(mine.size() + 1);
    std::transform(mine.begin(), mine.end(), bytes.begin() + 1,
                   [](std::byte b) { return static_cast<char>(b); });
    pmix_value_t value{};
    value.type = PMIX_BYTE_OBJECT;
    value.data.bo.bytes = bytes.data();
    value.data.bo.size = bytes.size();
    check(library_.put(PMIX_GLOBAL, key.c_str(), &value), "PMIx_Put");
    check(library_.commit(), "PMIx_Commit");
  }

  // Blocks until all ranks are here; their values can be had at once then. The server is to give up
  // first, which it does at whole seconds: servers of PMIx 4.2 crash when a client leaves with a
  // fence pending.
  void fence(const std::string& key, const Deadline& deadline) {
    const pmix_info_t wishes[] = {flag(PMIX_COLLECT_DATA), whole_seconds(PMIX_TIMEOUT, deadline)};
    const auto reply = await_fence(
        [&](pmix_op_cbfunc_t callback, void* data) {
          return library_.fence_nb(nullptr, 0, wishes, std::size(wishes), callback, data);
        },
        deadline.later(std::chrono::seconds(2)));
    if (!reply || reply->status == PMIX_ERR_TIMEOUT) give_up(key, deadline);
    check(reply->status, "PMIx_Fence_nb");
  }

  std::optional<PmixReply> get(const pmix_proc_t& owner, const char* key,
                               std::span<const pmix_info_t> wishes,
                               const Deadline& deadline) const {
    return await_value(
        [&](pmix_value_cbfunc_t callback, void* data) {
          return library_.get_nb(&owner, key, wishes.data(), wishes.size(), callback, data);
        },
        deadline);
  }

  // Names the ranks whose value their servers do not have, as far as asking does not take long.
  // `silent`: one that was asked for in vain after the fence, which servers of PMIx 5 may end
  // without it; who asks again waits for the first answer.
  [[noreturn]] void give_up(const std::string& key, const Deadline& deadline,
                            pmix_rank_t silent = PMIX_RANK_UNDEF) const {
    const Deadline patience(std::chrono::seconds(1));
    const pmix_info_t immediate = flag(PMIX_IMMEDIATE);
    std::vector<int> missing;
    pmix_proc_t owner = library_.self();
    for (owner.rank = 0; owner.rank < static_cast<pmix_rank_t>(size_); ++owner.rank) {
      if (owner.rank == silent) {
        missing.push_back(static_cast<int>(owner.rank));
        continue;
      }
      const auto reply = get(owner, key.c_str(), std::span(&immediate, 1), patience);
      if (!reply) break;
      if (reply->status == PMIX_ERR_NOT_FOUND) missing.push_back(static_cast<int>(owner.rank));
    }
    fail(ErrorCode::timeout, "pmix: {} not called all_gather #{} within {}",
         missing.empty() ? fmt::format("some of {} ranks have", size_) : ranks_have(missing, size_),
         calls_, in_words(deadline.timeout()));
  }

  void check(pmix_status_t status, const char* call) const {
    if (status == PMIX_SUCCESS) return;
    fail(ErrorCode::bootstrap, "pmix: rank {} of {}: {}: {}", rank(), size_, call,
         library_.words(status));
  }

  // Communicators are created in the same order everywhere, so that keys match.
  static inline std::atomic<unsigned> next_instance_ = 0;

  const PmixLibrary& library_;
  const unsigned instance_;
  int size_ = 0;
  unsigned calls_ = 0;
  std::optional<Error> failure_;  // the first one; final
};

}  // namespace

std::shared_ptr<Bootstrap> make_pmix(std::chrono::nanoseconds timeout) {
  return std::make_shared<Pmix>(Deadline(timeout));
}

}  // namespace weft::bootstrap
