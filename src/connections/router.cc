#include "connections/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/error.h"

namespace weft {

void TransportOffer::write(BlobWriter& writer) const {
  writer.put_text(name);
  writer.put(priority);
  writer.put(load_store);
  writer.put(cost);
  writer.put_bytes(address);
}

TransportOffer TransportOffer::read(BlobReader& reader) {
  TransportOffer offer;
  offer.name = reader.get_text();
  offer.priority = reader.get<int>();
  offer.load_store = reader.get<bool>();
  offer.cost = reader.get<transport::RoughCost>();
  offer.address = reader.get_bytes();
  return offer;
}

std::vector<TransportOffer> offers_of(const Transports& transports) {
  std::vector<TransportOffer> offers;
  for (const OpenTransport& open : transports.all()) {
    const auto address = open.transport->address();
    const transport::Capabilities capabilities = open.transport->capabilities();
    offers.push_back({open.name, open.priority, capabilities.load_store, capabilities.cost,
                      Blob(address.begin(), address.end())});
  }
  return offers;
}

void write_offers(BlobWriter& writer, const std::vector<TransportOffer>& offers) {
  writer.put(static_cast<std::uint32_t>(offers.size()));
  for (const TransportOffer& offer : offers) offer.write(writer);
}

std::vector<TransportOffer> read_offers(BlobReader& reader) {
  std::vector<TransportOffer> offers;
  for (auto left = reader.get<std::uint32_t>(); left > 0; --left)
    offers.push_back(TransportOffer::read(reader));
  return offers;
}

Router::Router(const Transports& transports, const Routes& routes, int rank,
               std::vector<std::string> machines)
    : transports_(transports),
      routes_(routes),
      rank_(rank),
      machines_(std::move(machines)),
      mine_(machines_.size()),
      refused_(machines_.size()),
      tried_(machines_.size()),
      found_(machines_.size()) {}

Router::Name Router::number_of(const std::string& name) const {
  const auto found = std::ranges::lower_bound(names_, name);
  return found == names_.end() || *found != name ? kNone
                                                 : static_cast<Name>(found - names_.begin());
}

void Router::take_offers(std::vector<std::vector<TransportOffer>> offers) {
  offers_ = std::move(offers);
  names_.clear();
  for (const auto& of_rank : offers_) {
    for (const TransportOffer& offer : of_rank) {
      const auto place = std::ranges::lower_bound(names_, offer.name);
      if (place == names_.end() || *place != offer.name) names_.insert(place, offer.name);
    }
  }
}

const TransportOffer* Router::offer(int rank, Name name) const {
  if (name == kNone) return nullptr;
  const auto& all = offers_[static_cast<std::size_t>(rank)];
  const auto found =
      std::ranges::find(all, names_[static_cast<std::size_t>(name)], &TransportOffer::name);
  return found == all.end() ? nullptr : &*found;
}

// What may be used for a peer, in the order in which it is tried.
std::vector<std::string> Router::wanted(int peer) const {
  const bool here =
      machines_[static_cast<std::size_t>(peer)] == machines_[static_cast<std::size_t>(rank_)];
  std::vector<std::string> names = routes_.names({rank_, peer, here});
  if (!names.empty() && peer != rank_) return names;
  names.clear();
  for (const OpenTransport& open : transports_.all()) names.push_back(open.name);
  return names;
}

bool Router::try_connect(int peer, const std::string& name) {
  const OpenTransport* open = transports_.find(name);
  const TransportOffer* theirs = offer(peer, number_of(name));
  auto& reasons = refused_[static_cast<std::size_t>(peer)];
  if (open == nullptr) return false;
  auto& tried = tried_[static_cast<std::size_t>(peer)];
  if (theirs == nullptr || std::ranges::count(tried, name) > 0) return false;
  tried.push_back(name);
  const transport::Status status = open->transport->connect(peer, theirs->address);
  if (status.ok()) {
    mine_[static_cast<std::size_t>(peer)] = name;
    return true;
  }
  reasons.push_back(fmt::format("{}: {}", name, status.message));
  return false;
}

Blob Router::connect(std::vector<std::vector<TransportOffer>> offers) {
  take_offers(std::move(offers));
  BlobWriter writer;
  for (int peer = 0; peer < static_cast<int>(machines_.size()); ++peer) {
    if (mine_[static_cast<std::size_t>(peer)].empty()) {
      for (const std::string& name : wanted(peer)) {
        if (try_connect(peer, name)) break;
      }
    }
    writer.put(number_of(mine_[static_cast<std::size_t>(peer)]));
  }
  return writer.blob();
}

// The same at both ends: where they found different ways, the one of the lower priority, since the
// other did not work at one end.
Router::Name Router::agreed(int a, int b) const {
  const Name one = found_[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)];
  const Name other = found_[static_cast<std::size_t>(b)][static_cast<std::size_t>(a)];
  if (one == kNone || other == kNone) return kNone;
  if (one == other) return one;
  const int first = offer(a, one)->priority;
  const int second = offer(b, other)->priority;
  if (first != second) return first < second ? one : other;
  return std::min(one, other);
}

