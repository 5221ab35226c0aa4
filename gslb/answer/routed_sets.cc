#include "gslb/answer/routed_sets.h"

#include <algorithm>
#include <array>
#include <bit>

namespace gslb::answer {

using dns::RrType;

namespace {

using Records = std::vector<std::vector<std::uint8_t>>;  // RDATAs of one RRset

bool may_serve(const steer::Service& service, const config::Cluster& cluster) {
  return std::ranges::find_first_of(service.tiers, cluster.tiers) != service.tiers.end();
}

std::uint64_t nodes_with_family(const fleet::ClusterModel& cluster, bool ipv6) {
  std::uint64_t nodes = 0;
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
    const fleet::NodeModel& node = cluster.nodes[i];
    if (ipv6 ? node.ipv6.has_value() : node.ipv4.has_value()) { nodes |= std::uint64_t{1} << i; }
  }
  return nodes;
}

// Which standbys join the first node: bit masks over their ranks, in the order they are to be
// tried: as many as are wanted, the best ranked first, then fewer.
std::vector<unsigned> standby_choices(std::size_t wanted, std::size_t standbys) {
  std::vector<unsigned> choices;
  for (std::size_t count = wanted - 1; count > 0; --count) {
    std::vector<unsigned> of_count;
    for (unsigned mask = 1; mask < 1U << standbys; ++mask) {
      if (static_cast<std::size_t>(std::popcount(mask)) == count) { of_count.push_back(mask); }
    }
    // By the reversed mask: a lower rank weighs more.
    std::ranges::sort(of_count, std::greater{}, [](unsigned mask) {
      unsigned reversed = 0;
      for (std::size_t rank = 0; rank < RoutedSets::kStandbys; ++rank) {
        reversed |= (mask >> rank & 1U) << (RoutedSets::kStandbys - 1 - rank);
      }
      return reversed;
    });
    choices.insert(choices.end(), of_count.begin(), of_count.end());
  }
  return choices;
}

// The node sets a name whose best node is `first` may be answered with, best first, that of one
// node last.
std::vector<std::vector<std::size_t>> node_sets(const fleet::ClusterModel& cluster, bool ipv6,
                                                std::size_t first, std::size_t wanted) {
  std::vector<std::vector<std::size_t>> sets;
  const std::uint64_t with_family = nodes_with_family(cluster, ipv6);
  const NodeChoice standbys = select_nodes(cluster, with_family & ~(std::uint64_t{1} << first),
                                           ipv6, cluster.nodes[first].hash, RoutedSets::kStandbys);
  const auto nodes = static_cast<std::size_t>(std::popcount(with_family));
  for (const unsigned mask : standby_choices(wanted, standbys.count)) {
    if (sets.size() == std::max<std::size_t>(RoutedSets::kMaxSets / nodes, 1)) { break; }
    std::vector<std::size_t>& set = sets.emplace_back(1, first);
    for (std::size_t rank = 0; rank < standbys.count; ++rank) {
      if ((mask >> rank & 1U) != 0) { set.push_back(standbys.nodes[rank]); }
    }
  }
  sets.push_back({first});
  return sets;
}

std::vector<std::uint8_t> rdata_of(const Address& address) {
  const Octets octets = address.octets();
  return {octets.begin(), octets.end()};
}

}  // namespace

bool is_open_to_all(const steer::Service& service, const config::Cluster& cluster) {
  return may_serve(service, cluster) && !cluster.on_net_only;
}

std::vector<RrType> routed_types(const RoutedSource& source, zone::RouteIndex route) {
  const steer::Service& service = source.services.services[source.services.routes[route].service];
  std::vector<RrType> types;
  for (const bool ipv6 : {false, true}) {
    for (std::size_t i = 0; i < source.fleet.clusters().size(); ++i) {
      if (!is_open_to_all(service, source.config.clusters[i])) { continue; }
      if (nodes_with_family(source.fleet.clusters()[i], ipv6) == 0) { continue; }
      types.push_back(ipv6 ? RrType::kAaaa : RrType::kA);
      break;
    }
  }
  return types;
}

class RoutedSets::Builder {
 public:
  Builder(const RoutedSource& source, const RoutedSigning& signing, const RoutedSets* previous)
      : source_(source),
        signing_(signing),
        previous_(previous),
        table_(std::make_shared<RoutedSets>()) {}

  std::shared_ptr<const RoutedSets> build() {
    fill_clusters();
    for (const steer::Service& service : source_.services.services) { fill_reserve(service); }
    for (std::size_t i = 0; i < source_.services.routes.size(); ++i) {
      fill_route(static_cast<zone::RouteIndex>(i));
    }
    return table_;
  }

