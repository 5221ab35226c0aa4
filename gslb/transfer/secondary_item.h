// One zone of SecondaryZones.  Internal to gslb/transfer.
#pragma once

#include "gslb/transfer/secondary_zones.h"

namespace gslb::transfer {

struct SecondaryZones::Item {
  dns::Name apex;
  PrimaryList primaries;
  Refresh refresh;
  std::shared_ptr<const AccessList> notify{};
  std::optional<dns::Name> catalog{};
  bool is_catalog = false;
  ZonePtr copy{};  // without routes
  std::optional<WallTime> transferred{};
  std::optional<seconds> probed_expire{};  // what the last probe's EXPIRE option said
  std::string last_error{};
  MonoTime due{};  // its key in due_
};

struct SecondaryZones::Running {
  std::weak_ptr<Item> item;
  Refresh::Attempt attempt;
  std::shared_ptr<const Primary> primary;
};

// Whether nothing changed that a fetch depends on.
bool same_servers(const PrimaryList& a, const PrimaryList& b);

}  // namespace gslb::transfer
