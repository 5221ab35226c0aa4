#include "gslb/dnssec/rollover.h"

#include <algorithm>

namespace gslb::dnssec {
namespace {

using std::chrono::seconds;
using enum Presence;

bool has_role(const KeyState& key, KeyRole role) { return key.role == role; }
bool overlaps(KeyRole a, KeyRole b) {
  return (signs_keys(a) && signs_keys(b)) || (signs_zone(a) && signs_zone(b));
}

class Machine {
 public:
  Machine(std::vector<KeyState> keys, const RolloverPolicy& policy, KeyTime now)
      : keys_(std::move(keys)), policy_(policy), now_(now) {}

  Advance run() {
    if (!policy_.go_insecure) { choose_keys(); }
    // Every round takes at least one record a step; no record takes more than its four.
    const std::size_t rounds = keys_.size() * 12 + 1;
    for (std::size_t round = 0; round < rounds && step(); ++round) {}
    return {std::move(keys_), std::move(missing_), next_};
  }

 private:
  template <typename Test>
  bool any(Test test) const {
    return std::any_of(keys_.begin(), keys_.end(), test);
  }
  template <typename Test>
  bool any_of_algorithm(std::uint8_t algorithm, Test test) const {
    return any([&](const KeyState& each) { return each.algorithm == algorithm && test(each); });
  }
  // In use and to stay so.
  bool stays(const KeyState& key) const {
    return key.wanted && key.introduced && !policy_.go_insecure;
  }
  // A validator somewhere may have a DS to start from.
  bool is_secure() const {
    return any([](const KeyState& each) { return !each.ds.is(kHidden); });
  }

  // Remembers that at `when` something may happen; true when that is now.
  bool is_time(KeyTime when) {
    if (when <= now_) { return true; }
    if (!next_ || when < *next_) { next_ = when; }
    return false;
  }

  // ---- which keys

  void choose_keys() {
    const std::vector<KeyRole> roles =
        policy_.split ? std::vector{KeyRole::kKsk, KeyRole::kZsk} : std::vector{KeyRole::kCsk};
    struct Pick {
      KeyState* current;
      KeyState* spare;
    };
    std::vector<Pick> picks;
    for (const KeyRole role : roles) {
      KeyState* const current = find_current(role);
      if (current != nullptr && !(is_due(*current) && is_settled(*current))) { continue; }
      KeyState* const spare = find_spare(role);
      if (spare == nullptr) { missing_.push_back(role); }
      picks.push_back({current, spare});
    }
    for (const Pick& pick : picks) {
      // A new algorithm or layout starts with all its keys or not at all.
      if (pick.spare == nullptr || (pick.current == nullptr && !missing_.empty())) { continue; }
      pick.spare->introduced = now_;
      if (pick.current != nullptr) { pick.current->wanted = false; }
    }
    if (std::any_of(roles.begin(), roles.end(),
                    [this](KeyRole role) { return find_current(role) == nullptr; })) {
      return;
    }
    for (KeyState& key : keys_) {
      const bool fits = key.algorithm == policy_.algorithm &&
                        std::find(roles.begin(), roles.end(), key.role) != roles.end();
      if (key.introduced && !fits) { key.wanted = false; }
    }
  }

  KeyState* find_current(KeyRole role) {
    const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const KeyState& key) {
      return key.wanted && key.introduced && has_role(key, role) &&
             key.algorithm == policy_.algorithm;
    });
    return found == keys_.end() ? nullptr : &*found;
  }
  // The oldest: keys are used in the order they were made.
  KeyState* find_spare(KeyRole role) {
    KeyState* oldest = nullptr;
    for (KeyState& key : keys_) {
      if (!key.wanted || key.introduced || !has_role(key, role) ||
          key.algorithm != policy_.algorithm) {
        continue;
      }
      if (oldest == nullptr || key.created < oldest->created) { oldest = &key; }
    }
    return oldest;
  }

  bool is_due(const KeyState& key) {
    if (key.roll_at && is_time(*key.roll_at)) { return true; }
    const seconds lifetime =
        key.role == KeyRole::kZsk ? policy_.zsk_lifetime : policy_.ksk_lifetime;
    if (lifetime == seconds(0) || !key.activated) { return false; }
    return is_time(*key.activated + lifetime - policy_.propagation - policy_.dnskey_ttl);
  }
  // The rollover before is over: it is easier to follow one at a time, and the key set stays small.
  bool is_settled(const KeyState& current) const {
    return current.dnskey.is(kOmnipresent) &&
           (!signs_zone(current.role) || current.zrrsig.is(kOmnipresent)) &&
           !any([&](const KeyState& each) {
             return !each.wanted && overlaps(each.role, current.role) && !each.is_gone();
           });
  }

