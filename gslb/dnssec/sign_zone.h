// Signs a whole zone: keys, denial chain, signatures; a re-signing makes only what is missing.
//
// Source: RFC 4035 2 (zone signing), RFC 5155 7.1 and RFC 9276 (NSEC3), RFC 9077 (TTL of NSEC and
// NSEC3), RFC 7344 and 8078 (CDS, CDNSKEY), RFC 6781 4 (several keys during rollovers).
//
// Why by comparison with the zone before instead of a list of changes: whatever the change was
// (edited records, new keys, time, another chain), a signature stays when the RRset, the key and
// the time left allow it, and nothing else has to be right.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"
#include "gslb/dnssec/key.h"
#include "gslb/zone/zone.h"

namespace gslb::dnssec {

// What one key does now.
struct PlannedKey {
  std::shared_ptr<const SigningKey> key;
  bool is_published = true;   // in the DNSKEY RRset
  bool signs_keys = false;    // DNSKEY, CDS and CDNSKEY
  bool signs_zone = false;    // every other RRset
  bool is_announced = false;  // in CDS and CDNSKEY
};

enum class Denial : std::uint8_t { kNsec, kNsec3, kNsec3OptOut };

struct SigningPlan {
  // No two with the same tag and algorithm.  At least one signs the keys and one the zone.
  std::vector<PlannedKey> keys;
  std::vector<DigestType> cds_digests = {DigestType::kSha256};
  bool asks_ds_removal = false;  // CDS and CDNSKEY "delete" in place of those of the keys

  Denial denial = Denial::kNsec;
  bool is_compact = false;  // with kNsec3: see Zone::compact_id()
  std::uint16_t nsec3_iterations = 0;
  Buffer nsec3_salt;

  std::uint32_t serial = 0;           // of the SOA
  std::uint32_t dnskey_ttl_s = 3600;  // of DNSKEY, CDS and CDNSKEY
  WallTime now;
  seconds lifetime = std::chrono::days(14);  // from now to the latest expiration
  seconds jitter = std::chrono::days(2);     // expirations spread over so much before that
  seconds refresh = std::chrono::days(5);    // renewed when less than that is left
  // Those that will be due so soon are renewed together: a re-signing pays for a whole new zone.
  seconds renew_ahead = std::chrono::hours(1);
  seconds inception_skew = std::chrono::hours(1);  // for validators whose clock is behind
  // Of the signatures in `previous` that are only due to be renewed, at most so many are, those
  // that expire first: a bound for the work of one call.  SignedZone::next_resign then is now.
  std::size_t max_renewed = SIZE_MAX;

  // The types a routed owner has beside its RRsets, for its bitmap; called on the calling thread.
  // Null: A and AAAA.
  std::function<std::vector<dns::RrType>(zone::RouteIndex)> routed_types;
  // RRsets put at a routed owner: addresses in the place of the source's, others where it has none;
  // what servers that don't steer answer.  Of routed_types() only, so that the bitmap is right.
  // Views must outlive the call.  Null: none.
  std::function<std::vector<dns::RrsetView>(zone::RouteIndex)> routed_sets;

  unsigned threads = 1;
  // Asked every few signatures, from any of the threads; true ends the work.  May be null.
  std::function<bool()> is_cancelled;
};

struct SignedZone {
  std::shared_ptr<const zone::Zone> zone;
  // When the first signature has `refresh` left: sign again then.
  WallTime next_resign;
  WallTime first_expiration;
  std::size_t signatures_made = 0;
  std::size_t signatures_reused = 0;
};

enum class SignError : std::uint8_t {
  kCancelled,
  kNoKeys,         // nothing signs the keys, or nothing the zone
  kHashCollision,  // two owners with one NSEC3 hash: another salt is needed
};

// `source` with what a former signing left (DNSKEY, CDS, CDNSKEY, RRSIG, NSEC, NSEC3, NSEC3PARAM)
// removed, signed by `plan`.  Routes stay bound; routed owners have of their routed types what
// plan.routed_sets says.
// Signatures of `previous` (may be null) are used again where they fit.
// REQUIRES: the keys belong to source.apex(); refresh + renew_ahead + jitter < lifetime.
// O(records log records), plus about 30 us for a P-256 signature, over plan.threads.
Result<SignedZone, SignError> sign_zone(const zone::Zone& source, const SigningPlan& plan,
                                        const zone::Zone* previous);

}  // namespace gslb::dnssec
