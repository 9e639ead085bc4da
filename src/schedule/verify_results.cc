// What the outputs hold when every rank is through.
#include <weft/collective_traits.h>

#include "schedule/layout.h"
#include "schedule/text.h"
#include "schedule/verify_parts.h"

namespace weft::schedule {
namespace {

class ResultCheck {
 public:
  ResultCheck(const Schedule& frame, int lane, const Elements& elements, Memory& memory,
              std::span<const std::uint64_t> full, Report& report)
      : frame_(frame),
        traits_(traits_of(frame.collective)),
        lane_(lane),
        elements_(elements),
        memory_(memory),
        full_(full),
        report_(report) {}

  void run() {
    for (int rank = 0; rank < frame_.ranks; ++rank) {
      for (int block = 0; block < output_blocks(frame_, rank); ++block)
        check_output({Buffer::output, rank, block});
    }
    if (report_.empty() && traits_.reduces && traits_.same_everywhere()) check_equal_bits();
  }

 private:
  // function(pass, unit, number in the message) for each element of a block.
  template <typename Function>
  void each_element(int block, Function function) const {
    for (int pass = 0; pass < elements_.passes(); ++pass) {
      const std::size_t first = elements_.first(block, pass);
      for (std::size_t i = 0; i < elements_.count(block, pass); ++i)
        function(pass, Unit{0, i}, static_cast<std::int64_t>(first + i));
    }
  }

  void check_output(const Operand& place) {
    each_element(logical_block(frame_, place), [&](int pass, Unit unit, std::int64_t element) {
      check_value(place, element, memory_.cell(place, unit, pass).value);
    });
  }

  void check_value(const Operand& place, std::int64_t element, const Value& value) {
    const int block = logical_block(frame_, place);
    if (value.element < 0) return wrong(place, "is never written");
    if (value.element != element) {
      return wrong(place, fmt::format("holds block {}, not {}",
                                      elements_.block_of(value.element, frame_.blocks), block));
    }
    const int source = traits_.rooted() ? frame_.root : block;
    if (traits_.reduces) {
      if (value.sum != full_[static_cast<std::size_t>(element)])
        wrong(place, "does not hold every contribution exactly once");
    } else if (value.expression != contribution(source, element).expression) {
      wrong(place, fmt::format("is not what rank {} sent", source));
    }
  }

  void wrong(const Operand& place, std::string_view what) {
    report_.add(place.rank, lane_, -1, "{} {}", to_text(place, 1, place.rank), what);
  }

  void check_equal_bits() {
    for (int rank = 1; rank < frame_.ranks; ++rank) {
      for (int block = 0; block < frame_.blocks; ++block) {
        bool equal = true;
        each_element(block, [&](int pass, Unit unit, std::int64_t) {
          equal = equal && expression(rank, block, unit, pass) == expression(0, block, unit, pass);
        });
        if (equal) continue;
        report_.add(rank, lane_, -1, "out[{}] is computed in another order than at rank 0", block);
      }
    }
  }

  std::uint64_t expression(int rank, int block, Unit unit, int pass) {
    return memory_.cell({Buffer::output, rank, block}, unit, pass).value.expression;
  }

  const Schedule& frame_;
  const CollectiveTraits& traits_;
  int lane_;
  const Elements& elements_;
  Memory& memory_;
  std::span<const std::uint64_t> full_;
  Report& report_;
};

}  // namespace

void check_results(const Schedule& frame, int lane, const Elements& elements, Memory& memory,
                   std::span<const std::uint64_t> full, Report& report) {
  ResultCheck(frame, lane, elements, memory, full, report).run();
}

}  // namespace weft::schedule
