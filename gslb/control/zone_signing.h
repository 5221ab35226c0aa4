// One signing of one zone: keys from their directory, the rollover's next step, the signed zone.
//
// Why apart from ZoneSigner: this is the work, without threads, and all that must be right about
// keys, serials and failures; ZoneSigner decides when and where it runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"
#include "gslb/config/config.h"
#include "gslb/dnssec/key_store.h"
#include "gslb/dnssec/sign_zone.h"
#include "gslb/transfer/exported_zone.h"
#include "gslb/zone/zone.h"

namespace gslb::control {

using ZonePtr = std::shared_ptr<const zone::Zone>;
// By route: the address types its owner is promised to have.
using RoutedTypes = std::vector<std::vector<dns::RrType>>;

// A zone with its keys at one moment.  Immutable once made.
struct SignedVersion {
  ZonePtr source;  // what it was made from
  ZonePtr zone;    // null: what is served stays as it is
  dnssec::ZoneKeys keys;
  std::vector<dnssec::PlannedKey> planned;  // what `zone` is signed by; empty: unsigned
  dnssec::KeyTime decided;                  // the moment the states of `keys` are of
  std::vector<dnssec::KeyRole> missing;     // keys that the operator has to make
  std::optional<dnssec::KeyTime> next_rollover;
  WallTime next_resign = WallTime::max();
  WallTime first_expiration = WallTime::max();
  std::size_t signatures_made = 0;
  std::uint32_t max_ttl_s = 0;  // of `source` and what was before it
  std::string complaint;        // about key files; what is in memory was used
};

struct SigningTask {
  dns::Name apex;
  config::DnssecPolicy policy;
  ZonePtr source;
  ZonePtr previous;                                       // served now; null: see `copy_file`
  std::shared_ptr<const SignedVersion> current;           // the last one taken over; may be null
  dnssec::ZoneKeys keys;                                  // as known
  std::uint32_t serial = 0;                               // what the served one was, at least
  bool reads_keys = true;                                 // look into the directory for others
  std::shared_ptr<const dnssec::KeyDirectory> directory;  // ... as it was lately; null: as it is
  bool is_stale = false;           // sign even if neither source, keys nor times ask for it
  std::uint32_t routed_ttl_s = 0;  // largest of any service
  std::uint32_t held_ttl_s = 0;    // caches may still hold this
  std::shared_ptr<const RoutedTypes> routed_types;
  std::shared_ptr<const transfer::StaticAnswers> statics;  // null: the zone is not transferred
  std::string copy_file;  // the last signed version on disk; "" : none is kept
  unsigned threads = 1;
  WallTime now;
  std::function<bool()> is_cancelled;  // may be null
};

dnssec::RolloverPolicy rollover_policy(const config::DnssecPolicy& policy);
dnssec::NewKey new_key(const config::DnssecPolicy& policy, dnssec::KeyRole role);

// Makes and purges keys where the policy says so (on disk at once), changes nothing else.  The
// error, a line for people, says what to do.  Takes about 30 us a signature; any thread.
Result<std::shared_ptr<SignedVersion>, std::string> sign_version(const SigningTask& task);

// Whether the zone's keys could be used at a start: their files are readable, or can be made.
// Writes nothing.
struct SignedZone {
  const dns::Name& apex;
  const config::DnssecPolicy& policy;
  const Location& at;
};
void check_keys(const SignedZone& zone, const dnssec::KeyDirectory& directory, Problems& problems);

}  // namespace gslb::control
