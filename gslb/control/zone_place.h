// One zone of the store and its way from authored to served.  Private to zone_store*.cc.
#pragma once

#include <algorithm>

#include "gslb/control/zone_store.h"

namespace gslb::control {

using zone::ZoneState;

struct ZoneStore::Place {
  ZoneTable::Row row;
  ZonePtr delivered;                   // a secondary's copy, routes bound
  ZonePtr served;                      // null only until the first run()
  ZonePtr made_from;                   // the authored zone `served` was made from
  std::vector<std::string> made_with;  // the tokens, as "owner text"
  std::uint64_t statics = 0;           // digest of what secondaries have at its routed owners
  std::uint64_t made_statics = 0;      // the same when `served` was made
  // authored() with the tokens `with_tokens_of`: a stage that needs time must meet it again.
  ZonePtr with_tokens;
  ZonePtr with_tokens_from;
  std::vector<std::string> with_tokens_of;
  bool is_expired = false;
  bool holds_serial = false;  // `served` is ahead of what is authored
  std::string source;
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
