#include "gslb/answer/routed_sets.h"

namespace gslb::answer {

using dns::RrType;

bool RoutedSets::has_route(zone::RouteIndex route) const noexcept {
  return route < routes_.size() && routes_[route].first_node != kNone;
}

bool RoutedSets::is_promised(zone::RouteIndex route, RrType type) const noexcept {
  return has_route(route) && routes_[route].is_promised[routed_position(type)];
}

std::span<const fleet::ClusterIndex> RoutedSets::reserve(zone::RouteIndex route,
                                                         RrType type) const noexcept {
  return reserve_[service_of_[route]][routed_position(type)];
}

dns::RrsetView RoutedSets::view(RrType type, const Block& block) const noexcept {
  return {type, block.ttl_s, block.count, {octets_.data() + block.at, block.size}};
}

std::optional<SignedSet> RoutedSets::view(std::uint32_t entry) const noexcept {
  if (entry == kNone) { return std::nullopt; }
  const Entry& found = entries_[entry];
  SignedSet set{view(found.type, found.set), {}};
  if (found.signatures.count != 0) { set.signatures = view(RrType::kRrsig, found.signatures); }
  return set;
}

std::optional<SignedSet> RoutedSets::find(zone::RouteIndex route, RrType type,
                                          const Wanted& wanted) const noexcept {
  if (!has_route(route) || routed_position(type) == kRoutedTypes.size()) { return std::nullopt; }
  const std::size_t at = routes_[route].first_node +
                         routed_position(type) * (node_offset_.back() + std::size_t{1}) +
                         node_offset_[wanted.cluster] + wanted.first;
  for (std::uint32_t entry = node_entries_[at]; entry < node_entries_[at + 1]; ++entry) {
    const Entry& candidate = entries_[entry];
    if ((candidate.nodes & ~wanted.serving) == 0 && candidate.runner_up == wanted.runner_up &&
        candidate.signatures.count != 0) {
      return view(entry);
    }
  }
  return std::nullopt;
}

std::optional<SignedSet> RoutedSets::pool(zone::RouteIndex route, RrType type) const noexcept {
  return has_route(route) ? view(routes_[route].pool[routed_position(type)]) : std::nullopt;
}

std::optional<SignedSet> RoutedSets::cname(zone::RouteIndex route,
                                           fleet::ClusterIndex cluster) const noexcept {
  if (!has_route(route)) { return std::nullopt; }
  const RouteSlot& slot = routes_[route];
  if (cluster == fleet::kNoCluster) { return view(slot.cname); }
  return slot.first_alias == kNone ? std::nullopt
                                   : view(alias_entries_[slot.first_alias + cluster]);
}

std::size_t RoutedSets::memory_octets() const noexcept {
  std::size_t size = octets_.capacity() + entries_.capacity() * sizeof(Entry) +
                     (node_entries_.capacity() + alias_entries_.capacity()) * sizeof(std::uint32_t);
  for (const auto& [content, block] : made_for_) { size += content.capacity() + sizeof block; }
  return size;
}

}  // namespace gslb::answer
