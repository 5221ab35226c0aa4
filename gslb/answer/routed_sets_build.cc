// Making the table of signed sets.
#include <algorithm>
#include <array>
#include <bit>

#include "gslb/answer/https_record.h"
#include "gslb/answer/routed_sets.h"
#include "gslb/geo/geo_map.h"

namespace gslb::answer {

using dns::RrType;

namespace {

using Records = std::vector<std::vector<std::uint8_t>>;  // RDATAs of one RRset

std::uint64_t nodes_for(const fleet::ClusterModel& cluster, RrType type) {
  std::uint64_t nodes = 0;
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
    if (has_address_for(cluster.nodes[i], type)) { nodes |= std::uint64_t{1} << i; }
  }
  return nodes;
}

bool may_serve(const steer::Service& service, const config::Cluster& cluster) {
  return std::ranges::find_first_of(service.tiers, cluster.tiers) != service.tiers.end();
}

// Whether anybody may be sent to a cluster of the service that has addresses.
bool has_open_addresses(const RoutedSource& source, const steer::Service& service) {
  for (std::size_t i = 0; i < source.fleet.clusters().size(); ++i) {
    if (is_open_to_all(service, source.config.clusters[i]) && !source.fleet.clusters()[i].cname) {
      return true;
    }
  }
  return false;
}

// Those that may be named beside cluster `of`: with a name of their own, the nearest first.
std::vector<fleet::ClusterIndex> runners_up(const RoutedSource& source,
                                            const steer::Service& service, std::size_t of) {
  const auto place = [&](std::size_t i) {
    return geo::Place{source.config.clusters[i].latitude, source.config.clusters[i].longitude};
  };
  std::vector<std::pair<double, fleet::ClusterIndex>> found;
  for (std::size_t i = 0; i < source.fleet.clusters().size(); ++i) {
    const fleet::ClusterModel& model = source.fleet.clusters()[i];
    if (i == of || !model.host || model.cname || !may_serve(service, source.config.clusters[i])) {
      continue;
    }
    found.emplace_back(geo::distance_km(place(of), place(i)), static_cast<fleet::ClusterIndex>(i));
  }
  std::ranges::sort(found);
  found.resize(std::min(found.size(), RoutedSets::kMaxRunnersUp));
  std::vector<fleet::ClusterIndex> clusters;
  clusters.reserve(found.size());
  for (const auto& [distance, cluster] : found) { clusters.push_back(cluster); }
  return clusters;
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
std::vector<std::vector<std::size_t>> node_sets(const fleet::ClusterModel& cluster, RrType type,
                                                std::size_t first, std::size_t wanted) {
  std::vector<std::vector<std::size_t>> sets;
  const std::uint64_t usable = nodes_for(cluster, type);
  const NodeChoice standbys =
      select_nodes(cluster, {.serving = usable & ~(std::uint64_t{1} << first),
                             .type = type,
                             .name_hash = cluster.nodes[first].hash,
                             .wanted = RoutedSets::kStandbys});
  const auto nodes = static_cast<std::size_t>(std::popcount(usable));
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

std::vector<std::uint8_t> to_vector(Octets octets) { return {octets.begin(), octets.end()}; }

Records records_of(const HttpsRdata& rdata) {
  Records records;
  for (dns::RdataCursor each({.rdata = rdata.octets()}); !each.done(); each.next()) {
    records.push_back(to_vector(each.rdata()));
  }
  return records;
}

}  // namespace

bool is_open_to_all(const steer::Service& service, const config::Cluster& cluster) {
  return may_serve(service, cluster) && !cluster.on_net_only;
}

std::vector<RrType> routed_types(const RoutedSource& source, zone::RouteIndex route) {
  const steer::Service& service = source.services.services[source.services.routes[route].service];
  if (!has_open_addresses(source, service)) {
    return service.may_alias ? std::vector{RrType::kCname} : std::vector<RrType>();
  }
  std::vector<RrType> types;
  for (const RrType type : {RrType::kA, RrType::kAaaa}) {
    for (std::size_t i = 0; i < source.fleet.clusters().size(); ++i) {
      if (!is_open_to_all(service, source.config.clusters[i])) { continue; }
      if (nodes_for(source.fleet.clusters()[i], type) == 0) { continue; }
      types.push_back(type);
      break;
    }
  }
  if (service.https) { types.push_back(RrType::kHttps); }
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
      for (const RrType type : kRoutedTypes) {
        table_->nodes_with_[routed_position(type)].push_back(nodes_for(cluster, type));
      }
      table_->nodes_with_.back().push_back(0);
    }
    table_->node_offset_.push_back(nodes);
  }

