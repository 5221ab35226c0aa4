// One zone of the ZoneSigner.  Private to it.
#pragma once

#include <algorithm>

#include "gslb/control/zone_signer.h"

namespace gslb::control {

// Everything is guarded by the signer's mutex; `is_busy`: a task made from it is at work.
struct ZoneSigner::Entry {
  dns::Name apex;
  config::DnssecPolicy policy;
  ZonePtr source;  // as stage() saw them last
  ZonePtr previous;
  std::uint32_t serial = 0;
  std::shared_ptr<const transfer::StaticAnswers> statics;  // null: nobody gets the zone
  dnssec::ZoneKeys keys;
  std::shared_ptr<SignedVersion> made;  // not yet taken over
  std::uint64_t made_of = 0;            // the revision it, or what was taken over last, is of
  std::uint64_t failed_of = 0;          // the revision that the problem is of
  std::shared_ptr<const SignedVersion> current;  // served
  std::uint64_t revision = 1;  // what a task was made from, another one: its result is void
  bool reads_keys = true;
  std::shared_ptr<const dnssec::KeyDirectory> directory;  // for the next task; null: as it is
  bool is_stale = false;
  bool is_busy = false;
  std::uint32_t held_ttl_s = 0;
  WallTime held_until = WallTime::min();
  std::optional<WallTime> retry_at;
  std::string problem;

  bool may_have_ds() const {
    return std::ranges::any_of(keys, [](const dnssec::ZoneKey& key) {
      return !key.state.ds.is(dnssec::Presence::kHidden);
    });
  }
  std::optional<WallTime> next_event() const {
    std::optional<WallTime> next = retry_at;
    if (current) {
      const auto sooner = [&next](WallTime at) { next = std::min(next.value_or(at), at); };
      if (current->next_resign != WallTime::max()) { sooner(current->next_resign); }
      if (current->next_rollover) { sooner(*current->next_rollover); }
    }
    return next;
  }
};

}  // namespace gslb::control
