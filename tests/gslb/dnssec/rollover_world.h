// A model of the world around a zone's keys: what the zone's and the parent's servers gave out, and
// so what resolvers may hold now, in any combination.
#pragma once

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gslb/base/random.h"
#include "gslb/dnssec/rollover.h"

namespace gslb::dnssec {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using enum Presence;

inline constexpr seconds kDay = hours(24);
inline constexpr KeyTime kStart{seconds(1'700'000'000)};

using KeyId = std::pair<std::uint8_t, std::uint16_t>;  // algorithm, tag
using KeySet = std::set<KeyId>;

// What was given out from `from` on, until the next one.
struct ZoneVersion {
  KeyTime from;
  KeySet published;
  KeySet key_signers;
  KeySet zone_signers;
  friend bool operator==(const ZoneVersion& a, const ZoneVersion& b) {
    return a.published == b.published && a.key_signers == b.key_signers &&
           a.zone_signers == b.zone_signers;
  }
};
struct DsVersion {
  KeyTime from;
  KeySet keys;
};

// The versions that some resolver may still hold at `at`: those given out after `at` - reach.
template <typename Version>
std::vector<const Version*> cached(const std::vector<Version>& history, KeyTime at, seconds reach) {
  std::vector<const Version*> found;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const bool over = i + 1 < history.size() && history[i + 1].from <= at - reach;
    if (!over && history[i].from <= at) { found.push_back(&history[i]); }
  }
  return found;
}

inline bool has_algorithm(const KeySet& keys, std::uint8_t algorithm) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const KeyId& key) { return key.first == algorithm; });
}

