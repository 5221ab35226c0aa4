// What the file says about zones whose data come from primaries, and about catalogs of them.
//
// Source: RFC 1034 4.3.5, RFC 1996 (NOTIFY), RFC 9432 (catalog zones).
#pragma once

#include <cstdint>
#include <vector>

#include "gslb/config/transfer.h"

namespace gslb::config {

// [[zone.member_group]]: how members with this group property are fetched.
struct MemberGroup {
  LocatedString name;                    // as the catalog's group property has it
  std::vector<LocatedString> primaries;  // ids of remotes

  friend bool operator==(const MemberGroup&, const MemberGroup&) = default;
};

// Of [[zone]]: where its data come from.
struct ZoneSecondary {
  std::vector<LocatedString> primaries;  // ids of remotes, asked in order; empty: it has a file
  std::vector<AccessRule> allow_notify;  // who may, beside the primaries
  bool is_catalog = false;               // its records list zones to be served
  std::vector<LocatedString> member_primaries;  // of those zones; default: `primaries`
  std::vector<MemberGroup> groups;

  friend bool operator==(const ZoneSecondary&, const ZoneSecondary&) = default;
};

// [secondary]
struct Secondary {
  std::int64_t min_refresh_ms = 30'000;  // bounds on what SOA records ask for
  std::int64_t max_refresh_ms = 86'400'000;
  std::int64_t min_retry_ms = 10'000;
  std::int64_t max_retry_ms = 3'600'000;
  std::int64_t timeout_ms = 10'000;       // to connect, and between messages
  std::int64_t max_time_ms = 3'600'000;   // for one transfer
  unsigned transfers = 20;                // at a time
  std::int64_t max_records = 20'000'000;  // of one transfer
  std::int64_t max_octets = std::int64_t{2} << 30;
};

}  // namespace gslb::config
