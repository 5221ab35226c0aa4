#include "gslb/control/zone_signing.h"

#include <algorithm>

#include <unistd.h>

#include "gslb/dns/serial.h"
#include "gslb/dnssec/sign_rrset.h"
#include "gslb/transfer/zone_copy.h"
#include "gslb/zone/derive.h"

namespace gslb::control {
namespace {

using dnssec::KeyTime;

// A mass re-signing is spread over versions of so many signatures, some seconds of one core each.
constexpr std::size_t kMaxRenewed = 100'000;

std::uint32_t largest_ttl(const zone::Zone& zone) {
  std::uint32_t ttl_s = zone.negative_ttl_s();
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
      ttl_s = std::max(ttl_s, zone.rrset_at(node, i).ttl_s);
    }
  }
  return ttl_s;
}

bool same_set(const dns::RrsetView& a, const dns::RrsetView& b) {
  return a.type == b.type && a.ttl_s == b.ttl_s && std::ranges::equal(a.rdata, b.rdata);
}

// The same records in every RRset.
bool same_records(const zone::Zone& a, const zone::Zone& b) {
  if (a.record_count() != b.record_count()) { return false; }
  for (zone::NodeIndex node = 0; node < a.node_count(); ++node) {
    const std::size_t count = a.rrset_count(node);
    if (count == 0) { continue; }
    const zone::NodeIndex other = b.find_node(a.owner(node));
    if (other == zone::kNoNode || b.rrset_count(other) != count) { return false; }
    for (std::size_t i = 0; i < count; ++i) {
      if (!same_set(a.rrset_at(node, i), b.rrset_at(other, i))) { return false; }
    }
  }
  return true;
}

std::vector<zone::RouteBinding> routes_of(const zone::Zone& zone) {
  std::vector<zone::RouteBinding> routes;
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    if (zone.route(node) == zone::kNoRoute) { continue; }
    routes.push_back({*dns::Name::from_wire(zone.owner(node)), zone.route(node), {}});
  }
  return routes;
}

std::vector<dnssec::KeyState> states_of(const dnssec::ZoneKeys& keys) {
  std::vector<dnssec::KeyState> states;
  for (const dnssec::ZoneKey& key : keys) { states.push_back(key.state); }
  return states;
}

std::vector<dnssec::PlannedKey> plan_keys(const dnssec::ZoneKeys& keys, bool announces) {
  std::vector<dnssec::PlannedKey> planned;
  for (const dnssec::ZoneKey& key : keys) {
    const dnssec::KeyState& state = key.state;
    dnssec::PlannedKey use;
    use.key = key.file.key;
    use.is_published = state.dnskey.is_served();
    use.signs_keys = use.is_published && dnssec::signs_keys(state.role);
    use.signs_zone = state.zrrsig.is_served();
    use.is_announced = announces && use.is_published && state.ds.is_served();
    if (use.is_published || use.signs_zone) { planned.push_back(std::move(use)); }
  }
  return planned;
}

bool same_use(const std::vector<dnssec::PlannedKey>& a, const std::vector<dnssec::PlannedKey>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.key->tag() == y.key->tag() && x.key->algorithm() == y.key->algorithm() &&
           x.is_published == y.is_published && x.signs_keys == y.signs_keys &&
           x.signs_zone == y.signs_zone && x.is_announced == y.is_announced;
  });
}

std::string first_error(const Problems& problems) {
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Severity::kError) { return problem.to_string(); }
  }
  return {};
}

class Signing {
 public:
  explicit Signing(const SigningTask& task)
      : task_(task),
        policy_(rollover_policy(task.policy)),
        now_(std::chrono::floor<seconds>(task.now)),
        previous_(task.previous) {}