  // ---- what becomes of their records

  bool step() {
    bool changed = false;
    for (KeyState& key : keys_) { changed |= settle(key); }
    for (KeyState& key : keys_) {
      changed |= stays(key) ? introduce(key) : key.introduced && withdraw(key);
    }
    return changed;
  }

  bool settle(KeyState& key) {
    // Before the first DS a validator may also have learnt that there is no DNSKEY (RFC
    // 7583 3.3.5).
    const seconds keys_ttl =
        is_secure() ? policy_.dnskey_ttl : std::max(policy_.dnskey_ttl, policy_.negative_ttl);
    bool changed = settle_after(key.dnskey, policy_.propagation + keys_ttl);
    changed |= settle_after(key.zrrsig, policy_.propagation + policy_.zone_ttl);
    return settle_ds(key) || changed;
  }
  bool settle_after(RecordState& record, seconds wait) {
    if (!record.is(kRumoured) && !record.is(kUnretentive)) { return false; }
    if (!is_time(record.since + wait)) { return false; }
    record = {record.is(kRumoured) ? kOmnipresent : kHidden, now_};
    return true;
  }
  bool settle_ds(KeyState& key) {
    const seconds wait = policy_.parent_propagation + policy_.parent_ds_ttl;
    if (key.ds.is(kRumoured) && key.ds_seen && is_time(*key.ds_seen + wait)) {
      key.ds = {kOmnipresent, now_};
      return true;
    }
    if (!key.ds.is(kUnretentive)) { return false; }
    bool gone = key.ds_gone && is_time(*key.ds_gone + wait);
    for (const KeyState& other : keys_) {
      gone = gone || (other.wanted && other.ds.is_served() && other.ds_seen &&
                      *other.ds_seen >= key.ds.since && is_time(*other.ds_seen + wait));
    }
    if (gone) { key.ds = {kHidden, now_}; }
    return gone;
  }

  bool introduce(KeyState& key) {
    bool changed = false;
    if (!key.dnskey.is_served() && may_publish(key)) {
      key.dnskey = {kRumoured, now_};
      if (!signs_zone(key.role) && !key.activated) { key.activated = now_; }
      changed = true;
    }
    if (signs_zone(key.role) && !key.zrrsig.is_served() && may_sign(key)) {
      key.zrrsig = {kRumoured, now_};
      if (!key.activated) { key.activated = now_; }
      changed = true;
    }
    if (signs_keys(key.role) && !key.ds.is_served() && may_announce(key)) {
      key.ds = {kRumoured, now_};
      key.ds_seen.reset();
      key.ds_gone.reset();
      changed = true;
    }
    return changed;
  }

  // A new algorithm's keys come after its signatures are everywhere (RFC 6781 4.1.4), those of an
  // algorithm at work at any time.
  bool may_publish(const KeyState& key) const {
    return !is_secure() || any_of_algorithm(key.algorithm, [this](const KeyState& each) {
      return (each.dnskey.is(kOmnipresent) && each.zrrsig.is_served()) ||
             (stays(each) && each.zrrsig.is(kOmnipresent));
    });
  }
  // Pre-publication (RFC 6781 4.1.1.1), or the start of an algorithm nobody can know of yet.
  bool may_sign(const KeyState& key) const {
    return !is_secure() || key.dnskey.is(kOmnipresent) ||
           !any_of_algorithm(key.algorithm,
                             [](const KeyState& each) { return !each.dnskey.is(kHidden); });
  }
  bool may_announce(const KeyState& key) const {
    return key.dnskey.is(kOmnipresent) && any_of_algorithm(key.algorithm, [](const KeyState& each) {
             return each.dnskey.is(kOmnipresent) && each.zrrsig.is(kOmnipresent);
           });
  }

  bool withdraw(KeyState& key) {
    bool changed = false;
    if (key.ds.is_served() && may_retract(key)) {
      key.ds = {kUnretentive, now_};
      key.ds_gone.reset();
      changed = true;
    }
    if (key.zrrsig.is_served() && may_stop_signing(key)) {
      key.zrrsig = {kUnretentive, now_};
      changed = true;
    }
    if (key.dnskey.is_served() && may_unpublish(key)) {
      key.dnskey = {kUnretentive, now_};
      changed = true;
    }
    return changed;
  }