  void fill_reserve(const steer::Service& service) {
    auto& reserve = table_->reserve_.emplace_back();
    const bool aliases = !has_open_addresses(source_, service);
    for (std::size_t i = 0; i < source_.fleet.clusters().size(); ++i) {
      if (!is_open_to_all(service, source_.config.clusters[i])) { continue; }
      for (std::size_t type = 0; type < reserve.size(); ++type) {
        if (aliases || table_->nodes_with_[type][i] != 0) {
          reserve[type].push_back(static_cast<fleet::ClusterIndex>(i));
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
    ttl_s_ = service.ttl_steps_s.back();
    for (const RrType type : routed_types(source_, index)) {
      if (type == RrType::kCname) { slot.is_promised.fill(true); }
      slot.is_promised[routed_position(type)] = true;
    }
    slot.first_node = static_cast<std::uint32_t>(table_->node_entries_.size());
    for (const RrType type : kRoutedTypes) { fill_nodes(service, type); }
    if (service.fallback == config::FallbackPolicy::kPool) {
      for (std::size_t i = 0; i < kRoutedTypes.size(); ++i) {
        slot.pool[i] = add(kRoutedTypes[i], {}, pool_records(service, kRoutedTypes[i]));
      }
    }
    if (service.may_alias) { fill_aliases(service, slot); }
  }

  void fill_nodes(const steer::Service& service, RrType type) {
    for (std::size_t c = 0; c < source_.fleet.clusters().size(); ++c) {
      const fleet::ClusterModel& cluster = source_.fleet.clusters()[c];
      const bool is_used = may_serve(service, source_.config.clusters[c]);
      const bool has_runner_up =
          is_used && type == RrType::kHttps && service.https && service.https->runner_up;
      const auto runners =
          has_runner_up ? runners_up(source_, service, c) : std::vector<fleet::ClusterIndex>();
      for (std::size_t first = 0; first < cluster.nodes.size(); ++first) {
        table_->node_entries_.push_back(static_cast<std::uint32_t>(table_->entries_.size()));
        if (!is_used || !has_address_for(cluster.nodes[first], type)) { continue; }
        if (type == RrType::kHttps) {
          add_https(service, cluster, first, runners);
          continue;
        }
        for (const auto& nodes : node_sets(cluster, type, first, service.answers)) {
          add_nodes(cluster, type, nodes);
        }
      }
    }
    table_->node_entries_.push_back(static_cast<std::uint32_t>(table_->entries_.size()));
  }

  void add_nodes(const fleet::ClusterModel& cluster, RrType type,
                 const std::vector<std::size_t>& nodes) {
    Records records;
    Entry entry;
    for (const std::size_t node : nodes) {
      const fleet::NodeModel& model = cluster.nodes[node];
      entry.nodes |= std::uint64_t{1} << node;
      records.push_back(to_vector((type == RrType::kAaaa ? *model.ipv6 : *model.ipv4).octets()));
    }
    add(type, entry, std::move(records));
  }

  void add_https(const steer::Service& service, const fleet::ClusterModel& cluster,
                 std::size_t first, const std::vector<fleet::ClusterIndex>& runners) {
    if (!service.https) { return; }
    std::vector<Address> hints;
    for (const auto& address : {cluster.nodes[first].ipv4, cluster.nodes[first].ipv6}) {
      if (address && service.https->hints) { hints.push_back(*address); }
    }
    HttpsRdata alone;
    alone.add_record(1, kOwnerTarget, service.https->parameters);
    alone.add_hints(hints);
    Entry entry;
    entry.nodes = std::uint64_t{1} << first;
    for (const fleet::ClusterIndex runner_up : runners) {
      HttpsRdata both = alone;
      both.add_record(2, source_.fleet.cluster(runner_up).host->wire(), service.https->parameters);
      entry.runner_up = runner_up;
      add(RrType::kHttps, entry, records_of(both));
    }
    entry.runner_up = fleet::kNoCluster;
    add(RrType::kHttps, entry, records_of(alone));
  }

  static Records pool_records(const steer::Service& service, RrType type) {
    Records records;
    if (type == RrType::kHttps) {
      // Promised for the clusters' sake, so there is one even here.
      if (!service.https) { return records; }
      HttpsRdata rdata;
      rdata.add_record(1, kOwnerTarget, service.https->parameters);
      if (service.https->hints) { rdata.add_hints(service.fallback_pool); }
      return records_of(rdata);
    }
    for (const Address& address : service.fallback_pool) {
      if (address.is_v6() == (type == RrType::kAaaa) && records.size() < kMaxAnswers) {
        records.push_back(to_vector(address.octets()));
      }
    }
    return records;
  }

  void fill_aliases(const steer::Service& service, RouteSlot& slot) {
    if (service.fallback == config::FallbackPolicy::kCname) {
      slot.cname = add(RrType::kCname, {}, {to_vector(service.fallback_cname->wire())});
    }
    slot.first_alias = static_cast<std::uint32_t>(table_->alias_entries_.size());
    for (std::size_t c = 0; c < source_.fleet.clusters().size(); ++c) {
      const auto& target = source_.fleet.clusters()[c].cname;
      const bool is_used = target && may_serve(service, source_.config.clusters[c]);
      table_->alias_entries_.push_back(
          is_used ? add(RrType::kCname, {}, {to_vector(target->wire())}) : kNone);
    }
  }

  // One RRset of the present route and its signatures; returns its number, kNone without records.
  std::uint32_t add(RrType type, Entry entry, Records records) {
    if (records.empty()) { return kNone; }
    // Two nodes with one address: an RRset has no record twice (RFC 2181 5).
    for (std::size_t i = 1; i < records.size(); ++i) {
      const auto end = records.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(records.begin(), end, records[i]) != end) { records.erase(end), --i; }
    }
    const auto number = static_cast<std::uint32_t>(table_->entries_.size());
    entry.type = type;
    std::vector<std::uint8_t> rdata;
    for (const std::vector<std::uint8_t>& record : records) { dns::append_record(rdata, record); }
    entry.set = store(rdata);
    std::ranges::sort(records);
    entry.signatures = signed_as({type, ttl_s_, entry.set.count, rdata}, records);
    table_->entries_.push_back(entry);
    return number;
  }

  Block store(Octets rdata) {
    std::vector<std::uint8_t>& octets = table_->octets_;
    const Block block{.at = static_cast<std::uint32_t>(octets.size()),
                      .size = static_cast<std::uint32_t>(rdata.size()),
                      .ttl_s = ttl_s_,
                      .count = dns::count_records(rdata)};
    octets.insert(octets.end(), rdata.begin(), rdata.end());
    return block;
  }

  Block signed_as(const dns::RrsetView& set, const Records& sorted) {
    std::string key(as_text(owner_.wire()));
    key += as_text(zone_->apex().wire());
    std::array<std::uint8_t, 6> fixed{};
    store_u16(fixed.data(), static_cast<std::uint16_t>(set.type));
    store_u32(fixed.data() + 2, ttl_s_);
    key += as_text(fixed);
    for (const std::vector<std::uint8_t>& rdata : sorted) { key += as_text(rdata); }
    if (const auto made = table_->made_for_.find(key); made != table_->made_for_.end()) {
      return made->second;
    }
    const SignRequest request{*zone_, owner_.wire(), set};
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

}  // namespace gslb::answer