  Result<std::shared_ptr<SignedVersion>, std::string> run() {
    made_->source = task_.source;
    made_->decided = now_;
    if (previous_ == nullptr && !task_.copy_file.empty()) {
      // Its signatures and its serial: a restart neither signs everything nor goes back.
      if (auto copy = transfer::load_copy(task_.copy_file, task_.apex)) { previous_ = copy->zone; }
    }
    made_->max_ttl_s = std::max(largest_ttl(*task_.source), task_.routed_ttl_s);
    std::uint32_t ttl_s = std::max(made_->max_ttl_s, task_.held_ttl_s);
    if (task_.previous == nullptr && previous_ != nullptr) {
      ttl_s = std::max(ttl_s, largest_ttl(*previous_));
    }
    policy_.zone_ttl = seconds(ttl_s);
    policy_.negative_ttl = seconds(task_.source->negative_ttl_s());
    if (auto problem = take_keys(); !problem.empty()) { return Unexpected(problem); }
    if (auto problem = roll(); !problem.empty()) { return Unexpected(problem); }
    if (auto problem = sign(); !problem.empty()) { return Unexpected(problem); }
    return std::move(made_);
  }

 private:
  // Keys that are in memory stay when their files have become unreadable.
  std::string take_keys() {
    made_->keys = task_.keys;
    if (!task_.reads_keys) { return {}; }
    Problems problems;
    dnssec::ZoneKeys found = dnssec::load_keys(
        task_.directory ? *task_.directory : dnssec::KeyDirectory(task_.policy.key_dir), task_.apex,
        policy_, now_, problems);
    const std::string error = first_error(problems);
    if (task_.keys.empty()) {
      made_->keys = std::move(found);
      return error;
    }
    made_->complaint = error;
    for (dnssec::ZoneKey& key : found) {
      const bool is_known = std::ranges::any_of(made_->keys, [&](const dnssec::ZoneKey& other) {
        return other.state.tag == key.state.tag && other.state.algorithm == key.state.algorithm;
      });
      if (!is_known && !key.state.introduced) { made_->keys.push_back(std::move(key)); }
    }
    return {};
  }

  std::string roll() {
    dnssec::Advance next = dnssec::advance(states_of(made_->keys), policy_, now_);
    if (!next.missing.empty() && task_.policy.generate) {
      Problems problems;
      for (const dnssec::KeyRole role : next.missing) {
        auto key = dnssec::make_key(task_.policy.key_dir, task_.apex, new_key(task_.policy, role),
                                    now_, made_->keys, problems);
        if (key) { made_->keys.push_back(std::move(*key)); }
      }
      made_->complaint = problems.has_errors() ? first_error(problems) : made_->complaint;
      next = dnssec::advance(states_of(made_->keys), policy_, now_);
    }
    for (std::size_t i = 0; i < made_->keys.size(); ++i) { made_->keys[i].state = next.keys[i]; }
    made_->missing = std::move(next.missing);
    made_->next_rollover = next.next;
    purge();
    return {};
  }

  // Files of keys that nothing is left of, after a while in which somebody may want to look.
  void purge() {
    if (task_.policy.purge_keys_s == 0 || !task_.policy.generate) { return; }
    Problems problems;
    std::erase_if(made_->keys, [&](const dnssec::ZoneKey& key) {
      const auto gone = dnssec::gone_since(key.state);
      if (!gone) { return false; }
      const KeyTime at = *gone + seconds(task_.policy.purge_keys_s);
      if (at <= now_ && dnssec::remove_key(task_.policy.key_dir, key, problems)) { return true; }
      if (at > now_) { made_->next_rollover = std::min(made_->next_rollover.value_or(at), at); }
      return false;
    });
    if (problems.has_errors()) { made_->complaint = first_error(problems); }
  }

