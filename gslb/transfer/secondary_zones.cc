#include "gslb/transfer/secondary_zones.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gslb/base/check.h"
#include "gslb/base/log.h"
#include "gslb/transfer/secondary_item.h"
#include "gslb/transfer/zone_copy.h"

namespace gslb::transfer {
namespace {

using Kind = Refresh::Kind;
using State = Refresh::State;

SoaNumbers soa_of(const zone::Zone& zone) {
  const auto set = zone.rrset(zone::Zone::kApexNode, dns::RrType::kSoa);
  return read_soa_numbers(dns::RdataCursor(*set).rdata());
}

std::vector<bool> probes_of(const PrimaryList& primaries) {
  std::vector<bool> probes;
  for (const auto& primary : primaries) { probes.push_back(primary->tls == nullptr); }
  return probes;
}

}  // namespace

bool same_servers(const PrimaryList& a, const PrimaryList& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    const bool same_key =
        x->key.has_value() == y->key.has_value() &&
        (!x->key || (x->key->name == y->key->name && x->key->algorithm == y->key->algorithm &&
                     x->key->secret == y->key->secret));
    return same_key && x->remote == y->remote && x->address == y->address &&
           x->source == y->source && (x->tls == nullptr) == (y->tls == nullptr);
  });
}

bool SecondaryZones::DueFirst::operator()(const Entry& a, const Entry& b) const {
  return a.first != b.first ? a.first < b.first : a.second->apex < b.second->apex;
}

SecondaryZones::SecondaryZones(Launch launch, Sink sink, std::uint64_t seed)
    : launch_(std::move(launch)),
      sink_(std::move(sink)),
      random_(seed),
      config_(std::make_shared<SecondaryConfig>()) {}
SecondaryZones::~SecondaryZones() = default;

std::string SecondaryZones::path_of(const dns::Name& apex) const {
  return config_->folder.empty() ? "" : copy_path(config_->folder, apex);
}

std::shared_ptr<SecondaryZones::Item> SecondaryZones::make_item(const SecondaryZone& zone,
                                                                TransferTime now) {
  const PrimaryList& primaries = zone.source.primaries;
  CHECK(!primaries.empty());
  return std::make_shared<Item>(
      Item{.apex = zone.apex,
           .primaries = primaries,
           .refresh = Refresh(config_->policy, probes_of(primaries), random_.next(), now.mono)});
}

void SecondaryZones::restore(Item& item, TransferTime now) {
  const std::string path = path_of(item.apex);
  if (path.empty()) { return; }
  auto stored = load_copy(path, item.apex);
  if (!stored) {
    if (stored.error() != CopyError::kAbsent) {
      log_warning("transfer", "the copy on disk can't be used; it will be fetched anew",
                  {{"zone", item.apex.to_string()}, {"file", path}});
    }
    return;
  }
  item.copy = std::move(stored->zone);
  item.refresh.restore(soa_of(*item.copy),
                       std::chrono::duration_cast<seconds>(now.wall - stored->confirmed), now.mono);
  if (item.refresh.expire(now.mono)) {
    log_warning("transfer", "the copy on disk has expired",
                {{"zone", item.apex.to_string()}, {"serial", item.copy->serial()}});
    events_.push_back({SecondaryEvent::Kind::kExpire, item.apex, nullptr, {}, {}});
  } else {
    deliver(item, "copy on disk");
  }
}

// A zone that was there before keeps data, timers and what is under way, as long as it has the same
// primaries; else data and their age.
void SecondaryZones::add_item(const SecondaryZone& zone, std::optional<dns::Name> catalog,
                              TransferTime now) {
  const auto found = items_.find(zone.apex);
  const std::shared_ptr<Item> old = found == items_.end() ? nullptr : found->second;
  std::shared_ptr<Item> item = old;
  if (old && same_servers(old->primaries, zone.source.primaries)) {
    item->primaries = zone.source.primaries;
  } else {
    item = make_item(zone, now);
    if (old) { due_.erase({old->due, old.get()}); }
    if (old && old->copy) {
      item->copy = old->copy;
      item->transferred = old->transferred;
      item->refresh.restore(soa_of(*old->copy), old->refresh.confirmed_ago(now.mono), now.mono);
      // Whoever has a new primary waits for nothing.
      item->refresh.refresh_now(now.mono);
    }
    items_[zone.apex] = item;
  }
  item->notify = zone.source.notify;
  item->catalog = std::move(catalog);
  item->is_catalog = zone.is_catalog;
  if (!old) { restore(*item, now); }
  reschedule(*item);
  show(*item, now);
}

