#include "gslb/dnssec/sign_zone.h"

#include <algorithm>

#include "gslb/base/check.h"
#include "gslb/dnssec/chain.h"
#include "gslb/dnssec/owners.h"
#include "gslb/dnssec/signing_run.h"

namespace gslb::dnssec {
namespace {

constexpr std::size_t kSoaFixed = 20;  // serial, refresh, retry, expire, minimum: the last fields

// An RRset that signing adds to the apex or, the SOA, replaces there.
class OwnSet {
 public:
  OwnSet(dns::RrType type, std::uint32_t ttl_s, bool is_of_keys)
      : is_of_keys_(is_of_keys), set_{type, ttl_s, 0, {}} {}

  void add(Octets rdata) {
    dns::append_record(octets_, rdata);
    ++set_.count;
  }
  bool is_of_keys() const noexcept { return is_of_keys_; }
  bool empty() const noexcept { return set_.count == 0; }
  dns::RrsetView view() const noexcept { return {set_.type, set_.ttl_s, set_.count, octets_}; }

 private:
  bool is_of_keys_;
  dns::RrsetView set_;
  Buffer octets_;
};

OwnSet soa_with_serial(const zone::Zone& source, std::uint32_t serial) {
  const auto old = source.rrset(zone::Zone::kApexNode, dns::RrType::kSoa);
  CHECK(old.has_value());
  const Octets rdata = dns::RdataCursor(*old).rdata();
  Buffer fresh(rdata.begin(), rdata.end());
  store_u32(fresh.data() + fresh.size() - kSoaFixed, serial);
  OwnSet soa(dns::RrType::kSoa, old->ttl_s, false);
  soa.add(fresh);
  return soa;
}

std::vector<OwnSet> apex_sets(const zone::Zone& source, const SigningPlan& plan) {
  OwnSet dnskey(dns::RrType::kDnskey, plan.dnskey_ttl_s, true);
  OwnSet cds(dns::RrType::kCds, plan.dnskey_ttl_s, true);
  OwnSet cdnskey(dns::RrType::kCdnskey, plan.dnskey_ttl_s, true);
  for (const PlannedKey& planned : plan.keys) {
    CHECK(planned.key->owner() == source.apex());
    if (planned.is_published) { dnskey.add(planned.key->dnskey_rdata()); }
    if (!planned.is_announced || plan.asks_ds_removal) { continue; }
    for (const DigestType digest : plan.cds_digests) { cds.add(planned.key->ds_rdata(digest)); }
    cdnskey.add(planned.key->dnskey_rdata());
  }
  if (plan.asks_ds_removal) {
    cds.add(cds_delete_rdata());
    cdnskey.add(cdnskey_delete_rdata());
  }
  std::vector<OwnSet> sets = {soa_with_serial(source, plan.serial), dnskey, cds, cdnskey};
  if (plan.denial != Denial::kNsec) {
    // Only servers of the zone read it: nothing is gained by caching it.
    OwnSet parameters(dns::RrType::kNsec3param, 0, false);
    parameters.add(nsec3param_rdata(plan));
    sets.push_back(parameters);
  }
  std::erase_if(sets, [](const OwnSet& set) { return set.empty(); });
  return sets;
}

bool is_replaced(zone::NodeIndex node, dns::RrType type) {
  return is_made_by_signing(node, type) ||
         (node == zone::Zone::kApexNode && type == dns::RrType::kSoa);
}

void add_set(zone::ZoneBuilder& builder, const dns::Name& owner, const dns::RrsetView& set) {
  for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
    builder.add(owner, set.type, set.ttl_s, cursor.rdata());
  }
}

dns::Name name_of(Octets wire) { return dns::Name::from_wire(wire).value(); }

// The sets that `owner` has beside those of `own` and the chain.  REQUIRES: it has a node
void find_sets(const zone::Zone& source, const Owner& owner, const SigningPlan& plan,
               std::vector<dns::RrsetView>& sets) {
  sets.clear();
  const zone::RouteIndex route = source.route(owner.node);
  if (route != zone::kNoRoute && owner.kind == Owner::Kind::kData && plan.routed_sets) {
    sets = plan.routed_sets(route);
    std::erase_if(sets, [&](const dns::RrsetView& set) {
      return !dns::is_address(set.type) && source.rrset(owner.node, set.type);
    });
  }
  const std::size_t routed = sets.size();
  for (std::size_t i = 0; i < source.rrset_count(owner.node); ++i) {
    const dns::RrsetView set = source.rrset_at(owner.node, i);
    const auto end = sets.begin() + static_cast<std::ptrdiff_t>(routed);
    if (is_replaced(owner.node, set.type) ||
        std::any_of(sets.begin(), end, [&](const auto& each) { return each.type == set.type; })) {
      continue;
    }
    sets.push_back(set);
  }
}

void add_source(zone::ZoneBuilder& builder, const zone::Zone& source,
                const std::vector<Owner>& owners, const SigningPlan& plan) {
  std::vector<dns::RrsetView> sets;
  for (const Owner& owner : owners) {
    if (owner.node == zone::kNoNode) { continue; }
    const dns::Name name = name_of(owner.name);
    find_sets(source, owner, plan, sets);
    for (const dns::RrsetView& set : sets) { add_set(builder, name, set); }
    const zone::RouteIndex route = source.route(owner.node);
    if (route != zone::kNoRoute) { builder.bind_route(name, route); }
  }
}

// What of the source is to be signed: not glue, not what a delegation has beside its DS.
void add_source(SigningRun& run, const zone::Zone& source, const std::vector<Owner>& owners,
                const SigningPlan& plan) {
  std::vector<dns::RrsetView> sets;
  for (const Owner& owner : owners) {
    if (owner.kind == Owner::Kind::kCut && owner.has_ds) {
      run.add(owner.name, *source.rrset(owner.node, dns::RrType::kDs), false);
    }
    if (owner.kind != Owner::Kind::kData) { continue; }
    find_sets(source, owner, plan, sets);
    for (const dns::RrsetView& set : sets) { run.add(owner.name, set, false); }
  }
}

}  // namespace

