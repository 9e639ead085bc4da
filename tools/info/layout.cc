#include "layout.h"

#include "names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace weft::tools {
namespace {

using topology::Host;
using topology::Job;
using topology::Place;

constexpr double kPad = 12;
constexpr double kHeading = 30;  // of a host, a package, a node
constexpr double kLine = 15;     // of text in a cache
constexpr double kRankHeight = 24;
constexpr double kNicWidth = 104;
constexpr double kNicHeight = 42;
constexpr double kRowGap = 8;
constexpr double kLinks = 70;           // for the lines from ranks to devices
constexpr std::size_t kRanksApart = 6;  // with more in a column, neighbours that are alike merge
constexpr std::size_t kRanksInRow = 8;
constexpr std::size_t kNicsInRow = 8;

// The heights that all columns of a host share.
struct Bands {
  double caches = 0;
  double ranks = 0;
  double links = kRowGap;  // wide only where there are devices that ranks may use
  double nics = 0;
};

double rows_height(std::size_t count, std::size_t in_row, double height) {
  const std::size_t rows = (count + in_row - 1) / in_row;
  return rows == 0 ? 0 : static_cast<double>(rows) * (height + kRowGap) - kRowGap;
}

// Lays boxes of one size out in rows from a corner; returns the width.
template <typename Boxed>
double place_rows(std::vector<Boxed>& boxes, std::size_t in_row, double x, double y) {
  double width = 0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    Box& box = boxes[i].box;
    const std::size_t row = i / in_row;
    box.x = x + static_cast<double>(i % in_row) * (box.width + kRowGap);
    box.y = y + static_cast<double>(row) * (box.height + kRowGap);
    width = std::max(width, box.x + box.width - x);
  }
  return width;
}

std::size_t cores_in_row(std::size_t cores) {
  return cores <= 4 ? std::max<std::size_t>(cores, 1) : cores <= 32 ? 8 : cores <= 64 ? 10 : 16;
}

CacheBox make_cache(const Host& host, CacheGroup group) {
  CacheBox cache;
  std::vector<int> ids;
  for (const topology::Core& core : group.cores) ids.push_back(core.id);
  cache.lines.push_back(fmt::format("{} {}", ids.size() == 1 ? "core" : "cores", ranges(ids)));
  if (group.l3 >= 0) cache.lines.push_back("L3 " + size_of(host.l3_bytes));
  const std::size_t in_row = cores_in_row(ids.size());
  const double top = 6 + kLine * static_cast<double>(cache.lines.size()) + 6;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t row = i / in_row;
    cache.cores.push_back({8 + static_cast<double>(i % in_row) * (kCore + kCoreGap),
                           top + static_cast<double>(row) * (kCore + kCoreGap), kCore, kCore});
  }
  const auto columns = static_cast<double>(std::min(in_row, ids.size()));
  cache.box.width = 16 + columns * (kCore + kCoreGap) - kCoreGap;
  for (const std::string& line : cache.lines)
    cache.box.width = std::max(cache.box.width, 16 + text_width(line, 11));
  cache.box.height = cache.cores.back().bottom() + 8;
  cache.group = std::move(group);
  return cache;
}

// The ranks of a node, neighbours that use the same devices together where there are many.
std::vector<RankBox> make_ranks(const Job& job, const std::vector<int>& ranks) {
  std::vector<RankBox> boxes;
  const auto nics = [&](int rank) { return job.places[static_cast<std::size_t>(rank)].nics; };
  for (const int rank : ranks) {
    const bool joins = ranks.size() > kRanksApart && !boxes.empty() &&
                       nics(boxes.back().ranks.front()) == nics(rank);
    if (!joins) boxes.emplace_back();
    boxes.back().ranks.push_back(rank);
  }
  double width = 0;
  for (RankBox& box : boxes) {
    box.name = name_of_ranks(box.ranks);
    width = std::max(width, text_width(box.name, 13) + 16);
  }
  for (RankBox& box : boxes) box.box = {0, 0, width, kRankHeight};
  return boxes;
}

std::string heading(const NodeGroup& group) {
  std::string text = group.name;
  if (group.node == nullptr) return text;
  if (group.node->bytes > 0) text += " \u00b7 " + size_of(group.node->bytes);
  if (!group.node->allowed) text += " \u00b7 not allowed";
  return text;
}

