// Which keys of a zone are published, announced and used now, and what comes next: key rollovers as
// a pure state machine.
//
// Source: RFC 7583 (timing), RFC 6781 4.1 (ZSK pre-publication, KSK double signature, algorithm
// rollover, conservative), RFC 7344 and 8078 (CDS, CDNSKEY), RFC 4035 2.2; Mekking, "Flexible and
// Robust Key Rollover in DNSSEC" (the states of records, also in BIND's dnssec-policy).
//
// Why states of records instead of a script per kind of rollover: what makes a zone bogus is what
// caches hold.  Each record of a key is absent from every cache, in some, in every one, or still
// in some; a step is taken when it leaves every combination of caches valid.  ZSK, KSK, CSK and
// algorithm rollovers, a change of layout, and changes of mind in the middle of one then need no
// code of their own, and a restart needs no more than the states.
//
// What holds after every step of a zone with a DS (tests/gslb/dnssec/rollover_test.cc models the
// caches and checks that it suffices):
//  1. a key whose DS may be cached is in every cached DNSKEY RRset;
//  2. some key's DS is at the parent at every moment;
//  3. a key whose signatures may be cached is in every cached DNSKEY RRset, or its algorithm is in
//     none or all of it is signed by every cached RRset;
//  4. every algorithm that may be seen in a DNSKEY RRset signs the zone at every moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace gslb::dnssec {

// Whole seconds: what key files hold.
using KeyTime = std::chrono::sys_seconds;

enum class KeyRole : std::uint8_t { kCsk, kKsk, kZsk };
constexpr bool signs_keys(KeyRole role) noexcept { return role != KeyRole::kZsk; }
constexpr bool signs_zone(KeyRole role) noexcept { return role != KeyRole::kKsk; }

// Of one record in the caches of the world.  Names as in BIND's .state files.
enum class Presence : std::uint8_t {
  kHidden,       // in none
  kRumoured,     // served; some may not have it yet
  kOmnipresent,  // in all
  kUnretentive,  // no longer served; some may still have it
};

struct RecordState {
  Presence presence = Presence::kHidden;
  KeyTime since{};  // meaningless while hidden from the start

  bool is(Presence other) const noexcept { return presence == other; }
  // Served by us, or by the parent for a DS.
  bool is_served() const noexcept {
    return presence == Presence::kRumoured || presence == Presence::kOmnipresent;
  }
  friend bool operator==(const RecordState&, const RecordState&) = default;
};

struct KeyState {
  std::uint16_t tag = 0;       // with the algorithm it tells the keys of a zone apart
  std::uint8_t algorithm = 0;  // IANA number
  KeyRole role = KeyRole::kCsk;
  KeyTime created{};
  std::optional<KeyTime> introduced;  // taken into use; before that a spare
  std::optional<KeyTime> activated;   // its lifetime starts
  std::optional<KeyTime> roll_at;     // the operator's: replace it then
  bool wanted = true;                 // false: a successor takes over, then it goes
  std::optional<KeyTime> ds_seen;     // told that the parent has its DS, and no other
  std::optional<KeyTime> ds_gone;     // told that the parent has no DS
  RecordState dnskey;                 // and, of a KSK or CSK, the signature of the DNSKEY RRset
  RecordState zrrsig;                 // signatures of everything else; of a ZSK or CSK
  RecordState ds;                     // of a KSK or CSK; served from when CDS asks for it

  // Retired: nothing of it is left anywhere.
  bool is_gone() const noexcept;
  friend bool operator==(const KeyState&, const KeyState&) = default;
};

struct RolloverPolicy {
  using seconds = std::chrono::seconds;
  std::uint8_t algorithm = 13;
  bool split = false;        // KSK and ZSK; otherwise one CSK
  bool go_insecure = false;  // withdraw the DS, then everything
  seconds zsk_lifetime{0};   // 0: for ever
  seconds ksk_lifetime{0};   // of KSK or CSK
  // The largest that caches may hold, also from before a change of the TTL.
  seconds dnskey_ttl{3600};
  seconds zone_ttl{86'400};
  seconds negative_ttl{3600};
  seconds propagation{3600};  // to every server of the zone
  seconds parent_propagation{3600};
  seconds parent_ds_ttl{86'400};
};

struct Advance {
  std::vector<KeyState> keys;
  // A key of each of these roles is needed: make it, add it and advance again.
  std::vector<KeyRole> missing;
  // When time alone will change something; nullopt: not before a command, a new key or policy.
  std::optional<KeyTime> next;
};

// The states at `now`.  Total and deterministic; asked again with its own result at the same `now`
// it changes nothing.  A `now` before that of earlier calls delays, it never hastens.
Advance advance(std::vector<KeyState> keys, const RolloverPolicy& policy, KeyTime now);

// What was decided at `decided` is served only since `served` (signing took its time): the waits
// start then.
void start_waits_at(std::vector<KeyState>& keys, KeyTime decided, KeyTime served);

// The clock was set forward by so much: it says that waits are over sooner than they are.
void allow_for_clock_step(std::vector<KeyState>& keys, std::chrono::seconds forward);

// The zone may be served unsigned: it is to go insecure and no cache can hold a DS.
bool may_be_unsigned(const std::vector<KeyState>& keys, const RolloverPolicy& policy);
// CDS and CDNSKEY ask for the removal of the DS (RFC 8078 4).
bool asks_ds_removal(const std::vector<KeyState>& keys, const RolloverPolicy& policy);

enum class DsReport : std::uint8_t {
  kTaken,
  kNoSuchKey,
  kNotAwaited,  // no DS of this key was asked for, or it has been confirmed already
};
// The operator saw the DS of this key at all servers of the parent, and the others gone.
DsReport report_ds_seen(std::vector<KeyState>& keys, std::uint16_t tag, KeyTime now);
// ... or that there is none left, of a zone going insecure.
DsReport report_ds_gone(std::vector<KeyState>& keys, KeyTime now);

}  // namespace gslb::dnssec
