// Wires zone transfers to the zone store and the configuration.
#pragma once

#include "gslb/control/compiled.h"
#include "gslb/control/special_messages.h"
#include "gslb/control/static_answers.h"
#include "gslb/control/zone_store.h"
#include "gslb/transfer/notifier.h"

namespace gslb::control {

// Planning thread only, but for services() and notifier(), whose parts are thread-safe.
class ZoneTransfers {
 public:
  SpecialServices& services() noexcept { return services_; }
  transfer::Outgoing& outgoing() noexcept { return services_.outgoing; }

  const transfer::Notifier& notifier() const noexcept { return notifier_; }

  // How to sign the static answers of signed zones; asked for whenever that is to be done.  Before
  // the first adopt().
  void set_signing(std::function<answer::RoutedSigning()> signing) {
    signing_ = std::move(signing);
  }
  // A configuration takes over: before its zones are published.
  void adopt(const Compiled& compiled, const steer::CostModel& costs, const zone::ZoneSet& zones);
  // Makes the catalogs of a configuration anew where their members changed; behind store.adopt().
  static void deliver_catalogs(const config::Config& config, ZoneStore& store, WallTime now);
  // A listener of the zone store: the version is published, so secondaries may be told.
  void on_change(const ZoneChange& change);

 private:
  // Of one zone, with the version and the plain answers they were signed for.
  struct SignedStatics {
    ZonePtr zone;
    std::shared_ptr<const transfer::StaticAnswers> plain;
    std::shared_ptr<const transfer::StaticAnswers> statics;
  };

  void update(const ZonePtr& zone);
  std::shared_ptr<const transfer::StaticAnswers> statics_of(const ZonePtr& zone);

  SpecialServices services_;
  std::shared_ptr<const steer::ServiceTable> services_table_;
  std::shared_ptr<const transfer::StaticAnswers> statics_;
  std::function<answer::RoutedSigning()> signing_;       // may be empty
  std::map<std::string, SignedStatics> signed_statics_;  // by zone_key()
  transfer::NotifyTargets targets_;
  transfer::Notifier notifier_;
};

}  // namespace gslb::control
