// What the supervisor does for DNSSEC: policies to the signer, signed sets into snapshots.
#include "gslb/base/log.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

// Planning thread.  Before the store adopts the zones of `compiled`.
std::vector<dns::Name> Supervisor::configure_signing(const Compiled& compiled) {
  const zone::ZoneSet no_zones{{}};
  const answer::RoutedSource source{no_zones, *compiled.services, *compiled.fleet, compiled.config};
  auto types = std::make_shared<RoutedTypes>();
  for (std::size_t i = 0; i < compiled.services->routes.size(); ++i) {
    types->push_back(answer::routed_types(source, static_cast<zone::RouteIndex>(i)));
  }
  return signer_.configure(compiled.config, std::move(types), statics_);
}

// Planning thread.  Signs what no table before has, or has with other keys or for too short a time.
void Supervisor::make_routed_sets(const Compiled& compiled, const zone::ZoneSet& zones) {
  const auto start = std::chrono::steady_clock::now();
  made_routed_sets_ =
      answer::RoutedSets::build({zones, *compiled.services, *compiled.fleet, compiled.config},
                                signer_.routed_signing(&made_renew_at_), made_routed_sets_.get());
  if (made_routed_sets_->signatures_made() + made_routed_sets_->signatures_missing() == 0) {
    return;
  }
  const std::chrono::duration<double> duration = std::chrono::steady_clock::now() - start;
  log_info("dnssec", "routed sets signed",
           {{"made", made_routed_sets_->signatures_made()},
            {"kept", made_routed_sets_->signatures_kept()},
            {"missing", made_routed_sets_->signatures_missing()},
            {"seconds", duration.count()}});
}

// Planning thread: some signatures have grown old.
void Supervisor::renew_routed_sets() {
  const auto [epoch, zones] = loop_->call([this] { return std::pair(epoch_, zones_); });
  make_routed_sets(*epoch->compiled, *zones);
  loop_->call([this] {
    set_routed_sets();
    if (snapshot_ && !stopping_) { publish(*epoch_, snapshot_->map); }
  });
}

// Control loop, called by the planning thread.
void Supervisor::set_routed_sets() {
  routed_sets_ = made_routed_sets_;
  renew_routed_at_ = made_renew_at_;
}

}  // namespace gslb::control
