#include "gslb/dnssec/owners.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace gslb::dnssec {
namespace {

using Kind = Owner::Kind;

// The name as octets that compare as the canonical order does: labels from the apex downwards,
// each ended by 0, with 0 and 1 inside labels as 1 1 and 1 2.  An ancestor's key is a prefix.
void append_key(Octets name, std::size_t apex_octets, Buffer& keys) {
  std::array<std::uint8_t, dns::kMaxLabels + 1> starts{};
  std::size_t labels = 0;
  const std::size_t end = name.size() - apex_octets;
  for (std::size_t at = 0; at < end; at += std::size_t{1} + name[at]) {
    starts[labels++] = static_cast<std::uint8_t>(at);
  }
  while (labels-- > 0) {
    const std::size_t at = starts[labels];
    for (const std::uint8_t octet : name.subspan(at + 1, name[at])) {
      if (octet < 2) { keys.push_back(1); }
      keys.push_back(octet < 2 ? static_cast<std::uint8_t>(octet + 1) : octet);
    }
    keys.push_back(0);
  }
}

struct Sortable {
  std::uint64_t first = 0;  // eight octets of the key: decides most comparisons
  std::size_t key = 0;
  std::uint32_t key_octets = 0;
  zone::NodeIndex node = zone::kNoNode;
};

std::uint64_t first_octets(Octets key) {
  std::array<std::uint8_t, 8> first{};
  std::copy_n(key.begin(), std::min(key.size(), first.size()), first.begin());
  return load_u64(first.data());
}

bool has_own_data(const zone::Zone& zone, zone::NodeIndex node) {
  if (zone.route(node) != zone::kNoRoute) { return true; }
  for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
    if (!is_made_by_signing(node, zone.rrset_at(node, i).type)) { return true; }
  }
  return false;
}

std::vector<zone::NodeIndex> canonical_nodes(const zone::Zone& zone) {
  Buffer keys;
  std::vector<Sortable> sortable;
  const std::size_t apex_octets = zone.apex().wire().size();
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    if (!has_own_data(zone, node)) { continue; }
    const std::size_t at = keys.size();
    append_key(zone.owner(node), apex_octets, keys);
    const auto size = static_cast<std::uint32_t>(keys.size() - at);
    sortable.push_back({first_octets(Octets(keys).subspan(at)), at, size, node});
  }
  std::ranges::sort(sortable, [&](const Sortable& a, const Sortable& b) {
    if (a.first != b.first) { return a.first < b.first; }
    const int order =
        std::memcmp(keys.data() + a.key, keys.data() + b.key, std::min(a.key_octets, b.key_octets));
    return order != 0 ? order < 0 : a.key_octets < b.key_octets;
  });
  std::vector<zone::NodeIndex> nodes;
  nodes.reserve(sortable.size());
  for (const Sortable& one : sortable) { nodes.push_back(one.node); }
  return nodes;
}

bool is_at_or_below(Octets name, Octets ancestor) {
  if (name.size() < ancestor.size()) { return false; }
  std::size_t at = 0;
  while (name.size() - at > ancestor.size()) { at += std::size_t{1} + name[at]; }
  return std::ranges::equal(name.subspan(at), ancestor);
}

// Walks down the zone in canonical order, with the path from the apex to where it is.
class Survey {
 public:
  explicit Survey(const zone::Zone& zone) : zone_(zone) {}

  void take(zone::NodeIndex node) {
    const Octets name = zone_.owner(node);
    while (!path_.empty() && !is_at_or_below(name, owners_[path_.back()].name)) {
      path_.pop_back();
    }
    if (is_occluding()) { return push({name, node, Kind::kOccluded}); }
    put_empty_above(name);
    Owner owner{name, node, zone_.has_cut(node) ? Kind::kCut : Kind::kData};
    owner.has_ds = zone_.rrset(node, dns::RrType::kDs).has_value();
    const bool is_secure = owner.kind == Kind::kData || owner.has_ds;
    push(owner);
    if (!is_secure) { return; }
    for (std::size_t i = path_.size(); i-- > 0 && !owners_[path_[i]].is_secure;) {
      owners_[path_[i]].is_secure = true;
    }
  }

  std::vector<Owner> owners() && { return std::move(owners_); }

 private:
  bool is_occluding() const {
    if (path_.empty()) { return false; }
    const Owner& above = owners_[path_.back()];
    return above.kind == Kind::kCut || above.kind == Kind::kOccluded ||
           (above.node != zone::kNoNode && zone_.has_dname(above.node));
  }

  // Ancestors between the end of the path and `name`, from the upper to the lower.
  void put_empty_above(Octets name) {
    if (path_.empty()) { return; }
    const std::size_t above = owners_[path_.back()].name.size();
    std::vector<std::size_t> starts;
    for (std::size_t at = std::size_t{1} + name[0]; name.size() - at > above;
         at += std::size_t{1} + name[at]) {
      starts.push_back(at);
    }
    for (; !starts.empty(); starts.pop_back()) {
      push({name.subspan(starts.back()), zone::kNoNode, Kind::kEmpty});
    }
  }

  void push(const Owner& owner) {
    path_.push_back(owners_.size());
    owners_.push_back(owner);
  }

  const zone::Zone& zone_;
  std::vector<Owner> owners_;
  std::vector<std::size_t> path_;  // into owners_
};

}  // namespace

bool is_made_by_signing(zone::NodeIndex node, dns::RrType type) noexcept {
  switch (type) {
    case dns::RrType::kRrsig:
    case dns::RrType::kNsec:
    case dns::RrType::kNsec3:
      return true;
    case dns::RrType::kDnskey:
    case dns::RrType::kCds:
    case dns::RrType::kCdnskey:
    case dns::RrType::kNsec3param:
    case dns::RrType::kZonemd:
      return node == zone::Zone::kApexNode;
    default:
      return false;
  }
}

std::vector<Owner> owners_of(const zone::Zone& zone) {
  Survey survey(zone);
  for (const zone::NodeIndex node : canonical_nodes(zone)) { survey.take(node); }
  return std::move(survey).owners();
}

}  // namespace gslb::dnssec
