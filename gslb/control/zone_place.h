// One zone of the store and its way from authored to served.  Private to zone_store*.cc.
#pragma once

#include <algorithm>

#include "gslb/control/zone_store.h"

namespace gslb::control {

using zone::ZoneState;

// Slim: there may be 100,000.
struct ZoneStore::Place {
  // `from` with the tokens `of`: a stage that needs time must meet it again.
  struct WithTokens {
    ZonePtr zone;
    ZonePtr from;
    std::vector<std::string> of;
  };

  ZoneTable::Row row;
  ZonePtr delivered;                   // a secondary's copy, routes bound
  ZonePtr served;                      // null only until the first run()
  ZonePtr made_from;                   // the authored zone `served` was made from
  std::vector<std::string> made_with;  // the tokens, as "owner text"
  std::uint64_t statics = 0;           // digest of what secondaries have at its routed owners
  std::uint64_t made_statics = 0;      // the same when `served` was made
  std::unique_ptr<WithTokens> with_tokens;
  bool is_expired = false;
  bool holds_serial = false;  // `served` is ahead of what is authored
  std::string source;         // of `delivered`
  std::string problem;
  WallTime since;

  const ZonePtr& authored() const noexcept { return row->file.empty() ? delivered : row->zone; }
  bool has_token(const AcmeToken& token) const {
    return std::ranges::find(made_with, key_of(token)) != made_with.end();
  }
  static std::string key_of(const AcmeToken& token) {
    return token.owner.to_string() + ' ' + token.text;
  }
  bool has_data() const noexcept { return served && served->state() == ZoneState::kServed; }
};

// `from` with other routes.
ZonePtr with_routes(const zone::Zone& from, const std::vector<zone::RouteBinding>& routes);

}  // namespace gslb::control
