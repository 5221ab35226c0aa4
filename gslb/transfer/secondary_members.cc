// What catalogs add to the zones, and what of all of them is shown.
#include <algorithm>

#include "gslb/base/log.h"
#include "gslb/transfer/secondary_item.h"

namespace gslb::transfer {
namespace {

// The one of `order` that comes first: with several groups a member has to take one of them.
const Source* find_group(const SecondaryZone& catalog, const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    const auto found = catalog.groups.find(group);
    if (found != catalog.groups.end()) { return &found->second; }
  }
  return nullptr;
}

}  // namespace

SecondaryZone SecondaryZones::member_zone(const CatalogMembership::Owned& owned) const {
  const auto catalog = std::ranges::find_if(
      config_->zones, [&](const SecondaryZone& zone) { return zone.apex == owned.catalog; });
  const Source* group = find_group(*catalog, owned.member.groups);
  SecondaryZone zone;
  zone.apex = owned.member.zone;
  zone.source = group != nullptr ? *group : catalog->members;
  return zone;
}

// Any fault leaves the membership as it is (RFC 9432 5.1).
void SecondaryZones::read_members(const Item& catalog, TransferTime now) {
  if (!catalog.copy) { return; }
  auto members = read_catalog(*catalog.copy);
  if (!members) {
    log_error("catalog", "broken; its zones stay as they are",
              {{"catalog", catalog.apex.to_string()}, {"why", describe(members.error())}});
    return;
  }
  std::erase_if(*members, [&](const CatalogMember& member) {
    if (!config_->configured.contains(member.zone)) { return false; }
    log_warning("catalog", "lists a zone of the configuration, which stays as it is",
                {{"catalog", catalog.apex.to_string()}, {"zone", member.zone.to_string()}});
    return true;
  });
  const dns::Name apex = catalog.apex;
  apply(apex, membership_.update(apex, *members), now);
}

void SecondaryZones::apply(const dns::Name& catalog, const CatalogMembership::Changes& changes,
                           TransferTime now) {
  const auto tell_members = [&](const auto& is_left_out) {
    std::set<dns::Name> catalogs{catalog};
    for (const SecondaryZone& zone : config_->zones) {
      if (zone.is_catalog) { catalogs.insert(zone.apex); }
    }
    for (const dns::Name& each : catalogs) {
      std::vector<dns::Name> names = membership_.members_of(each);
      std::erase_if(names, is_left_out);
      events_.push_back({SecondaryEvent::Kind::kMembers, each, nullptr, {}, std::move(names)});
    }
  };
  for (const dns::Name& zone : changes.refused) {
    log_warning("catalog", "lists a zone of another catalog, which keeps it",
                {{"catalog", catalog.to_string()}, {"zone", zone.to_string()}});
  }
  for (const dns::Name& zone : changes.removed) {
    if (!config_->configured.contains(zone)) { forget(zone); }
  }
  if (!changes.reset.empty()) {
    // Gone for a moment, so that nothing of the old data stays (RFC 9432 5.4).
    tell_members([&](const dns::Name& name) {
      return std::ranges::find(changes.reset, name) != changes.reset.end();
    });
    for (const dns::Name& zone : changes.reset) { forget(zone); }
  }
  tell_members([](const dns::Name&) { return false; });
  for (const auto* list : {&changes.added, &changes.reset, &changes.changed}) {
    for (const dns::Name& zone : *list) {
      const auto& owned = membership_.members().at(zone);
      add_item(member_zone(owned), owned.catalog, now);
      // A list that took it over has to hear of its data again.
      const Item& item = *items_.at(zone);
      if (list == &changes.changed && item.refresh.state() == Refresh::State::kCurrent) {
        deliver(item, "copy of another catalog's");
      }
    }
  }
  if (!changes.added.empty() || !changes.removed.empty() || !changes.reset.empty()) {
    log_info("catalog", "zones changed",
             {{"catalog", catalog.to_string()},
              {"added", changes.added.size()},
              {"removed", changes.removed.size()},
              {"reset", changes.reset.size()}});
  }
}

void SecondaryZones::show(const Item& item, TransferTime now) {
  const auto wall = [&](MonoTime at) {
    if (at == MonoTime::max()) { return now.wall; }
    return now.wall + std::chrono::duration_cast<WallTime::duration>(at - now.mono);
  };
  SecondaryStatus status;
  status.apex = item.apex;
  status.state = item.refresh.state();
  status.is_catalog = item.is_catalog;
  status.catalog = item.catalog;
  if (item.copy) { status.serial = item.copy->serial(); }
  for (const auto& primary : item.primaries) { status.primaries.push_back(primary->to_string()); }
  status.next_refresh = wall(item.refresh.next_round());
  if (status.state == Refresh::State::kCurrent) {
    status.expires = wall(item.refresh.expires_at());
  }
  status.transferred = item.transferred;
  status.last_error = item.last_error;
  const std::lock_guard lock(mutex_);
  shown_[item.apex] = std::move(status);
}

std::shared_ptr<const NotifyTable> SecondaryZones::notify_table(
    std::shared_ptr<const Keyring> keys) const {
  auto table = std::make_shared<NotifyTable>();
  for (const auto& [apex, item] : items_) {
    table->zones.emplace(as_text(apex.wire()), item->notify);
  }
  if (keys) { table->keys = std::move(keys); }
  return table;
}

std::optional<WallTime> SecondaryZones::expires(const dns::Name& apex) const {
  const std::lock_guard lock(mutex_);
  const auto found = shown_.find(apex.lower());
  return found == shown_.end() ? std::nullopt : found->second.expires;
}

std::vector<SecondaryStatus> SecondaryZones::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<SecondaryStatus> list;
  list.reserve(shown_.size());
  for (const auto& [apex, status] : shown_) { list.push_back(status); }
  return list;
}

FetchCounts SecondaryZones::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace gslb::transfer
