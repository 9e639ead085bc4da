// Rules that say over which transports pairs of ranks may meet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft {

// Where two ranks are, as far as rules ask.
struct Pair {
  int a = 0;
  int b = 0;
  bool same_machine = false;
};

// "0-3:4-7=ucx,machine=shm,*=verbs+ucx": comma-separated, the first rule that fits a pair counts.
// A rule is WHERE=TRANSPORTS. WHERE is `machine` (two ranks of one machine), `remote` (of two),
// `*`, or RANKS:RANKS, each a rank, a range or `*`, in either order. TRANSPORTS are tried in their
// order.
class Routes {
 public:
  Routes() = default;
  // Throws Error(invalid_argument) that names the rule that cannot be read.
  explicit Routes(const std::string& rules);

  // The transports for a pair; empty: no rule fits, any transport will do.
  std::vector<std::string> names(const Pair& pair) const;
  // Whether some rule names it.
  bool mention(std::string_view transport) const;
  const std::string& text() const { return text_; }

 private:
  struct Range {
    int first = 0;
    int last = 0;
    bool holds(int rank) const { return rank >= first && rank <= last; }
  };
  struct Rule {
    enum class Where { machine, remote, ranks };
    Where where = Where::ranks;
    Range from;
    Range to;
    std::vector<std::string> transports;
    bool fits(const Pair& pair) const;
  };
  static Range range(std::string_view text, const std::string& rule);
  static Rule rule(const std::string& text);

  std::string text_;
  std::vector<Rule> rules_;
};

}  // namespace weft