Result<SignedZone, SignError> sign_zone(const zone::Zone& source, const SigningPlan& plan,
                                        const zone::Zone* previous) {
  CHECK(plan.refresh + plan.renew_ahead + plan.jitter < plan.lifetime);
  if (std::ranges::none_of(plan.keys, &PlannedKey::signs_keys) ||
      std::ranges::none_of(plan.keys, &PlannedKey::signs_zone)) {
    return Unexpected(SignError::kNoKeys);
  }
  const std::vector<OwnSet> own = apex_sets(source, plan);
  std::vector<dns::RrType> own_types;
  for (const OwnSet& set : own) { own_types.push_back(set.view().type); }
  const std::vector<Owner> owners = owners_of(source);
  const auto chain = make_chain(source, owners, plan, own_types);
  if (!chain) { return Unexpected(SignError::kHashCollision); }

  SigningRun run(plan, previous);
  const Octets apex = source.owner(zone::Zone::kApexNode);
  for (const OwnSet& set : own) { run.add(apex, set.view(), set.is_of_keys()); }
  add_source(run, source, owners, plan);
  for (const Chain::Record& record : chain->records) { run.add(record.owner, record.set, false); }
  if (!run.run()) { return Unexpected(SignError::kCancelled); }

  zone::ZoneBuilder builder(source.apex());
  if (plan.is_compact) { builder.deny_compactly(); }
  for (const OwnSet& set : own) { add_set(builder, source.apex(), set.view()); }
  add_source(builder, source, owners, plan);
  for (const Chain::Record& record : chain->records) {
    add_set(builder, name_of(record.owner), record.set);
  }
  run.for_each([&](Octets owner, std::uint32_t ttl_s, Octets rrsig_rdata) {
    builder.add(name_of(owner), dns::RrType::kRrsig, ttl_s, rrsig_rdata);
  });
  SignedZone result;
  result.zone = builder.build();
  result.first_expiration = plan.now + seconds(run.first_remaining_s());
  result.next_resign = std::max(plan.now, result.first_expiration - plan.refresh);
  result.signatures_made = run.made();
  result.signatures_reused = run.reused();
  return result;
}

}  // namespace gslb::dnssec
