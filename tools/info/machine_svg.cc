#include "machine.h"

#include "layout.h"
#include "names.h"
#include "schedule/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace weft::tools {
namespace {

constexpr double kLeft = 20;
constexpr double kTop = 76;
constexpr double kBottom = 62;
constexpr double kBetween = 20;   // hosts
constexpr double kWidest = 2400;  // where hosts stand side by side
constexpr std::uint64_t kNear = 10;

constexpr std::string_view kStyle =
    R"(.host { font-size: 14px; font-weight: bold; }
.package { font-size: 13px; font-weight: bold; fill: #57606a; }
.node { font-size: 12px; fill: #57606a; }
.cache { font-size: 11px; fill: #57606a; }
.rank { font-size: 12px; font-weight: bold; fill: #ffffff; text-anchor: middle; }
.nic { font-size: 12px; font-weight: bold; text-anchor: middle; }
.bus { font-size: 11px; fill: #57606a; text-anchor: middle; }
.far { font-size: 11px; font-weight: bold; text-anchor: middle; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.link { fill: none; stroke-width: 2.2; }
)";

class Picture {
 public:
  explicit Picture(const Machine& machine) : machine_(machine), job_(machine.job) {
    for (int host = 0; host < static_cast<int>(job_.hosts.size()); ++host)
      hosts_.push_back(lay_out(job_, host));
    for (const HostBox& host : hosts_) {
      step_.width = std::max(step_.width, host.box.width + kBetween);
      step_.height = std::max(step_.height, host.box.height + kBetween);
    }
    const auto count = static_cast<int>(hosts_.size());
    const int fitting = std::max(1, static_cast<int>(kWidest / step_.width));
    columns_ = std::min({fitting, count, static_cast<int>(std::ceil(std::sqrt(count)))});
    rows_ = (count + columns_ - 1) / columns_;
  }

  std::string draw() {
    heading();
    for (int number = 0; number < static_cast<int>(hosts_.size()); ++number) host(number);
    legend();
    return svg_->end();
  }

 private:
  void frame(const Box& box, double radius, const char* fill, const char* stroke) {
    svg_->line(
        R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{}" fill="{}" stroke="{}"/>)",
        box.x, box.y, box.width, box.height, radius, fill, stroke);
  }

  double width() const { return std::max(2 * kLeft + columns_ * step_.width - kBetween, 800.0); }
  double height() const { return kTop + rows_ * step_.height + kBottom; }

  void heading() {
    svg_.emplace(width(), height(), kStyle);
    // Of a long path the end says most.
    constexpr std::size_t kMost = 64;
    const std::string& all = machine_.title;
    const std::string title = all.size() > kMost ? "\u2026" + all.substr(all.size() - kMost) : all;
    svg_->title(kLeft, 32, title);
    svg_->words("note", kLeft, 54,
                fmt::format("{}, {}", count_of(static_cast<std::int64_t>(hosts_.size()), "host"),
                            count_of(static_cast<std::int64_t>(job_.places.size()), "rank")));
  }

  void host(int number) {
    const HostBox& box = hosts_[static_cast<std::size_t>(number)];
    const int row = number / columns_;
    svg_->line(R"x(<g transform="translate({:.1f} {:.1f})">)x",
               kLeft + number % columns_ * step_.width, kTop + row * step_.height);
    frame(box.box, 8, "#f6f8fa", "#afb8c1");
    svg_->words("host", 14, 23, fmt::format("host {}", number));
    for (const PackageBox& package : box.packages) {
      frame(package.box, 6, "#ffffff", "#afb8c1");
      svg_->words("package", package.box.x + 12, package.box.y + 20, package.name);
      for (const ColumnBox& column : package.columns) node(number, column);
    }
    links(number);
    svg_->line("</g>");
  }

  void node(int host, const ColumnBox& column) {
    frame(column.box, 6, "#f6f8fa", "#d8dee4");
    svg_->words("node", column.box.x + 12, column.box.y + 19, column.name);
    for (const CacheBox& cache : column.caches) caches(host, cache);
    for (const RankBox& rank : column.ranks) {
      frame(rank.box, 12, svg::colour(rank.colour, 42).c_str(), "none");
      svg_->words("rank", rank.box.middle(), rank.box.y + 16.5, rank.name);
    }
    for (const NicBox& device : column.nics) nic(host, device);
  }

  void caches(int host, const CacheBox& cache) {
    frame(cache.box, 4, "#ffffff", "#d8dee4");
    double y = cache.box.y + 17;
    for (const std::string& line : cache.lines) {
      svg_->words("cache", cache.box.x + 8, y, line);
      y += 15;
    }
    for (std::size_t i = 0; i < cache.cores.size(); ++i) {
      const topology::Core& core = cache.group.cores[i];
      Box square = cache.cores[i];
      square.x += cache.box.x;
      square.y += cache.box.y;
      const Users users = users_of(host, core.id);
      const int owner = users.colour;
      svg_->line(R"(<g><title>core {}{}{}</title>)", core.id,
                 core.allowed > 0 ? "" : ", not allowed",
                 owner < 0 ? "" : ", " + name_of_ranks(users.ranks));
      if (core.allowed == 0) {
        svg_->line(
            R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2" fill="#ffffff" stroke="#afb8c1" stroke-dasharray="2 2"/>)",
            square.x, square.y, square.width, square.height);
      } else {
        frame(square, 2, owner < 0 ? "#d8dee4" : svg::colour(owner, 76).c_str(),
              owner < 0 ? "#8c959f" : svg::colour(owner, 42).c_str());
      }
      svg_->line("</g>");
    }
  }

  // The ranks that may run on a core, and the colour of the first; -1: nobody's.
  struct Users {
    std::vector<int> ranks;
    int colour = -1;
  };

  Users users_of(int host, int core) const {
    Users users;
    for (const PackageBox& package : hosts_[static_cast<std::size_t>(host)].packages) {
      for (const ColumnBox& column : package.columns) {
        for (const RankBox& box : column.ranks) add_users(box, core, users);
      }
    }
    return users;
  }

  void add_users(const RankBox& box, int core, Users& users) const {
    for (const int rank : box.ranks) {
      const auto& cores = job_.places[static_cast<std::size_t>(rank)].cores;
      if (std::ranges::find(cores, core) == cores.end()) continue;
      if (users.ranks.empty()) users.colour = box.colour;
      users.ranks.push_back(rank);
    }
  }

  void nic(int host, const NicBox& box) {
    const topology::Nic& nic =
        job_.hosts[static_cast<std::size_t>(host)].nics[static_cast<std::size_t>(box.nic)];
    const bool rdma = !nic.name.empty();
    svg_->line(
        R"(<g><title>{}</title>)",
        svg::escaped(rdma ? nic.name + " " + nic.interface : nic.interface + ", no RDMA device"));
    svg_->line(
        R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="4" fill="#ffffff" stroke="{}"{}/>)",
        box.box.x, box.box.y, box.box.width, box.box.height, rdma ? "#57606a" : "#afb8c1",
        rdma ? R"( stroke-width="1.5")" : R"( stroke-dasharray="4 3")");
    const std::string& whole = name_of(nic);
    svg_->words("nic", box.box.middle(), box.box.y + 17,
                whole.size() > 12 ? whole.substr(0, 11) + "\u2026" : whole);
    svg_->words("bus", box.box.middle(), box.box.y + 33,
                rdma || nic.bus.empty() ? nic.bus : "no RDMA");
    svg_->line("</g>");
  }

  void links(int host) {
    const HostBox& layout = hosts_[static_cast<std::size_t>(host)];
    for (const PackageBox& package : layout.packages) {
      for (const ColumnBox& column : package.columns) {
        for (const RankBox& rank : column.ranks) links_of(layout, rank);
      }
    }
  }

  void links_of(const HostBox& layout, const RankBox& rank) {
    const topology::Place& place = job_.places[static_cast<std::size_t>(rank.ranks.front())];
    for (const PackageBox& package : layout.packages) {
      for (const ColumnBox& column : package.columns) {
        for (const NicBox& nic : column.nics) {
          if (std::ranges::find(place.nics, nic.nic) == place.nics.end()) continue;
          link(rank, nic, place.nic_distances[static_cast<std::size_t>(nic.nic)]);
        }
      }
    }
  }

  void link(const RankBox& rank, const NicBox& nic, std::uint64_t distance) {
    const double x1 = rank.box.middle(), y1 = rank.box.bottom();
    const double x2 = nic.box.middle(), y2 = nic.box.y;
    const double bend = (y2 - y1) * 0.55;
    svg_->line(
        R"(<path class="link" stroke="{}"{} d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}"/>)",
        svg::colour(rank.colour, 42), distance > kNear ? R"( stroke-dasharray="6 4")" : "", x1, y1,
        x1, y1 + bend, x2, y2 - bend, x2, y2);
    if (distance > kNear) {
      svg_->words("far", (x1 + x2) / 2, (y1 + y2) / 2 + 4, fmt::format("{}", distance));
    }
  }

  void legend() {
    const std::string_view lines[] = {
        "small square: a core, in the colour of the rank that runs there; grey: no rank \u00b7 "
        "dashed: not allowed",
        "line: a device that the rank uses; dashed: it is not near, with its NUMA distance (10 is "
        "near)"};
    double base = height() - 34;
    for (const std::string_view line : lines) {
      svg_->words("note", kLeft, base, line);
      base += 18;
    }
  }

  const Machine& machine_;
  const topology::Job& job_;
  std::vector<HostBox> hosts_;
  Box step_;  // from a host to the next
  int columns_ = 1;
  int rows_ = 1;
  std::optional<svg::Drawing> svg_;
};

}  // namespace

std::string to_svg(const Machine& machine) { return Picture(machine).draw(); }

}  // namespace weft::tools
