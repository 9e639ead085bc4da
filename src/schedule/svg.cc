#include "schedule/svg.h"

#include "schedule/drawing.h"
#include "schedule/text.h"
#include "schedule/timeline.h"

#include <fmt/format.h>
#include <weft/collective_traits.h>

#include <algorithm>
#include <cmath>

namespace weft::schedule {
namespace {

constexpr double kUnit = 74;  // pixels of a step
constexpr double kRow = 92;   // from a rank to the next
constexpr double kBox = 26;   // height of a box
constexpr double kLeft = 84;
constexpr double kTop = 78;
constexpr double kBottom = 62;

constexpr std::string_view kStyle =
    R"(.rank { font-size: 14px; font-weight: bold; text-anchor: end; }
.box { font-size: 12px; text-anchor: middle; }
.strong { font-weight: bold; fill: #ffffff; }
.tag { font-size: 10.5px; text-anchor: middle; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.time { stroke: #afb8c1; stroke-width: 1.5; }
.wait { stroke: #d8dee4; stroke-width: 7; stroke-linecap: round; }
.fly { fill: none; stroke-width: 1.8; }
.bare { stroke: #8c959f; stroke-dasharray: 4 3; stroke-width: 1.3; }
.read { stroke-dasharray: 1.5 3.5; stroke-width: 1.6; stroke-linecap: round; }
)";

std::string range(int first, int count) {
  return count == 1 ? fmt::format("{}", first) : fmt::format("{}-{}", first, first + count - 1);
}

class Picture {
 public:
  Picture(std::span<const Schedule> ranks, int lane)
      : ranks_(ranks),
        lane_(lane),
        timeline_(make_timeline(ranks, lane)),
        svg_(width(), height(), kStyle) {}

  std::string draw() {
    heading();
    for (int rank = 0; rank < count(); ++rank) row(rank);
    for (const Flight& flight : timeline_.flights) arrow(flight);
    if (count() <= 16) {  // with more there is no room for words
      for (const Flight& flight : timeline_.flights) tag(flight);
    }
    for (int rank = 0; rank < count(); ++rank) {
      for (std::size_t i = 0; i < spans(rank).size(); ++i) step(rank, static_cast<int>(i));
    }
    legend();
    return svg_.end();
  }

 private:
  int count() const { return static_cast<int>(ranks_.size()); }
  double x(double time) const { return kLeft + 18 + time * kUnit; }
  double y(int rank) const { return kTop + kRow * (rank + 0.5); }
  double width() const { return std::max(x(timeline_.end) + 40, 760.0); }
  double height() const { return kTop + kRow * count() + kBottom; }
  const std::vector<Span>& spans(int rank) const {
    return timeline_.spans[static_cast<std::size_t>(rank)];
  }
  const Step& step_of(int rank, int index) const {
    return ranks_[static_cast<std::size_t>(rank)]
        .lanes[static_cast<std::size_t>(lane_)]
        .steps[static_cast<std::size_t>(index)];
  }

  void heading() {
    const Schedule& first = ranks_[0];
    const bool rooted = traits_of(first.collective).rooted();
    svg_.title(20, 32,
               fmt::format("{} {}, {} rank{}", name_of(first.collective), first.algorithm, count(),
                           count() == 1 ? "" : "s"));
    svg_.words("note", 20, 54,
               fmt::format("{} block{}{}{}; time goes to the right, one step a unit", first.blocks,
                           first.blocks == 1 ? "" : "s",
                           rooted ? fmt::format(", root {}", first.root) : "",
                           first.lanes.size() > 1
                               ? fmt::format(", lane {} of {}", lane_, first.lanes.size())
                               : ""));
  }

  void row(int rank) {
    svg_.line(R"(<text class="rank" x="{:.0f}" y="{:.1f}">rank {}</text>)", kLeft - 4, y(rank) + 5,
              rank);
    svg_.line(R"(<line class="time" x1="{:.0f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", kLeft + 6,
              y(rank), width() - 20, y(rank));
  }

  // A straight arrow from a box's edge to the time line of the receiver.
  void arrow(const Flight& flight) {
    const Step& step = step_of(flight.from, flight.from_step);
    const bool bare = step.kind == StepKind::signal;
    const double down = flight.to > flight.from ? 1 : -1;
    const double x1 = x(flight.depart) - (bare ? 0.15 : 0.2) * kUnit;
    const double y1 = y(flight.from) + down * (bare ? 4 : kBox / 2);
    const double x2 = x(flight.arrive) + 0.1 * kUnit;
    const double y2 = y(flight.to) - down * 5;
    const std::string ink = bare ? "#8c959f" : svg::colour(step.block, 42);
    svg_.line(R"(<path class="fly{}" stroke="{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>)",
              bare ? " bare" : "", ink, x1, y1, x2, y2);
    head(x1, y1, x2, y2, ink);
  }

  // The blocks and the slot of what travels, half-way to the next rank; of a long arrow further on,
  // where it is less crowded.
  void tag(const Flight& flight) {
    const Step& step = step_of(flight.from, flight.from_step);
    if (step.kind == StepKind::signal) return;
    const double rows = std::abs(flight.to - flight.from);
    const double at = (rows < 3 ? 0.5 : 1.5) / rows;
    const double x1 = x(flight.depart) - 0.2 * kUnit;
    const double x2 = x(flight.arrive) + 0.1 * kUnit;
    std::string words = range(step.block, step.blocks);
    if (flight.slot != kNoSignal) words += fmt::format(" \u2192 s{}", flight.slot);
    svg_.line(R"(<text class="tag" x="{:.1f}" y="{:.1f}" style="fill:{}">{}</text>)",
              x1 + (x2 - x1) * at, y(flight.from) + (flight.to - flight.from) * kRow * at + 4,
              svg::colour(step.block, 35), words);
  }

  void head(double x1, double y1, double x2, double y2, const std::string& ink) {
    const double length = std::hypot(x2 - x1, y2 - y1);
    const double dx = (x2 - x1) / length, dy = (y2 - y1) / length;
    svg_.line(R"(<path fill="{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}Z"/>)", ink, x2, y2,
              x2 - 9 * dx - 4 * dy, y2 - 9 * dy + 4 * dx, x2 - 9 * dx + 4 * dy,
              y2 - 9 * dy - 4 * dx);
  }

  void step(int rank, int index) {
    const Step& step = step_of(rank, index);
    const Span span = spans(rank)[static_cast<std::size_t>(index)];
    svg_.put("<g><title>{}</title>", to_text(step, rank));
    if (step.kind == StepKind::signal) {
      svg_.put(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="#8c959f"/>)",
               x(span.end) - 0.15 * kUnit, y(rank));
    } else if (step.kind == StepKind::wait) {
      wait(rank, step, span);
    } else {
      box(rank, step, span);
    }
    svg_.line("</g>");
  }

  void wait(int rank, const Step& step, Span span) {
    const double came = x(span.end) - 0.1 * kUnit;
    if (came - 8 > x(span.begin)) {
      svg_.put(R"(<line class="wait" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)",
               x(span.begin) + 3, y(rank), came - 5, y(rank));
    }
    svg_.put(
        R"(<circle cx="{:.1f}" cy="{:.1f}" r="4.5" fill="#ffffff" stroke="{}" stroke-width="2"/>)",
        came, y(rank), step.blocks > 0 ? svg::colour(step.block, 42) : "#8c959f");
  }

  void box(int rank, const Step& step, Span span) {
    for (const Operand& source : step.srcs) {
      if (source.rank == rank) continue;
      svg_.put(R"(<path class="fly read" stroke="{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>)",
               svg::colour(step.block, 60), x(span.begin), y(source.rank),
               x(span.begin) + 0.3 * kUnit, y(rank));
    }
    const bool reduce = step.kind == StepKind::reduce;
    const auto remote = [rank](const Destination& d) { return d.place.rank != rank; };
    const bool sends = std::ranges::any_of(step.dsts, remote);
    const std::string_view verb = reduce ? "\u03a3" : sends ? "put" : "copy";
    svg_.put(
        R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.0f}" rx="{}" fill="{}" stroke="{}"/>)",
        x(span.begin) + 4, y(rank) - kBox / 2, (span.end - span.begin) * kUnit - 8, kBox,
        reduce ? 2 : 12,
        svg::colour(step.block, step.final ? 42
                                : reduce   ? 78
                                           : 93),
        svg::colour(step.block, 42));
    svg_.put(R"(<text class="box{}" x="{:.1f}" y="{:.1f}">{} {}</text>)",
             step.final ? " strong" : "", x((span.begin + span.end) / 2), y(rank) + 4, verb,
             range(step.block, step.blocks));
  }

  void legend() {
    const std::string_view lines[] = {
        "number: block, one colour each \u00b7 round box: put or copy \u00b7 \u03a3: reduction, "
        "dark "
        "when its result is complete \u00b7 s: slot",
        "arrow: data and its signal \u00b7 dashed: signal alone \u00b7 dotted: read in place "
        "\u00b7 "
        "ring: a wait that ends \u00b7 grey bar: waiting"};
    double base = height() - 26;
    for (const std::string_view line : lines) {
      svg_.words("note", 20, base, line);
      base += 17;
    }
  }

  std::span<const Schedule> ranks_;
  int lane_;
  Timeline timeline_;
  svg::Drawing svg_;
};

}  // namespace

std::string to_svg(std::span<const Schedule> ranks, int lane) {
  return Picture(ranks, lane).draw();
}

}  // namespace weft::schedule