  // The DS is swapped for another's in one step, or withdrawn for good.
  bool may_retract(const KeyState&) const {
    return policy_.go_insecure ||
           any([this](const KeyState& each) { return stays(each) && each.ds.is_served(); });
  }
  bool may_stop_signing(const KeyState& key) const {
    const bool other_signs =
        any([this](const KeyState& each) { return stays(each) && each.zrrsig.is_served(); });
    if (!is_secure()) { return policy_.go_insecure || other_signs; }
    const bool successor_signs = any_of_algorithm(key.algorithm, [this](const KeyState& each) {
      return stays(each) && each.zrrsig.is_served() && each.dnskey.is(kOmnipresent);
    });
    const bool algorithm_is_known = any_of_algorithm(
        key.algorithm, [](const KeyState& each) { return !each.dnskey.is(kHidden); });
    return successor_signs || (!algorithm_is_known && other_signs);
  }
  bool may_unpublish(const KeyState& key) const {
    if (!key.ds.is(kHidden)) { return false; }
    if (policy_.go_insecure) { return !is_secure(); }
    const bool other_serves =
        any([this](const KeyState& each) { return stays(each) && each.dnskey.is_served(); });
    if (!other_serves) { return false; }
    if (!is_secure()) { return !key.zrrsig.is_served(); }
    if (key.zrrsig.is(kHidden)) { return true; }
    // The last of an algorithm: its keys go together, its signatures after them.
    return !any_of_algorithm(key.algorithm, [this](const KeyState& each) {
      return stays(each) || !each.ds.is(kHidden);
    });
  }

  std::vector<KeyState> keys_;
  const RolloverPolicy& policy_;
  const KeyTime now_;
  std::vector<KeyRole> missing_;
  std::optional<KeyTime> next_;
};

void delay(RecordState& record, KeyTime decided, KeyTime served) {
  const bool waits = record.is(kRumoured) || record.is(kUnretentive);
  if (waits && record.since == decided) { record.since = served; }
}

}  // namespace

bool KeyState::is_gone() const noexcept {
  return !wanted && dnskey.is(kHidden) && zrrsig.is(kHidden) && ds.is(kHidden);
}

Advance advance(std::vector<KeyState> keys, const RolloverPolicy& policy, KeyTime now) {
  return Machine(std::move(keys), policy, now).run();
}

void start_waits_at(std::vector<KeyState>& keys, KeyTime decided, KeyTime served) {
  for (KeyState& key : keys) {
    delay(key.dnskey, decided, served);
    delay(key.zrrsig, decided, served);
    delay(key.ds, decided, served);
  }
}

void allow_for_clock_step(std::vector<KeyState>& keys, seconds forward) {
  for (KeyState& key : keys) {
    for (RecordState* const record : {&key.dnskey, &key.zrrsig, &key.ds}) {
      if (record->is(kRumoured) || record->is(kUnretentive)) { record->since += forward; }
    }
    if (key.ds_seen) { *key.ds_seen += forward; }
    if (key.ds_gone) { *key.ds_gone += forward; }
  }
}

bool may_be_unsigned(const std::vector<KeyState>& keys, const RolloverPolicy& policy) {
  return policy.go_insecure && std::all_of(keys.begin(), keys.end(),
                                           [](const KeyState& key) { return key.ds.is(kHidden); });
}

bool asks_ds_removal(const std::vector<KeyState>& keys, const RolloverPolicy& policy) {
  return policy.go_insecure && !may_be_unsigned(keys, policy);
}

DsReport report_ds_seen(std::vector<KeyState>& keys, std::uint16_t tag, KeyTime now) {
  KeyTime latest = now;
  bool other_awaits = false;
  for (const KeyState& key : keys) {
    if (!key.ds.is(kUnretentive)) { continue; }
    other_awaits = true;
    latest = std::max(latest, key.ds.since);
  }
  DsReport report = DsReport::kNoSuchKey;
  for (KeyState& key : keys) {
    if (key.tag != tag || key.is_gone() || !key.introduced) { continue; }
    const bool awaited =
        (key.ds.is(kRumoured) && !key.ds_seen) ||
        (key.ds.is_served() && other_awaits && !(key.ds_seen && *key.ds_seen >= latest));
    if (!awaited) {
      if (report == DsReport::kNoSuchKey) { report = DsReport::kNotAwaited; }
      continue;
    }
    key.ds_seen = latest;
    report = DsReport::kTaken;
  }
  return report;
}

DsReport report_ds_gone(std::vector<KeyState>& keys, KeyTime now) {
  DsReport report = DsReport::kNotAwaited;
  const bool served =
      std::any_of(keys.begin(), keys.end(), [](const KeyState& key) { return key.ds.is_served(); });
  if (served) { return report; }
  for (KeyState& key : keys) {
    if (!key.ds.is(kUnretentive) || key.ds_gone) { continue; }
    key.ds_gone = std::max(now, key.ds.since);
    report = DsReport::kTaken;
  }
  return report;
}

}  // namespace gslb::dnssec