  std::string sign() {
    const std::vector<dnssec::KeyState> states = states_of(made_->keys);
    const bool is_unsigned = dnssec::may_be_unsigned(states, policy_);
    if (!is_unsigned) { made_->planned = plan_keys(made_->keys, task_.policy.cds); }
    const SignedVersion* const current = task_.current.get();
    if (current != nullptr && task_.previous != nullptr && !task_.is_stale &&
        current->source == task_.source && same_use(current->planned, made_->planned) &&
        task_.now < current->next_resign) {
      made_->next_resign = current->next_resign;
      made_->first_expiration = current->first_expiration;
      return {};
    }
    if (is_unsigned) {
      zone::Derivation changes;
      changes.routes = routes_of(*task_.source);
      changes.serial = next_serial();
      made_->zone = zone::derive(*task_.source, changes);
      return {};
    }
    return sign_zone();
  }

  std::string sign_zone() {
    dnssec::SigningPlan plan = make_plan();
    const std::uint32_t authored = task_.source->serial();
    const bool keeps_serial = previous_ != nullptr &&
                              !dns::is_newer_serial(authored, previous_->serial()) &&
                              task_.policy.serial != config::SerialPolicy::kKeep;
    plan.serial = keeps_serial ? previous_->serial() : next_serial();
    auto signed_zone = dnssec::sign_zone(*task_.source, plan, previous_.get());
    if (!signed_zone) { return explain(signed_zone.error()); }
    made_->signatures_made = signed_zone->signatures_made;
    // A restart with nothing new must not look like a change to secondaries.
    if (keeps_serial && !same_records(*signed_zone->zone, *previous_)) {
      plan.serial = next_serial();
      const ZonePtr first = signed_zone->zone;
      signed_zone = dnssec::sign_zone(*task_.source, plan, first.get());
      if (!signed_zone) { return explain(signed_zone.error()); }
      made_->signatures_made += signed_zone->signatures_made;
    }
    made_->zone = signed_zone->zone;
    made_->next_resign = signed_zone->next_resign;
    made_->first_expiration = signed_zone->first_expiration;
    return {};
  }

  std::uint32_t next_serial() const {
    const std::uint32_t authored = task_.source->serial();
    if (task_.policy.serial == config::SerialPolicy::kKeep) { return authored; }
    std::uint32_t serial = authored;
    if (task_.policy.serial == config::SerialPolicy::kUnixTime) {
      serial = static_cast<std::uint32_t>(now_.time_since_epoch().count());
    }
    const std::uint32_t least = previous_ ? previous_->serial() + 1 : task_.serial;
    return dns::is_newer_serial(least, serial) ? least : serial;
  }

  dnssec::SigningPlan make_plan() const {
    const config::DnssecPolicy& from = task_.policy;
    dnssec::SigningPlan plan;
    plan.keys = made_->planned;
    plan.asks_ds_removal = from.cds && dnssec::asks_ds_removal(states_of(made_->keys), policy_);
    plan.denial = from.denial == config::Denial::kNsec ? dnssec::Denial::kNsec
                  : from.nsec3_opt_out                 ? dnssec::Denial::kNsec3OptOut
                                                       : dnssec::Denial::kNsec3;
    plan.is_compact = from.denial == config::Denial::kCompact;
    plan.dnskey_ttl_s = from.dnskey_ttl_s;
    plan.now = task_.now;
    plan.lifetime = seconds(from.signature_lifetime_s);
    plan.jitter = seconds(from.signature_jitter_s);
    plan.refresh = seconds(from.signature_refresh_s);
    const seconds slack = plan.lifetime - plan.refresh - plan.jitter;
    plan.renew_ahead = std::min<seconds>(std::chrono::hours(1), slack / 4);
    plan.inception_skew = seconds(from.inception_skew_s);
    plan.max_renewed = kMaxRenewed;
    plan.routed_types = [types = task_.routed_types](zone::RouteIndex route) {
      return types && route < types->size() ? (*types)[route] : std::vector<dns::RrType>{};
    };
    if (task_.statics) {
      plan.routed_sets = [this](zone::RouteIndex route) { return static_sets(route); };
    }
    plan.threads = task_.threads;
    plan.is_cancelled = task_.is_cancelled;
    return plan;
  }

