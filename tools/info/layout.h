// Where the parts of a host lie in a picture, in pixels from the host's corner.
#pragma once

#include "tree.h"

#include <string>
#include <vector>

namespace weft::tools {

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  double middle() const { return x + width / 2; }
  double bottom() const { return y + height; }
};

inline constexpr double kCore = 15;    // a core's square
inline constexpr double kCoreGap = 4;  // to the next

// Cores that share an L3.
struct CacheBox {
  Box box;
  std::vector<std::string> lines;  // what is written above the cores
  CacheGroup group;
  std::vector<Box> cores;  // as in group
};

// A rank, or neighbours that use the same devices.
struct RankBox {
  Box box;
  std::vector<int> ranks;
  std::string name;
  int colour = 0;  // alike on hosts that are alike
};

struct NicBox {
  Box box;
  int nic = 0;  // in Host::nics
};

// A NUMA node: caches, below them its ranks, below them its devices.
struct ColumnBox {
  Box box;
  std::string name;
  std::size_t caches_in_row = 1;
  std::vector<CacheBox> caches;  // of one size
  std::vector<RankBox> ranks;
  std::vector<NicBox> nics;
};

struct PackageBox {
  Box box;
  std::string name;
  std::vector<ColumnBox> columns;
};

struct HostBox {
  Box box;  // at 0, 0
  std::vector<PackageBox> packages;
};

HostBox lay_out(const topology::Job& job, int host);

// The pixels that a text takes, roughly.
double text_width(std::string_view text, double font_size);

}  // namespace weft::tools