 private:
  void fill_clusters() {
    std::uint32_t nodes = 0;
    for (const fleet::ClusterModel& cluster : source_.fleet.clusters()) {
      table_->node_offset_.push_back(nodes);
      nodes += static_cast<std::uint32_t>(cluster.nodes.size());
      for (const bool ipv6 : {false, true}) {
        table_->family_[ipv6].push_back(nodes_with_family(cluster, ipv6));
      }
    }
    table_->node_offset_.push_back(nodes);
  }

  void fill_reserve(const steer::Service& service) {
    auto& reserve = table_->reserve_.emplace_back();
    for (std::size_t i = 0; i < source_.fleet.clusters().size(); ++i) {
      if (!is_open_to_all(service, source_.config.clusters[i])) { continue; }
      for (const bool ipv6 : {false, true}) {
        if (table_->family_[ipv6][i] != 0) {
          reserve[ipv6].push_back(static_cast<fleet::ClusterIndex>(i));
        }
      }
    }
  }

  void fill_route(zone::RouteIndex index) {
    const steer::Route& route = source_.services.routes[index];
    table_->service_of_.push_back(route.service);
    RouteSlot& slot = table_->routes_.emplace_back();
    owner_.assign(route.owner.wire());
    zone_ = source_.zones.find(owner_, RrType::kA);
    if (zone_ == nullptr || !zone_->is_signed()) { return; }
    const zone::NodeIndex node = zone_->find_node(owner_.wire());
    if (node == zone::kNoNode || zone_->route(node) != index) { return; }
    const steer::Service& service = source_.services.services[route.service];
    ttl_s_ = service.ttl_s;
    for (const RrType type : routed_types(source_, index)) {
      slot.is_promised[type == RrType::kAaaa] = true;
    }
    slot.first_node = static_cast<std::uint32_t>(table_->node_entries_.size());
    for (const bool ipv6 : {false, true}) { fill_nodes(service, ipv6); }
    for (const bool ipv6 : {false, true}) { slot.pool[ipv6] = fill_pool(service, ipv6); }
    if (service.fallback == config::FallbackPolicy::kCname) {
      const Octets target = service.fallback_cname->wire();
      slot.cname = add(RrType::kCname, 0, {{target.begin(), target.end()}});
    }
  }

  void fill_nodes(const steer::Service& service, bool ipv6) {
    for (std::size_t c = 0; c < source_.fleet.clusters().size(); ++c) {
      const fleet::ClusterModel& cluster = source_.fleet.clusters()[c];
      const bool is_used = may_serve(service, source_.config.clusters[c]);
      for (std::size_t first = 0; first < cluster.nodes.size(); ++first) {
        table_->node_entries_.push_back(static_cast<std::uint32_t>(table_->entries_.size()));
        if (!is_used || (table_->family_[ipv6][c] >> first & 1U) == 0) { continue; }
        for (const auto& nodes : node_sets(cluster, ipv6, first, service.answers)) {
          add_nodes(cluster, ipv6, nodes);
        }
      }
    }
    table_->node_entries_.push_back(static_cast<std::uint32_t>(table_->entries_.size()));
  }

  void add_nodes(const fleet::ClusterModel& cluster, bool ipv6,
                 const std::vector<std::size_t>& nodes) {
    Records records;
    std::uint64_t mask = 0;
    for (const std::size_t node : nodes) {
      mask |= std::uint64_t{1} << node;
      records.push_back(rdata_of(ipv6 ? *cluster.nodes[node].ipv6 : *cluster.nodes[node].ipv4));
    }
    add(ipv6 ? RrType::kAaaa : RrType::kA, mask, std::move(records));
  }

  std::uint32_t fill_pool(const steer::Service& service, bool ipv6) {
    if (service.fallback != config::FallbackPolicy::kPool) { return kNone; }
    Records records;
    for (const Address& address : service.fallback_pool) {
      if (address.is_v6() == ipv6 && records.size() < kMaxAnswers) {
        records.push_back(rdata_of(address));
      }
    }
    return records.empty() ? kNone : add(ipv6 ? RrType::kAaaa : RrType::kA, 0, std::move(records));
  }