void SecondaryZones::configure(std::shared_ptr<const SecondaryConfig> config, TransferTime now) {
  const bool same_policy = config_->policy == config->policy;
  config_ = std::move(config);
  std::set<dns::Name> kept;
  std::set<dns::Name> catalogs;
  for (const SecondaryZone& zone : config_->zones) {
    kept.insert(zone.apex);
    if (zone.is_catalog) { catalogs.insert(zone.apex); }
  }
  std::set<dns::Name> gone;
  std::set<dns::Name> gone_catalogs;
  for (const auto& [apex, item] : items_) {
    if (!kept.contains(apex) && !item->catalog) { gone.insert(apex); }
    if (item->catalog && !catalogs.contains(*item->catalog)) {
      gone_catalogs.insert(*item->catalog);
    }
    // Other bounds: everything is timed anew.
    if (!same_policy) { item->primaries.clear(); }
  }
  for (const dns::Name& apex : gone_catalogs) { apply(apex, membership_.update(apex, {}), now); }
  for (const dns::Name& apex : gone) { drop_item(apex); }
  for (const SecondaryZone& zone : config_->zones) {
    // What a catalog listed is the configuration's own now.
    if (const auto item = items_.find(zone.apex); item != items_.end() && item->second->catalog) {
      item->second->catalog.reset();
    }
    add_item(zone, std::nullopt, now);
  }
  for (const SecondaryZone& zone : config_->zones) {
    if (zone.is_catalog) { read_members(*items_.at(zone.apex), now); }
  }
  // The same list again, with primaries that may be others.
  for (const auto& [name, owned] : membership_.members()) {
    add_item(member_zone(owned), owned.catalog, now);
  }
  flush();
}

void SecondaryZones::drop_item(const dns::Name& apex) {
  const auto found = items_.find(apex);
  if (found == items_.end()) { return; }
  due_.erase({found->second->due, found->second.get()});
  items_.erase(found);
  const std::lock_guard lock(mutex_);
  shown_.erase(apex);
}

void SecondaryZones::forget(const dns::Name& apex) {
  drop_item(apex);
  if (const std::string path = path_of(apex); !path.empty()) { remove_copy(path); }
}

void SecondaryZones::reschedule(Item& item) {
  due_.erase({item.due, &item});
  item.due = item.refresh.next_deadline();
  due_.insert({item.due, &item});
}

MonoTime SecondaryZones::run(TransferTime now) {
  while (!due_.empty() && due_.begin()->first <= now.mono) {
    Item& item = *due_.begin()->second;
    if (item.refresh.expire(now.mono)) {
      log_error("transfer", "zone expired: no primary confirmed it in time",
                {{"zone", item.apex.to_string()}, {"last_error", item.last_error}});
      events_.push_back({SecondaryEvent::Kind::kExpire, item.apex, nullptr, {}, {}});
    }
    if (const auto attempt = item.refresh.start(now.mono)) {
      launch(items_.at(item.apex), *attempt);
    }
    reschedule(item);
    show(item, now);
  }
  flush();
  return due_.empty() ? MonoTime::max() : due_.begin()->first;
}

void SecondaryZones::launch(const std::shared_ptr<Item>& item, const Refresh::Attempt& attempt) {
  const std::uint64_t token = next_token_++;
  running_.emplace(token, Running{item, attempt, item->primaries[attempt.primary]});
  waiting_.push_back(token);
  launch_waiting();
}

void SecondaryZones::launch_waiting() {
  while (!waiting_.empty() && launched_ < config_->transfers) {
    const std::uint64_t token = waiting_.front();
    waiting_.pop_front();
    const Running& run = running_.at(token);
    const std::shared_ptr<Item> item = run.item.lock();
    if (!item) {  // removed while it waited
      running_.erase(token);
      continue;
    }
    ++launched_;
    launch_({.apex = item->apex,
             .primary = run.primary,
             .kind = run.attempt.kind,
             .current = item->copy,
             .limits = config_->limits,
             .step = config_->step,
             .all = config_->all},
            token);
  }
}

void SecondaryZones::finished(std::uint64_t token, Fetched fetched, TransferTime now) {
  const auto found = running_.find(token);
  CHECK(found != running_.end());
  const Running run = std::move(found->second);
  running_.erase(found);
  --launched_;
  {
    const std::lock_guard lock(mutex_);
    ++counts_[static_cast<std::size_t>(run.attempt.kind)][static_cast<std::size_t>(fetched.result)];
  }
  // A zone that was removed or got other primaries meanwhile wants none of it.
  if (const std::shared_ptr<Item> item = run.item.lock()) {
    switch (fetched.result) {
      case FetchResult::kSerial:
        took_serial(*item, fetched, now);
        break;
      case FetchResult::kZone:
        took_zone(*item, run, fetched, now);
        break;
      default:
        failed(*item, run, fetched, now);
    }
    // A catalog may have taken itself out of its own list.
    if (const auto still = items_.find(item->apex);
        still != items_.end() && still->second == item) {
      reschedule(*item);
      show(*item, now);
    }
  }
  launch_waiting();
  flush();
}