  // A type that is not promised stays out: the bitmap of the owner denies it.
  std::vector<dns::RrsetView> static_sets(zone::RouteIndex route) const {
    std::vector<dns::RrsetView> sets;
    if (!task_.routed_types || route >= task_.routed_types->size()) { return sets; }
    const std::vector<dns::RrType>& promised = (*task_.routed_types)[route];
    for (const transfer::StaticSet& set : (*task_.statics)[route]) {
      if (std::ranges::find(promised, set.type) != promised.end()) { sets.push_back(set.view()); }
    }
    return sets;
  }

  std::string explain(dnssec::SignError error) const {
    switch (error) {
      case dnssec::SignError::kCancelled:
        return "signing was given up";
      case dnssec::SignError::kHashCollision:
        return "two names have one NSEC3 hash; set denial = \"nsec\" in policy '" +
               task_.policy.id.text + "'";
      case dnssec::SignError::kNoKeys:
        break;
    }
    if (!made_->complaint.empty()) { return made_->complaint; }
    return "no usable keys in " + task_.policy.key_dir + "; make them: " + how_to_make();
  }

  std::string how_to_make() const {
    return "proximactl keys generate " + task_.apex.to_string() + " --dir " + task_.policy.key_dir +
           (policy_.split ? " --role ksk, and --role zsk" : "");
  }

  const SigningTask& task_;
  dnssec::RolloverPolicy policy_;
  const KeyTime now_;
  ZonePtr previous_;
  std::shared_ptr<SignedVersion> made_ = std::make_shared<SignedVersion>();
};

}  // namespace

dnssec::RolloverPolicy rollover_policy(const config::DnssecPolicy& from) {
  dnssec::RolloverPolicy policy;
  policy.algorithm = static_cast<std::uint8_t>(*dnssec::parse_algorithm(from.algorithm));
  policy.split = from.keys == config::KeyLayout::kKskZsk;
  policy.go_insecure = from.go_insecure;
  policy.zsk_lifetime = seconds(from.zsk_lifetime_s);
  policy.ksk_lifetime = seconds(from.ksk_lifetime_s);
  policy.dnskey_ttl = seconds(from.dnskey_ttl_s);
  policy.propagation = seconds(from.propagation_s);
  policy.parent_propagation = seconds(from.parent_propagation_s);
  policy.parent_ds_ttl = seconds(from.parent_ds_ttl_s);
  return policy;
}

dnssec::NewKey new_key(const config::DnssecPolicy& policy, dnssec::KeyRole role) {
  return {.role = role,
          .algorithm = *dnssec::parse_algorithm(policy.algorithm),
          .rsa_bits = static_cast<int>(policy.rsa_bits)};
}

Result<std::shared_ptr<SignedVersion>, std::string> sign_version(const SigningTask& task) {
  return Signing(task).run();
}

void check_keys(const SignedZone& zone, const dnssec::KeyDirectory& directory, Problems& problems) {
  const auto& [apex, policy, at] = zone;
  const KeyTime now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  const dnssec::RolloverPolicy rules = rollover_policy(policy);
  Problems found;
  const dnssec::ZoneKeys keys = dnssec::load_keys(directory, apex, rules, now, found);
  problems.append(found);
  if (found.has_errors() || policy.generate) { return; }
  const dnssec::Advance next = dnssec::advance(states_of(keys), rules, now);
  if (next.missing.empty() || policy.go_insecure) { return; }
  const bool is_used = std::ranges::any_of(
      keys, [](const dnssec::ZoneKey& key) { return key.state.dnskey.is_served(); });
  if (is_used) { return; }
  std::string roles;
  for (const dnssec::KeyRole role : next.missing) {
    roles += (roles.empty() ? "" : ", ") + std::string(dnssec::to_string(role));
  }
  problems.error(at, "zone '" + apex.to_string() + "' has no usable " + roles,
                 "make it: proximactl keys generate " + apex.to_string() + " --dir " +
                     policy.key_dir + "; or set generate = true in [dnssec." + policy.id.text +
                     "]");
}

}  // namespace gslb::control