// Its parts with their sizes; they are placed by place_column.
ColumnBox make_column(const Job& job, const Host& host, const NodeGroup& group,
                      const std::vector<int>& ranks, std::size_t caches_in_row) {
  ColumnBox column;
  column.name = heading(group);
  Box widest;
  for (const CacheGroup& cache : group.caches) {
    column.caches.push_back(make_cache(host, cache));
    widest.width = std::max(widest.width, column.caches.back().box.width);
    widest.height = std::max(widest.height, column.caches.back().box.height);
  }
  for (CacheBox& cache : column.caches) cache.box = widest;
  column.caches_in_row = column.caches.size() > 16 ? 2 * caches_in_row : caches_in_row;
  column.ranks = make_ranks(job, ranks);
  // RDMA devices first: lines lead to them.
  for (const bool rdma : {true, false}) {
    for (const int nic : group.nics) {
      if (host.nics[static_cast<std::size_t>(nic)].name.empty() == rdma) continue;
      column.nics.push_back({{0, 0, kNicWidth, kNicHeight}, nic});
    }
  }
  return column;
}

void measure(const ColumnBox& column, Bands& bands) {
  if (!column.caches.empty()) {
    bands.caches = std::max(bands.caches, rows_height(column.caches.size(), column.caches_in_row,
                                                      column.caches.front().box.height));
  }
  bands.ranks = std::max(bands.ranks, rows_height(column.ranks.size(), kRanksInRow, kRankHeight));
  bands.nics = std::max(bands.nics, rows_height(column.nics.size(), kNicsInRow, kNicHeight));
}

template <typename Boxed>
void shift(std::vector<Boxed>& boxes, double dx) {
  for (Boxed& boxed : boxes) boxed.box.x += dx;
}

void place_column(ColumnBox& column, const Bands& bands, double x, double y) {
  const double left = x + kPad;
  double top = y + kHeading;
  std::array<double, 3> widths{};
  widths[0] = place_rows(column.caches, column.caches_in_row, left, top);
  top += bands.caches + (bands.caches > 0 ? kPad : 0);
  widths[1] = place_rows(column.ranks, kRanksInRow, left, top);
  top += bands.ranks + (bands.nics > 0 ? bands.links : 0);
  widths[2] = place_rows(column.nics, kNicsInRow, left, top);
  const double inner =
      std::max(text_width(column.name, 12), *std::max_element(widths.begin(), widths.end()));
  column.box = {x, y, inner + 2 * kPad, top + bands.nics + kPad - y};
  shift(column.caches, (inner - widths[0]) / 2);
  shift(column.ranks, (inner - widths[1]) / 2);
  shift(column.nics, (inner - widths[2]) / 2);
}

void place_package(PackageBox& package, const Bands& bands, double x, double y) {
  double right = x + kPad;
  for (ColumnBox& column : package.columns) {
    place_column(column, bands, right, y + kHeading);
    right = column.box.x + column.box.width + kPad;
  }
  package.box = {x, y, right - x, package.columns.front().box.bottom() + kPad - y};
  package.box.width = std::max(package.box.width, text_width(package.name, 13) + 2 * kPad);
}

// Packages side by side; colours go on from rank to rank.
void place_host(HostBox& host, const Bands& bands) {
  double x = kPad;
  int colours = 0;
  for (PackageBox& package : host.packages) {
    place_package(package, bands, x, kHeading + 6);
    x = package.box.x + package.box.width + kPad;
    host.box.height = package.box.bottom() + kPad;
    for (ColumnBox& column : package.columns) {
      for (RankBox& rank : column.ranks) rank.colour = colours++;
    }
  }
  host.box.width = x;
}

}  // namespace

double text_width(std::string_view text, double font_size) {
  return 0.63 * font_size * static_cast<double>(text.size());
}

HostBox lay_out(const Job& job, int number) {
  const Host& host = job.hosts[static_cast<std::size_t>(number)];
  std::vector<Place> places;
  std::map<std::pair<int, int>, std::vector<int>> ranks;  // by package and node
  for (std::size_t rank = 0; rank < job.places.size(); ++rank) {
    const Place& place = job.places[rank];
    if (place.host != number) continue;
    places.push_back(place);
    ranks[{place.package, place.numa_node}].push_back(static_cast<int>(rank));
  }
  const std::vector<PackageGroup> tree = make_tree(host, places);
  std::size_t nodes = 0;
  for (const PackageGroup& group : tree) nodes += group.nodes.size();
  const std::size_t caches_in_row =
      std::clamp<std::size_t>(8 / std::max<std::size_t>(nodes, 1), 1, 4);
  Bands bands;
  if (std::ranges::any_of(host.nics, [](const auto& n) { return !n.name.empty(); }))
    bands.links = kLinks;
  HostBox result;
  for (const PackageGroup& group : tree) {
    PackageBox& package = result.packages.emplace_back();
    package.name = group.name;
    for (const NodeGroup& node : group.nodes) {
      package.columns.push_back(
          make_column(job, host, node, ranks[{group.number, node.number}], caches_in_row));
      measure(package.columns.back(), bands);
    }
  }
  place_host(result, bands);
  return result;
}

}  // namespace weft::tools
