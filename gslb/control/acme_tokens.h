// Validation tokens that operators' ACME clients put into our zones for a while.
//
// Source: RFC 8555 8.4 (dns-01): TXT at _acme-challenge.NAME, several values at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/base/result.h"
#include "gslb/dns/name.h"

namespace gslb::control {

inline constexpr std::uint32_t kAcmeTtl_s = 30;
inline constexpr std::size_t kMaxAcmeTokens = 10'000;
inline constexpr std::size_t kMaxAcmeTokensPerOwner = 64;  // one answer must hold them
inline constexpr std::chrono::minutes kAcmeLife{10};       // when nothing is said
inline constexpr std::chrono::hours kMaxAcmeLife{24 * 30};

struct AcmeToken {
  dns::Name name;   // _acme-challenge.…, as asked for
  dns::Name owner;  // where the TXT stands: `name`, or the end of its CNAMEs
  dns::Name apex;   // of the zone of `owner`
  std::string text;
  WallTime expires;
  bool is_published = false;  // answers have it
};

// _acme-challenge.NAME in lower case; NAME may have the prefix already, and may be a wildcard.
// nullopt: not a name.
std::optional<dns::Name> acme_owner(std::string_view name);

// One character string (RFC 1035 3.3.14), printable ASCII without blanks.  A digest is 43
// characters of base64url, but what a validator wants is not ours to judge.
bool is_acme_text(std::string_view text) noexcept;

// What the zone store keeps across restarts.
struct SavedZones {
  // What secondaries had at the routed owners of a zone, and under which serial.
  struct Statics {
    dns::Name apex;
    std::uint32_t serial = 0;
    std::uint64_t digest = 0;
  };
  std::vector<AcmeToken> tokens;
  std::vector<std::pair<dns::Name, std::uint32_t>> serials;  // ahead of what is authored
  std::vector<Statics> statics;
};
// Versioned JSON; equal states give equal octets.
std::string write_zone_state(const SavedZones& state);
// Total.  A text that can't be used gives an empty state and a warning, a bad entry its own.
SavedZones parse_zone_state(const std::string& text, Problems& problems);

}  // namespace gslb::control