inline std::string to_text(const KeySet& keys) {
  std::ostringstream out;
  for (const auto& [algorithm, tag] : keys) { out << ' ' << int(algorithm) << '/' << tag; }
  return out.str();
}

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  RolloverPolicy policy;
  std::vector<KeyState> keys;
  bool operator_acts = true;
  bool makes_keys = true;
  seconds clock_error{0};      // of the daemon's clock
  seconds longest_signing{0};  // between a decision and serving it
  std::size_t rollovers = 0;   // keys taken into use
  std::size_t confirmed = 0;   // DS
  std::size_t checks = 0;

  KeyTime now() const { return now_; }
  bool has_ds() const { return !parent_.empty() && !parent_.back().keys.empty(); }
  std::uint16_t last_tag() const { return next_tag_ - 1; }

  // One look at the keys at the present moment, as the daemon does it.
  void look() {
    act_for_operator();
    const KeyTime clock = now_ + clock_error;
    Advance result = advance(keys, policy, clock);
    for (int tries = 0; makes_keys && !result.missing.empty() && tries < 3; ++tries) {
      for (const KeyRole role : result.missing) { add_key(role, clock); }
      result = advance(result_with_new(result), policy, clock);
    }
    const Advance again = advance(result.keys, policy, clock);
    EXPECT_EQ(again.keys, result.keys) << "not settled in one call";
    for (const KeyState& key : result.keys) {
      const auto before = std::find_if(keys.begin(), keys.end(),
                                       [&](const KeyState& each) { return each.tag == key.tag; });
      const bool was_used = before != keys.end() && before->introduced;
      if (key.introduced && !was_used) { ++rollovers; }
    }
    next_ = result.next;
    const seconds signing = draw(longest_signing);
    start_waits_at(result.keys, clock, clock + signing);
    pass(signing);
    keys = std::move(result.keys);
    serve();
    check();
  }

  // Time goes on to the next event of the machine or of the operator, or by `most`.
  void go_on(seconds most = kDay) {
    seconds by = most;
    if (next_) { by = std::min(by, std::max(seconds(1), *next_ - (now_ + clock_error))); }
    if (swap_at_) { by = std::min(by, std::max(seconds(1), *swap_at_ - now_)); }
    if (report_at_) { by = std::min(by, std::max(seconds(1), *report_at_ - now_)); }
    pass(by);
    check();
    look();
  }
  void go_on_for(seconds time) {
    const KeyTime end = now_ + time;
    while (now_ < end && !::testing::Test::HasFailure()) { go_on(); }
  }

  seconds draw(seconds most) {
    return seconds(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()) + 1)));
  }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  std::string describe() const {
    std::ostringstream out;
    for (const KeyState& key : keys) {
      const auto state = [](const RecordState& record) {
        return "HROU"[static_cast<int>(record.presence)];
      };
      out << int(key.algorithm) << '/' << key.tag << " role " << int(key.role)
          << (key.wanted ? " wanted" : " unwanted") << " dnskey " << state(key.dnskey) << " zrrsig "
          << state(key.zrrsig) << " ds " << state(key.ds) << '\n';
    }
    return out.str();
  }

 private:
  std::vector<KeyState> result_with_new(Advance& result) {
    std::vector<KeyState> all = std::move(result.keys);
    all.insert(all.end(), made_.begin(), made_.end());
    made_.clear();
    return all;
  }
  void add_key(KeyRole role, KeyTime clock) {
    KeyState key;
    key.tag = next_tag_++;
    key.algorithm = policy.algorithm;
    key.role = role;
    key.created = clock;
    made_.push_back(key);
  }
  void pass(seconds by) { now_ += by; }

  void serve() {
    ZoneVersion version{now_, {}, {}, {}};
    for (const KeyState& key : keys) {
      const KeyId id{key.algorithm, key.tag};
      if (key.dnskey.is_served()) {
        version.published.insert(id);
        if (signs_keys(key.role)) { version.key_signers.insert(id); }
      }
      if (key.zrrsig.is_served()) { version.zone_signers.insert(id); }
    }
    if (zone_.empty() || !(zone_.back() == version)) { zone_.push_back(std::move(version)); }
  }

  KeySet announced() const {
    KeySet set;
    for (const KeyState& key : keys) {
      if (key.ds.is_served()) { set.insert({key.algorithm, key.tag}); }
    }
    return set;
  }
  // The operator takes some time, the parent's servers too, then the operator reports.
  void act_for_operator() {
    if (!operator_acts) { return; }
    const bool removal = asks_ds_removal(keys, policy);
    const KeySet wanted = announced();
    const KeySet there = parent_.empty() ? KeySet{} : parent_.back().keys;
    if (!swap_at_ && !report_at_ && wanted != there && (!wanted.empty() || removal)) {
      swap_at_ = now_ + draw(7 * kDay);
    }
    if (swap_at_ && now_ >= *swap_at_) {
      swap_at_.reset();
      parent_.push_back({now_, wanted});
      report_at_ = now_ + draw(policy.parent_propagation);
      reported_ = wanted;
    }
    if (report_at_ && now_ >= *report_at_) {
      report_at_.reset();
      const KeyTime clock = now_ + clock_error;
      if (reported_.empty()) { report_ds_gone(keys, clock); }
      for (const auto& [algorithm, tag] : reported_) {
        if (announced() != reported_) { break; }  // asked for another meanwhile
        if (report_ds_seen(keys, tag, clock) == DsReport::kTaken) { ++confirmed; }
      }
    }
  }

  void check() {
    ++checks;
    const auto ds_views = cached(parent_, now_, policy.parent_ds_ttl + policy.parent_propagation);
    const auto key_views = cached(zone_, now_, policy.dnskey_ttl + policy.propagation);
    const auto data_views = cached(zone_, now_, policy.zone_ttl + policy.propagation);
    for (const DsVersion* ds : ds_views) {
      for (const ZoneVersion* dnskey : key_views) {
        for (const ZoneVersion* data : data_views) { check(ds->keys, *dnskey, *data); }
      }
    }
  }
  void check(const KeySet& ds, const ZoneVersion& dnskey, const ZoneVersion& data) {
    // As strict as RFC 4035 2.2 lets a validator be: every algorithm of the DS and of the DNSKEY
    // RRset must work, not any one (RFC 6840 5.11).
    if (ds.empty()) { return; }
    for (const std::uint8_t algorithm : {8, 13, 15}) {
      if (has_algorithm(ds, algorithm)) {
        const bool anchored = std::any_of(ds.begin(), ds.end(), [&](const KeyId& key) {
          return key.first == algorithm && dnskey.key_signers.contains(key);
        });
        if (!anchored) { fail("no way from the DS to the keys", ds, dnskey, data); }
      }
      if (!has_algorithm(ds, algorithm) && !has_algorithm(dnskey.published, algorithm)) {
        continue;
      }
      const bool proven =
          std::any_of(data.zone_signers.begin(), data.zone_signers.end(), [&](const KeyId& key) {
            return key.first == algorithm && dnskey.published.contains(key);
          });
      if (!proven) { fail("data without a signature that verifies", ds, dnskey, data); }
    }
  }
  void fail(const char* what, const KeySet& ds, const ZoneVersion& dnskey,
            const ZoneVersion& data) {
    ADD_FAILURE() << what << " at +" << (now_ - kStart).count() << " s: DS" << to_text(ds)
                  << "; DNSKEY" << to_text(dnskey.published) << " of +"
                  << (dnskey.from - kStart).count() << "; signed by" << to_text(data.zone_signers)
                  << " of +" << (data.from - kStart).count() << '\n'
                  << describe();
  }

  Random random_;
  KeyTime now_ = kStart;
  std::uint16_t next_tag_ = 1;
  std::vector<KeyState> made_;
  std::optional<KeyTime> next_;
  std::vector<ZoneVersion> zone_;
  std::vector<DsVersion> parent_;
  std::optional<KeyTime> swap_at_;
  std::optional<KeyTime> report_at_;
  KeySet reported_;
};

}  // namespace gslb::dnssec
