// A layer of experts whose results every rank can work out by itself: the oracle of moe_test.cc.
#pragma once

#include <weft/weft.h>

#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/ranks.h"
#include "support/reference.h"

namespace weft::testing {

enum class Routing { random, one_expert, one_rank_empty, nothing, repeated };

inline float decode(DataType type, const std::byte* at) {
  float value = 0;
  test::with_type(type, [&](auto zero) {
    using T = decltype(zero);
    T element;
    std::memcpy(&element, at, sizeof(T));
    if constexpr (test::kIsHalf<T>) {
      value = static_cast<float>(element.value());
    } else {
      value = static_cast<float>(element);
    }
  });
  return value;
}

// What a rank brings to a call, drawn from their numbers alone.
struct Share {
  int count = 0;
  std::vector<std::int32_t> ids;
  std::vector<float> weights;
};

inline std::vector<std::int32_t> draw_ids(const MoeOptions& o, Routing routing,
                                          std::mt19937& random) {
  std::vector<std::int32_t> ids;
  for (int k = 0; k < o.top_k; ++k) {
    const auto expert = static_cast<std::int32_t>(random() % static_cast<unsigned>(o.experts));
    const bool taken = std::find(ids.begin(), ids.end(), expert) != ids.end();
    const bool none = random() % 8 == 0 || (taken && routing != Routing::repeated);
    ids.push_back(routing == Routing::one_expert ? (k == 0 ? o.experts - 1 : -1)
                  : none                         ? -1
                                                 : expert);
  }
  return ids;
}

inline Share share_of(const MoeOptions& o, Routing routing, int call, int rank) {
  std::mt19937 random(static_cast<unsigned>(call * 64 + rank));
  Share share;
  share.count = static_cast<int>(random() % static_cast<unsigned>(o.max_tokens + 1));
  if (routing == Routing::nothing || (routing == Routing::one_rank_empty && rank == call % 2))
    share.count = 0;
  if (routing == Routing::one_expert) share.count = o.max_tokens;
  for (int token = 0; token < share.count; ++token) {
    const std::vector<std::int32_t> ids = draw_ids(o, routing, random);
    share.ids.insert(share.ids.end(), ids.begin(), ids.end());
  }
  for (std::size_t i = 0; i < share.ids.size(); ++i)
    share.weights.push_back(static_cast<float>(random() % 1000) / 777.0f - 0.4f);
  return share;
}

inline Bytes token_of(const MoeOptions& o, int call, int rank, int token) {
  return encode(o.type, o.hidden, [&](std::size_t j) {
    return static_cast<double>(
               (static_cast<std::size_t>(call * 5 + rank * 11 + token * 3) + j * 7) % 61) -
           30;
  });
}

inline Bytes apply_expert(const MoeOptions& o, int expert, const void* token) {
  const auto* from = static_cast<const std::byte*>(token);
  return encode(o.type, o.hidden, [&](std::size_t j) {
    return static_cast<double>(decode(o.type, from + j * size_of(o.type)) *
                                   static_cast<float>(1 + expert % 3) +
                               static_cast<float>(expert) / 8);
  });
}

// One rank's layer.
class Layer {
 public:
  Layer(Communicator& comm, const MoeOptions& options)
      : comm_(comm),
        options_(options),
        plan_(comm.plan_moe(options)),
        output_(static_cast<std::size_t>(options.max_tokens) * row_bytes()) {}

  MoePlan& plan() { return plan_; }
  int locals() const { return options_.experts / comm_.size(); }
  // A rank that ended in this call: its tokens may be here or not, later they are not.
  void set_ended(int rank, int call) {
    ended_ = rank;
    ended_call_ = call;
  }

  void dispatch_start(Routing routing, int call) {
    routing_ = routing;
    call_ = call;
    mine_ = share_of(options_, routing, call, comm_.rank());
    tokens_.clear();
    for (int token = 0; token < mine_.count; ++token) {
      const Bytes bytes = token_of(options_, call, comm_.rank(), token);
      tokens_.insert(tokens_.end(), bytes.begin(), bytes.end());
    }
    std::vector<std::int32_t> ids = mine_.ids;  // not needed afterwards
    ids.resize(ids.size() + 1);
    tokens_.resize(tokens_.size() + 1);
    plan_.dispatch_start(tokens_.data(), ids.data(), mine_.count);
  }

  void dispatch_finish() { take(plan_.dispatch_finish()); }

  void take(const MoeArrivals& arrivals) {
    check_arrivals(arrivals);
    outputs_.assign(1, std::byte{});
    outputs_.clear();
    for (int expert = 0; expert < locals(); ++expert) {
      for (const MoeRow& row : arrivals.of(expert)) {
        const Bytes bytes = apply_expert(options_, comm_.rank() * locals() + expert, row.token);
        outputs_.insert(outputs_.end(), bytes.begin(), bytes.end());
      }
    }
  }

