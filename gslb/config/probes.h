// What edges are asked to measure actively.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/toml_table.h"

namespace gslb::config {

// [probes].  Without the table nothing is probed.
struct Probes {
  bool enabled = false;
  std::int64_t target_interval_ms = 10'000;  // between two probes of one address
  std::int64_t mesh_interval_ms = 10'000;    // of a cluster to others; 0: none
  std::uint16_t mesh_port = 443;
  std::vector<Prefix> exclude;
  bool allow_private = false;            // targets that are not of the public Internet
  std::optional<LocatedString> targets;  // a file: measure/probe_targets.h
};

}  // namespace gslb::config