void Router::agree(const std::vector<Blob>& found) {
  for (std::size_t rank = 0; rank < found.size(); ++rank) {
    BlobReader reader(found[rank]);
    found_[rank].clear();
    for (std::size_t peer = 0; peer < found.size(); ++peer)
      found_[rank].push_back(reader.get<Name>());
  }
  for (int peer = 0; peer < static_cast<int>(found.size()); ++peer) {
    const Name number = agreed(rank_, peer);
    const std::string name = number == kNone ? "" : names_[static_cast<std::size_t>(number)];
    std::string& mine = mine_[static_cast<std::size_t>(peer)];
    if (name == mine) continue;
    mine.clear();
    if (!name.empty() && !try_connect(peer, name)) {
      fail(ErrorCode::unsupported,
           "rank {} reaches rank {} over {} only, which does not reach it: {}", peer, rank_, name,
           reasons(peer));
    }
  }
}

bool Router::incomplete() const {
  const int ranks = static_cast<int>(machines_.size());
  for (int a = 0; a < ranks; ++a) {
    for (int b = a; b < ranks; ++b) {
      if (agreed(a, b) == kNone) return true;
    }
  }
  return false;
}

const OpenTransport* Router::way(int peer) const {
  return transports_.find(mine_[static_cast<std::size_t>(peer)]);
}

std::string Router::reasons(int peer) const {
  std::vector<std::string> all = transports_.refusals();
  const auto& more = refused_[static_cast<std::size_t>(peer)];
  all.insert(all.end(), more.begin(), more.end());
  for (const std::string& name : wanted(peer)) {
    if (offer(rank_, number_of(name)) == nullptr)
      all.push_back(name + " is not open here");
    else if (offer(peer, number_of(name)) == nullptr)
      all.push_back(name + " is not open there");
  }
  return fmt::format("{}", fmt::join(all, "; "));
}

std::vector<int> Router::hosts(std::span<const int> ranks) const {
  std::vector<int> host(ranks.size(), kNone);
  int count = 0;
  for (std::size_t first = 0; first < ranks.size(); ++first) {
    if (host[first] != kNone) continue;
    host[first] = count++;
    for (std::size_t other = first + 1; other < ranks.size(); ++other) {
      const TransportOffer* way = offer(ranks[first], agreed(ranks[first], ranks[other]));
      if (way != nullptr && way->load_store && host[other] == kNone) host[other] = host[first];
    }
  }
  return host;
}

Between Router::between(std::span<const int> ranks) const {
  std::map<Name, transport::RoughCost> used;
  for (std::size_t a = 0; a < ranks.size(); ++a) {
    for (std::size_t b = a + 1; b < ranks.size(); ++b) {
      // The same from both ends.
      const int from = std::min(ranks[a], ranks[b]);
      const Name name = agreed(from, std::max(ranks[a], ranks[b]));
      if (used.contains(name)) continue;
      const TransportOffer* way = offer(from, name);
      if (way != nullptr && !way->load_store) used.emplace(name, way->cost);
    }
  }
  Between result;
  for (const auto& [name, cost] : used) {
    result.names += (result.names.empty() ? "" : " and ") + names_[static_cast<std::size_t>(name)];
    if (cost.latency_ns >= result.cost.latency_ns) result.cost = cost;
  }
  return result;
}

std::string Router::describe(std::span<const int> ranks) const {
  std::map<std::string, std::vector<std::string>> ranges;
  const auto name_of = [&](std::size_t place) -> const std::string& {
    return mine_[static_cast<std::size_t>(ranks[place])];
  };
  for (std::size_t first = 0; first < ranks.size();) {
    std::size_t last = first;
    while (last + 1 < ranks.size() && name_of(last + 1) == name_of(first)) ++last;
    ranges[name_of(first)].push_back(first == last ? std::to_string(first)
                                                   : fmt::format("{}-{}", first, last));
    first = last + 1;
  }
  std::string text;
  for (const auto& [name, list] : ranges)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, fmt::join(list, ","));
  return text;
}

}  // namespace weft
