#include "gslb/control/zone_transfers.h"

#include "gslb/dns/serial.h"
#include "gslb/transfer/catalog_writer.h"
#include "gslb/transfer/diff.h"

namespace gslb::control {

void ZoneTransfers::adopt(const config::Config& config,
                          std::shared_ptr<const transfer::StaticAnswers> statics,
                          const zone::ZoneSet& zones) {
  Problems problems;  // key names were checked when the configuration was compiled
  auto policy = std::make_shared<const transfer::OutgoingPolicy>(config, problems);
  targets_ = transfer::NotifyTargets(config, policy->keys());
  outgoing().set_policy(std::move(policy));
  statics_ = std::move(statics);
  for (const ZonePtr& zone : zones.zones()) { update(zone); }
}

void ZoneTransfers::deliver_catalogs(const config::Config& config, ZoneStore& store, WallTime now) {
  for (const config::Zone& zone : config.zones) {
    const auto apex = dns::Name::parse(zone.name.text);
    if (!apex || !zone.secondary->is_catalog || !zone.secondary->primaries.empty()) { continue; }
    std::vector<dns::Name> members;
    for (const config::Zone& other : config.zones) {
      if (!other.transfer->member_of) { continue; }
      const auto catalog = dns::Name::parse(other.transfer->member_of->text);
      const auto member = dns::Name::parse(other.name.text);
      if (catalog && member && *catalog == *apex) { members.push_back(*member); }
    }
    const auto since = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    auto serial = static_cast<std::uint32_t>(since);
    const ZonePtr before = store.served(*apex);
    if (before && before->state() == zone::ZoneState::kServed) {
      const auto same = transfer::make_catalog(*apex, members, before->serial());
      const auto difference = transfer::find_difference({before, nullptr}, {same, nullptr}, 0);
      if (difference) { continue; }
      if (!dns::is_newer_serial(serial, before->serial())) { serial = before->serial() + 1; }
    }
    store.deliver(*apex, transfer::make_catalog(*apex, members, serial), "made here");
  }
}

void ZoneTransfers::on_change(const ZoneChange& change) {
  if (change.now == nullptr) {
    outgoing().remove(change.apex, false);
    notifier_.forget(change.apex);
    return;
  }
  update(change.now);
  const bool is_served = change.now->state() == zone::ZoneState::kServed;
  const bool is_new = change.old == nullptr || change.old->state() != zone::ZoneState::kServed ||
                      change.old->serial() != change.now->serial();
  const auto& targets = targets_.find(change.apex);
  if (is_served && is_new && !targets.empty()) {
    notifier_.notify(transfer::ExportedZone{change.now, nullptr}.soa_record(), targets);
  }
}

void ZoneTransfers::update(const ZonePtr& zone) {
  if (zone->state() == zone::ZoneState::kServed) {
    // Signed here: they are in it, with their signatures.  Signed elsewhere: there is no key.
    outgoing().update({zone, zone->is_signed() ? nullptr : statics_});
  } else {
    outgoing().remove(zone->apex(), true);
  }
}

}  // namespace gslb::control
