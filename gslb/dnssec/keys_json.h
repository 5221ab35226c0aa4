// The keys of signed zones as JSON: GET /v1/keys, and proximactl on key files.
//
// Source: docs/admin-api.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gslb/dnssec/key_store.h"

namespace gslb::dnssec {

// What is known of one signed zone.
struct SigningStatus {
  dns::Name apex;
  std::string policy;
  std::string key_dir;
  ZoneKeys keys;  // retired ones too
  std::vector<KeyRole> missing;
  std::optional<WallTime> next_event;        // of the rollover or re-signing
  std::optional<WallTime> first_expiration;  // of the signatures served
  std::string problem;                       // the last one; "": none
};

std::string to_json(const std::vector<SigningStatus>& zones);

}  // namespace gslb::dnssec
