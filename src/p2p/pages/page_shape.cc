#include "p2p/pages/page_shape.h"

#include <algorithm>
#include <cstdio>

#include "base/cpu.h"
#include "base/error.h"

namespace weft::p2p {
namespace {

using Pages = std::span<const std::uint32_t>;

PageLayout completed(PageLayout layout) {
  if (layout.stride == 0) layout.stride = layout.page_bytes;
  if (layout.layer_stride == 0) layout.layer_stride = layout.pages * layout.stride;
  return layout;
}

void check_pages(const char* call, const char* list, Pages pages, const std::string& who,
                 std::uint64_t limit) {
  const std::size_t found = find_outside(pages, limit);
  if (found == pages.size()) return;
  fail(ErrorCode::invalid_argument, "{}: page {} at place {} of the {} pages; {} has {}", call,
       pages[found], found, list, who, limit);
}

void check_lists(const char* call, const PageRequest& request, const std::string& own,
                 const std::string& remote) {
  if (request.source.size() != request.target.size()) {
    fail(ErrorCode::invalid_argument, "{}: {} source pages and {} target pages", call,
         request.source.size(), request.target.size());
  }
  if (!request.source.empty() && request.own_grid.page_bytes != request.remote_grid.page_bytes) {
    fail(ErrorCode::invalid_argument, "{}: pages of {} bytes at {}, of {} at {}", call,
         request.own_grid.page_bytes, own, request.remote_grid.page_bytes, remote);
  }
  const std::uint64_t here = request.own_grid.pages;
  const std::uint64_t there = request.remote_grid.pages;
  check_pages(call, "source", request.source, request.writes ? own : remote,
              request.writes ? here : there);
  check_pages(call, "target", request.target, request.writes ? remote : own,
              request.writes ? there : here);
}

}  // namespace

PageGrid PoolShape::grid() const {
  return {layout.page_bytes, layout.pages, layout.stride, layout.layer_stride,
          static_cast<std::uint32_t>(layout.layers)};
}

std::uint64_t PoolShape::checked_offset(const char* call, int layer, std::size_t page) const {
  if (layer < 0 || layer >= layout.layers || page >= layout.pages)
    fail(ErrorCode::invalid_argument, "{}: page {} of layer {}; there are {} in {} layers", call,
         page, layer, layout.pages, layout.layers);
  return grid().offset(static_cast<std::uint64_t>(layer), page);
}

std::uint64_t PoolShape::counter_offset(int index) const {
  return bytes - static_cast<std::uint64_t>(layout.counters - index) * kCacheLine;
}

std::uint64_t PoolShape::checked_counter_offset(const char* call, int index) const {
  if (index < 0 || index >= layout.counters)
    fail(ErrorCode::invalid_argument, "{}: counter {} of {}", call, index, layout.counters);
  return counter_offset(index);
}

PoolShape shape_of(const PageLayout& wanted) {
  constexpr int kMostCounters = 1 << 20;
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 47;
  PoolShape shape;
  shape.layout = completed(wanted);
  const bool counts =
      wanted.layers >= 1 && wanted.counters >= 0 && wanted.counters <= kMostCounters;
  const char* fault = "layers or counters that nobody can have";
  if (counts) fault = fault_of(shape.grid(), &shape.bytes);
  if (fault == nullptr && shape.bytes > kMostBytes) fault = "more bytes than any machine has";
  if (fault != nullptr) std::snprintf(shape.fault, sizeof(shape.fault), "%s", fault);
  shape.bytes =
      (std::max<std::uint64_t>(shape.bytes, 1) + kCacheLine - 1) / kCacheLine * kCacheLine +
      static_cast<std::uint64_t>(counts ? wanted.counters : 0) * kCacheLine;
  return shape;
}

PageRequest page_request(bool writes, const PoolSide& own, const PoolSide& remote, Pages source,
                         Pages target, const PageOptions& options) {
  const char* call = writes ? "write_pages" : "read_pages";
  const int layers_here = own.shape.layout.layers;
  const int layers_there = remote.shape.layout.layers;
  PageRequest request;
  request.writes = writes;
  request.own_grid = own.shape.grid();
  request.remote_grid = remote.shape.grid();
  request.source = source;
  request.target = target;
  if (options.layers == 0 && layers_here != layers_there)
    fail(ErrorCode::invalid_argument, "{}: {} layers at {}, {} at {}", call, layers_here, own.who,
         layers_there, remote.who);
  const int layers = options.layers == 0 ? layers_here - options.first_layer : options.layers;
  const auto end = std::int64_t{options.first_layer} + layers;
  if (options.first_layer < 0 || layers < 1 || end > layers_here || end > layers_there) {
    fail(ErrorCode::invalid_argument, "{}: {} layers from {} on; {} has {}, {} {}", call, layers,
         options.first_layer, own.who, layers_here, remote.who, layers_there);
  }
  const int counters = remote.shape.layout.counters;
  if (options.counter < -1 || options.counter >= counters)
    fail(ErrorCode::invalid_argument, "{}: counter {} of {}'s {}", call, options.counter,
         remote.who, counters);
  if (options.each_layer && !writes)
    fail(ErrorCode::invalid_argument, "{}: each_layer is for write_pages", call);
  check_lists(call, request, own.who, remote.who);
  request.first_layer = static_cast<std::uint32_t>(options.first_layer);
  request.layers = static_cast<std::uint32_t>(layers);
  request.signals = options.counter >= 0;
  request.each_layer = options.each_layer;
  return request;
}

}  // namespace weft::p2p