void SecondaryZones::took_serial(Item& item, const Fetched& fetched, TransferTime now) {
  const bool was_expired = item.refresh.state() == State::kExpired;
  item.probed_expire = fetched.expire;
  item.refresh.found_serial(fetched.serial, fetched.expire, now.mono);
  if (!item.copy || fetched.serial != item.copy->serial()) { return; }
  item.last_error.clear();
  if (const std::string path = path_of(item.apex); !path.empty()) {
    touch_copy(path, now.wall - item.refresh.confirmed_ago(now.mono));
  }
  if (was_expired && item.refresh.state() == State::kCurrent) {
    deliver(item, "confirmed by a primary");
  }
}

void SecondaryZones::took_zone(Item& item, const Running& run, Fetched& fetched, TransferTime now) {
  if (!item.refresh.takes(fetched.zone->serial())) {
    item.last_error = run.primary->to_string() + " has an older serial, " +
                      std::to_string(fetched.zone->serial());
    item.refresh.found_serial(fetched.zone->serial(), std::nullopt, now.mono);
    return;
  }
  item.copy = std::move(fetched.zone);
  item.transferred = now.wall;
  item.last_error.clear();
  const auto probed = std::exchange(item.probed_expire, {});
  item.refresh.transferred(soa_of(*item.copy), fetched.expire ? fetched.expire : probed, now.mono);
  const std::string path = path_of(item.apex);
  if (!path.empty() &&
      !save_copy(path, *item.copy, now.wall - item.refresh.confirmed_ago(now.mono))) {
    log_error("transfer", "the copy can't be written: it will be lost at the next start",
              {{"zone", item.apex.to_string()}, {"file", path}, {"error", std::strerror(errno)}});
  }
  const std::string how = fetched.by_differences ? "IXFR" : "AXFR";
  log_info("transfer", "zone transferred",
           {{"zone", item.apex.to_string()},
            {"serial", item.copy->serial()},
            {"by", how},
            {"from", run.primary->to_string()},
            {"records", item.copy->record_count()},
            {"octets", fetched.octets}});
  deliver(item, run.primary->to_string() + ", " + how);
  if (item.is_catalog) { read_members(item, now); }
}

void SecondaryZones::failed(Item& item, const Running& run, const Fetched& fetched,
                            TransferTime now) {
  std::string text = run.primary->to_string() + ": " + fetched.error;
  // A primary that stays away would fill the log: one line for each new way to fail.
  if (text != item.last_error) {
    log_warning("transfer", fetched.is_worth_whole ? "IXFR failed, trying AXFR" : "failed",
                {{"zone", item.apex.to_string()}, {"why", text}});
  }
  item.last_error = std::move(text);
  item.refresh.failed(
      fetched.is_worth_whole ? Refresh::Failure::kIncremental : Refresh::Failure::kPrimary,
      now.mono);
}

void SecondaryZones::notify(const dns::Name& apex, std::optional<std::uint32_t> serial,
                            const Address& from, TransferTime now) {
  const auto found = items_.find(apex);
  if (found == items_.end()) { return; }
  Item& item = *found->second;
  std::optional<std::size_t> primary;
  for (std::size_t i = 0; i < item.primaries.size() && !primary; ++i) {
    if (item.primaries[i]->address.address == from) { primary = i; }
  }
  item.refresh.notify(serial, primary, now.mono);
  reschedule(item);
}

bool SecondaryZones::refresh_now(const dns::Name& apex, bool whole, TransferTime now) {
  const auto found = items_.find(apex);
  if (found == items_.end()) { return false; }
  Refresh& refresh = found->second->refresh;
  whole ? refresh.transfer_whole(now.mono) : refresh.refresh_now(now.mono);
  reschedule(*found->second);
  return true;
}

void SecondaryZones::deliver(const Item& item, std::string source) {
  events_.push_back({SecondaryEvent::Kind::kDeliver, item.apex, item.copy, std::move(source), {}});
}

void SecondaryZones::flush() {
  if (!events_.empty()) { sink_(std::exchange(events_, {})); }
}

}  // namespace gslb::transfer
