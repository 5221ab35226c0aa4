#include "gslb/dnssec/chain.h"

#include <algorithm>
#include <array>

#include "gslb/base/check.h"
#include "gslb/zone/nsec3_hash.h"

namespace gslb::dnssec {
namespace {

using Kind = Owner::Kind;
using Types = std::vector<dns::RrType>;

void put(Buffer& out, Octets octets) { out.insert(out.end(), octets.begin(), octets.end()); }

// Where a record's octets will be once all have been appended.
struct Place {
  Octets owner;  // in the zone; empty: in the chain's octets
  std::size_t owner_at = 0;
  std::size_t owner_octets = 0;
  std::size_t rdata_at = 0;
  std::size_t rdata_octets = 0;  // with its length in front
};

class ChainMaker {
 public:
  ChainMaker(const zone::Zone& zone, const SigningPlan& plan, const Types& apex_types)
      : zone_(zone), plan_(plan), apex_types_(apex_types) {}

  void put_nsec(const std::vector<Owner>& owners) {
    std::vector<const Owner*> members;
    for (const Owner& owner : owners) {
      if (owner.kind == Kind::kData || owner.kind == Kind::kCut) { members.push_back(&owner); }
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      Types types = types_of(*members[i]);
      types.push_back(dns::RrType::kRrsig);
      types.push_back(dns::RrType::kNsec);
      Place place{members[i]->name};
      begin(place);
      put(chain_.octets, members[(i + 1) % members.size()]->name);
      finish(place, std::move(types));
    }
  }

  bool put_nsec3(const std::vector<Owner>& owners) {
    const bool opts_out = plan_.denial == Denial::kNsec3OptOut;
    std::vector<Hashed> members;
    for (const Owner& owner : owners) {
      if (owner.kind == Kind::kOccluded || (opts_out && !owner.is_secure)) { continue; }
      members.push_back(
          {zone::nsec3_hash(owner.name, plan_.nsec3_salt, plan_.nsec3_iterations), &owner});
    }
    std::ranges::sort(members, {}, &Hashed::hash);
    if (std::ranges::adjacent_find(members, {}, &Hashed::hash) != members.end()) { return false; }
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Owner& owner = *members[i].owner;
      Types types = types_of(owner);
      // Signed are the data of the name, and the DS of a delegation; never its NS.
      const bool is_signed = owner.kind == Kind::kCut ? owner.has_ds : !types.empty();
      if (is_signed) { types.push_back(dns::RrType::kRrsig); }
      Place place;
      put_hashed_name(members[i].hash, place);
      begin(place);
      put(chain_.octets, std::array<std::uint8_t, 2>{zone::kNsec3Sha1, opts_out});
      put_parameters();
      chain_.octets.push_back(sizeof(zone::Nsec3Hash));
      put(chain_.octets, members[(i + 1) % members.size()].hash);
      finish(place, std::move(types));
    }
    return true;
  }

  Chain chain(dns::RrType type) && {
    chain_.records.reserve(places_.size());
    const Octets octets = chain_.octets;
    for (const Place& place : places_) {
      const Octets owner =
          place.owner.empty() ? octets.subspan(place.owner_at, place.owner_octets) : place.owner;
      chain_.records.push_back(
          {owner,
           {type, zone_.negative_ttl_s(), 1, octets.subspan(place.rdata_at, place.rdata_octets)}});
    }
    return std::move(chain_);
  }

 private:
  struct Hashed {
    zone::Nsec3Hash hash;
    const Owner* owner;
  };

  void put_parameters() {
    std::array<std::uint8_t, 2> iterations{};
    store_u16(iterations.data(), plan_.nsec3_iterations);
    put(chain_.octets, iterations);
    chain_.octets.push_back(static_cast<std::uint8_t>(plan_.nsec3_salt.size()));
    put(chain_.octets, plan_.nsec3_salt);
  }

