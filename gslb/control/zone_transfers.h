// Wires zone transfers to the zone store and the configuration.
#pragma once

#include "gslb/config/config.h"
#include "gslb/control/special_messages.h"
#include "gslb/control/zone_store.h"
#include "gslb/transfer/notifier.h"

namespace gslb::control {

// Planning thread only, but for services() and notifier(), whose parts are thread-safe.
class ZoneTransfers {
 public:
  SpecialServices& services() noexcept { return services_; }
  transfer::Outgoing& outgoing() noexcept { return services_.outgoing; }

  const transfer::Notifier& notifier() const noexcept { return notifier_; }

  // A configuration takes over: before its zones are published.
  void adopt(const config::Config& config, std::shared_ptr<const transfer::StaticAnswers> statics,
             const zone::ZoneSet& zones);
  // Makes the catalogs of a configuration anew where their members changed; behind store.adopt().
  static void deliver_catalogs(const config::Config& config, ZoneStore& store, WallTime now);
  // A listener of the zone store: the version is published, so secondaries may be told.
  void on_change(const ZoneChange& change);

 private:
  void update(const ZonePtr& zone);

  SpecialServices services_;
  std::shared_ptr<const transfer::StaticAnswers> statics_;
  transfer::NotifyTargets targets_;
  transfer::Notifier notifier_;
};

}  // namespace gslb::control