  void combine_start() { plan_.combine_start(outputs_.data()); }

  void combine_finish() {
    mine_.weights.resize(mine_.weights.size() + 1);
    check_output(plan_.combine_finish(output_.data(), mine_.weights.data()));
  }

  void run(Routing routing, int call) {
    dispatch_start(routing, call);
    dispatch_finish();
    combine_start();
    combine_finish();
  }

 private:
  std::size_t row_bytes() const { return options_.hidden * size_of(options_.type); }
  bool may_lack(int rank) const { return rank == ended_ && call_ >= ended_call_; }

  void check_arrivals(const MoeArrivals& arrivals) {
    std::size_t at = 0;
    for (int expert = 0; expert < locals(); ++expert) {
      require(arrivals.first[static_cast<std::size_t>(expert)] == static_cast<std::int32_t>(at),
              "an expert's rows do not begin where the last one's end");
      for (int source = 0; source < comm_.size(); ++source) {
        const std::size_t before = at;
        check_rows(arrivals, expert, source, &at);
        require(arrivals.counts[static_cast<std::size_t>(expert * comm_.size() + source)] ==
                    static_cast<std::int32_t>(at - before),
                "wrong count of a source");
      }
    }
    require(at == arrivals.rows.size() && arrivals.first.back() == static_cast<std::int32_t>(at),
            "more rows than were sent");
  }

  void check_rows(const MoeArrivals& arrivals, int expert, int source, std::size_t* at) {
    const Share share = share_of(options_, routing_, call_, source);
    const std::int32_t global = comm_.rank() * locals() + expert;
    if (may_lack(source) && (*at == arrivals.rows.size() || arrivals.rows[*at].source != source))
      return;
    for (int token = 0; token < share.count; ++token) {
      for (int k = 0; k < options_.top_k; ++k) {
        if (share.ids[static_cast<std::size_t>(token * options_.top_k + k)] != global) continue;
        require(*at < arrivals.rows.size(), "a row is missing");
        const MoeRow& row = arrivals.rows[(*at)++];
        require(row.source == source && row.index == token && row.k == k, "wrong order of rows");
        const Bytes expected = token_of(options_, call_, source, token);
        require(std::memcmp(row.token, expected.data(), expected.size()) == 0, "wrong token");
      }
    }
  }

  void check_output(std::span<const MoeMissing> missing) {
    std::set<std::pair<int, int>> lacks;
    for (const MoeMissing& m : missing) lacks.insert({m.token, m.k});
    require(lacks.size() == missing.size(), "a choice is missing twice");
    for (int token = 0; token < mine_.count; ++token) check_sum(token, lacks);
  }

  void check_sum(int token, const std::set<std::pair<int, int>>& lacks) {
    std::vector<float> sums(options_.hidden);
    bool first = true;
    const Bytes input = token_of(options_, call_, comm_.rank(), token);
    for (int k = 0; k < options_.top_k; ++k) {
      const auto choice = static_cast<std::size_t>(token * options_.top_k + k);
      const std::int32_t expert = mine_.ids[choice];
      const bool lacking = lacks.contains({token, k});
      if (expert < 0) require(!lacking, "no expert is not missing");
      if (expert < 0) continue;
      const int home = expert / locals();
      require(!lacking || may_lack(home), "a live rank's expert is missing");
      require(lacking || home != ended_ || call_ <= ended_call_, "an expert of a rank that ended");
      if (lacking) continue;
      const Bytes made = apply_expert(options_, expert, input.data());
      for (std::size_t j = 0; j < options_.hidden; ++j) {
        const volatile float product =
            mine_.weights[choice] * decode(options_.type, made.data() + j * size_of(options_.type));
        sums[j] = first ? product : sums[j] + product;
      }
      first = false;
    }
    const Bytes expected = encode(options_.type, options_.hidden,
                                  [&](std::size_t j) { return static_cast<double>(sums[j]); });
    const std::byte* got = output_.data() + static_cast<std::size_t>(token) * row_bytes();
    require(std::memcmp(got, expected.data(), expected.size()) == 0,
            "wrong sum of token " + std::to_string(token) + " in call " + std::to_string(call_));
  }

  Communicator& comm_;
  const MoeOptions options_;
  MoePlan plan_;
  Routing routing_ = Routing::random;
  int call_ = 0;
  int ended_ = -1;
  int ended_call_ = 0;
  Share mine_;
  Bytes tokens_, outputs_, output_;
};

}  // namespace weft::testing
