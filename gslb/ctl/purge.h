// What `proximactl purge` sends and reads.
//
// Source: docs/admin-api.md, POST and GET /v1/purge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/result.h"

namespace gslb::ctl {

// As on the command line.
struct PurgeWish {
  std::vector<std::string> urls;
  std::vector<std::string> prefixes;
  std::vector<std::string> hosts;
  std::vector<std::string> keys;
  bool all = false;
  bool soft = false;
  bool wait = false;

  bool empty() const noexcept {
    return urls.empty() && prefixes.empty() && hosts.empty() && keys.empty() && !all;
  }
};
std::string purge_body(const PurgeWish& wish);

// Who has seen the order of that number.
struct PurgeProgress {
  std::uint64_t last = 0;            // order
  std::size_t done = 0;              // nodes that have it
  std::vector<std::string> pending;  // nodes that are there and have it not
  std::vector<std::string> away;     // that will get it when they return
};
// `wanted`: 0: the last one.  The error: that the body isn't the JSON object it should be.
Result<PurgeProgress, std::string> read_purge(std::string_view body, std::uint64_t wanted);
std::string render_purge(const PurgeProgress& progress);

}  // namespace gslb::ctl