  // One RRset of the present route and its signatures; returns its entry.
  std::uint32_t add(RrType type, std::uint64_t nodes, Records records) {
    // Two nodes with one address: an RRset has no record twice (RFC 2181 5).
    for (std::size_t i = 1; i < records.size(); ++i) {
      const auto end = records.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(records.begin(), end, records[i]) != end) { records.erase(end), --i; }
    }
    const auto number = static_cast<std::uint32_t>(table_->entries_.size());
    Entry& entry = table_->entries_.emplace_back();
    entry.nodes = nodes;
    entry.type = type;
    entry.set = store(records);
    std::ranges::sort(records);
    entry.signatures = signed_as(type, entry.set, records);
    return number;
  }

  Block store(const Records& records) {
    std::vector<std::uint8_t>& octets = table_->octets_;
    Block block{.at = static_cast<std::uint32_t>(octets.size()),
                .ttl_s = ttl_s_,
                .count = static_cast<std::uint16_t>(records.size())};
    for (const std::vector<std::uint8_t>& rdata : records) {
      octets.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
      octets.push_back(static_cast<std::uint8_t>(rdata.size()));
      octets.insert(octets.end(), rdata.begin(), rdata.end());
    }
    block.size = static_cast<std::uint32_t>(octets.size()) - block.at;
    return block;
  }

  Block store(Octets signatures) {
    Block block{.at = static_cast<std::uint32_t>(table_->octets_.size()),
                .size = static_cast<std::uint32_t>(signatures.size()),
                .ttl_s = ttl_s_};
    table_->octets_.insert(table_->octets_.end(), signatures.begin(), signatures.end());
    for (dns::RdataCursor record({.rdata = signatures}); !record.done(); record.next()) {
      ++block.count;
    }
    return block;
  }

  Block signed_as(RrType type, const Block& set, const Records& sorted) {
    std::string key(as_text(owner_.wire()));
    key += as_text(zone_->apex().wire());
    std::array<std::uint8_t, 6> fixed{};
    store_u16(fixed.data(), static_cast<std::uint16_t>(type));
    store_u32(fixed.data() + 2, ttl_s_);
    key += as_text(fixed);
    for (const std::vector<std::uint8_t>& rdata : sorted) { key += as_text(rdata); }
    if (const auto made = table_->made_for_.find(key); made != table_->made_for_.end()) {
      return made->second;
    }
    const std::vector<std::uint8_t> octets(table_->octets_.begin() + set.at,
                                           table_->octets_.begin() + set.at + set.size);
    const dns::RrsetView view{type, ttl_s_, set.count, octets};
    const SignRequest request{*zone_, owner_.wire(), view};
    Block block;
    if (previous_ != nullptr) {
      const auto before = previous_->made_for_.find(key);
      if (before != previous_->made_for_.end() &&
          signing_.is_fresh(request, previous_->view(RrType::kRrsig, before->second))) {
        block = store(previous_->view(RrType::kRrsig, before->second).rdata);
        ++table_->kept_;
      }
    }
    if (block.at == kNone) {
      const std::vector<std::uint8_t> signatures = signing_.sign(request);
      if (signatures.empty()) {
        ++table_->missing_;
        return {};
      }
      block = store(signatures);
      ++table_->made_;
    }
    table_->made_for_.emplace(std::move(key), block);
    return block;
  }

  const RoutedSource& source_;
  const RoutedSigning& signing_;
  const RoutedSets* previous_;
  std::shared_ptr<RoutedSets> table_;
  // Of the route being filled.
  dns::QuestionName owner_;
  const zone::Zone* zone_ = nullptr;
  std::uint32_t ttl_s_ = 0;
};

std::shared_ptr<const RoutedSets> RoutedSets::build(const RoutedSource& source,
                                                    const RoutedSigning& signing,
                                                    const RoutedSets* previous) {
  return Builder(source, signing, previous).build();
}

bool RoutedSets::has_route(zone::RouteIndex route) const noexcept {
  return route < routes_.size() && routes_[route].first_node != kNone;
}

bool RoutedSets::is_promised(zone::RouteIndex route, bool ipv6) const noexcept {
  return has_route(route) && routes_[route].is_promised[ipv6];
}

std::span<const fleet::ClusterIndex> RoutedSets::reserve(zone::RouteIndex route,
                                                         bool ipv6) const noexcept {
  return reserve_[service_of_[route]][ipv6];
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

std::optional<SignedSet> RoutedSets::find(zone::RouteIndex route, fleet::ClusterIndex cluster,
                                          bool ipv6, unsigned first,
                                          std::uint64_t serving) const noexcept {
  if (!has_route(route)) { return std::nullopt; }
  const std::size_t at = routes_[route].first_node +
                         (ipv6 ? node_offset_.back() + std::size_t{1} : 0) + node_offset_[cluster] +
                         first;
  for (std::uint32_t entry = node_entries_[at]; entry < node_entries_[at + 1]; ++entry) {
    const Entry& candidate = entries_[entry];
    if ((candidate.nodes & ~serving) == 0 && candidate.signatures.count != 0) {
      return view(entry);
    }
  }
  return std::nullopt;
}

std::optional<SignedSet> RoutedSets::pool(zone::RouteIndex route, bool ipv6) const noexcept {
  return has_route(route) ? view(routes_[route].pool[ipv6]) : std::nullopt;
}

std::optional<SignedSet> RoutedSets::cname(zone::RouteIndex route) const noexcept {
  return has_route(route) ? view(routes_[route].cname) : std::nullopt;
}

std::size_t RoutedSets::memory_octets() const noexcept {
  std::size_t size = octets_.capacity() + entries_.capacity() * sizeof(Entry) +
                     node_entries_.capacity() * sizeof(std::uint32_t);
  for (const auto& [content, block] : made_for_) { size += content.capacity() + sizeof block; }
  return size;
}

}  // namespace gslb::answer