  void put_hashed_name(const zone::Nsec3Hash& hash, Place& place) {
    const std::string label = zone::to_base32hex(hash);
    place.owner_at = chain_.octets.size();
    chain_.octets.push_back(static_cast<std::uint8_t>(label.size()));
    put(chain_.octets, as_octets(label));
    put(chain_.octets, zone_.owner(zone::Zone::kApexNode));
    place.owner_octets = chain_.octets.size() - place.owner_at;
  }

  void begin(Place& place) {
    place.rdata_at = chain_.octets.size();
    chain_.octets.resize(place.rdata_at + 2);
  }

  void finish(Place& place, Types types) {
    append_type_bitmap(std::move(types), chain_.octets);
    place.rdata_octets = chain_.octets.size() - place.rdata_at;
    store_u16(chain_.octets.data() + place.rdata_at,
              static_cast<std::uint16_t>(place.rdata_octets - 2));
    places_.push_back(place);
  }

  // Of the zone itself, without RRSIG, NSEC and NSEC3.
  Types types_of(const Owner& owner) const {
    if (owner.kind == Kind::kEmpty) { return {}; }
    if (owner.kind == Kind::kCut) {
      Types types = {dns::RrType::kNs};
      if (owner.has_ds) { types.push_back(dns::RrType::kDs); }
      return types;
    }
    Types types;
    for (std::size_t i = 0; i < zone_.rrset_count(owner.node); ++i) {
      const dns::RrType type = zone_.rrset_at(owner.node, i).type;
      if (!is_made_by_signing(owner.node, type)) { types.push_back(type); }
    }
    const zone::RouteIndex route = zone_.route(owner.node);
    if (route != zone::kNoRoute) {
      const Types routed = plan_.routed_types ? plan_.routed_types(route)
                                              : Types{dns::RrType::kA, dns::RrType::kAaaa};
      types.insert(types.end(), routed.begin(), routed.end());
    }
    if (owner.node == zone::Zone::kApexNode) {
      types.insert(types.end(), apex_types_.begin(), apex_types_.end());
    }
    return types;
  }

  const zone::Zone& zone_;
  const SigningPlan& plan_;
  const Types& apex_types_;
  Chain chain_;
  std::vector<Place> places_;
};

}  // namespace

void append_type_bitmap(std::vector<dns::RrType> types, Buffer& out) {
  std::ranges::sort(types);
  for (std::size_t at = 0; at < types.size();) {
    const auto window = static_cast<std::uint16_t>(types[at]) >> 8;
    std::array<std::uint8_t, 32> bits{};
    std::size_t used = 0;
    for (; at < types.size() && static_cast<std::uint16_t>(types[at]) >> 8 == window; ++at) {
      const unsigned low = static_cast<std::uint16_t>(types[at]) & 0xffU;
      used = low / 8;
      bits[used] = static_cast<std::uint8_t>(bits[used] | (0x80U >> (low % 8)));
    }
    out.push_back(static_cast<std::uint8_t>(window));
    out.push_back(static_cast<std::uint8_t>(used + 1));
    put(out, Octets(bits).first(used + 1));
  }
}

std::optional<Chain> make_chain(const zone::Zone& zone, const std::vector<Owner>& owners,
                                const SigningPlan& plan,
                                const std::vector<dns::RrType>& apex_types) {
  CHECK(plan.nsec3_salt.size() < 256);
  ChainMaker maker(zone, plan, apex_types);
  if (plan.denial == Denial::kNsec) {
    maker.put_nsec(owners);
    return std::move(maker).chain(dns::RrType::kNsec);
  }
  if (!maker.put_nsec3(owners)) { return std::nullopt; }
  return std::move(maker).chain(dns::RrType::kNsec3);
}

Buffer nsec3param_rdata(const SigningPlan& plan) {
  Buffer rdata = {zone::kNsec3Sha1, 0, static_cast<std::uint8_t>(plan.nsec3_iterations >> 8),
                  static_cast<std::uint8_t>(plan.nsec3_iterations),
                  static_cast<std::uint8_t>(plan.nsec3_salt.size())};
  put(rdata, plan.nsec3_salt);
  return rdata;
}

}  // namespace gslb::dnssec
