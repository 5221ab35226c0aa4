#include <algorithm>

#include "gslb/control/zone_place.h"

namespace gslb::control {

namespace {

bool has_keys(const ZonePtr& zone) {
  return zone && zone->state() == ZoneState::kServed &&
         zone->rrset(zone::Zone::kApexNode, dns::RrType::kDnskey).has_value();
}

}  // namespace

ZonePtr with_routes(const zone::Zone& from, const std::vector<zone::RouteBinding>& routes) {
  zone::Derivation changes;
  changes.routes = routes;
  return zone::derive(from, changes);
}

ZoneStore::ZoneStore() = default;
ZoneStore::~ZoneStore() = default;

std::unique_ptr<ZoneStore::Place> ZoneStore::make_place(ZoneTable::Row row) {
  auto place = std::make_unique<Place>();
  place->problem = row->problem;
  place->row = std::move(row);
  return place;
}

std::uint32_t ZoneStore::position(const dns::Name& apex) const {
  return by_apex_.find(
      apex, [this](std::uint32_t at) -> const dns::Name& { return places_[at]->row->apex; });
}

ZoneStore::Place* ZoneStore::find(const dns::Name& apex) const {
  const std::uint32_t at = position(apex);
  return at == NameIndex::kNone ? nullptr : places_[at].get();
}

void ZoneStore::adopt(std::shared_ptr<const ZoneTable> table) {
  table_ = std::move(table);
  rebuild_places();
}

// Places for the zones of the table and the members, in that order; what was there is taken over.
void ZoneStore::rebuild_places() {
  std::vector<ZoneTable::Row> rows = table_->rows();
  std::size_t most = rows.size();
  for (const auto& [catalog, members] : members_) { most += members.size(); }
  NameIndex index(most);
  const auto row_apex = [&](std::uint32_t at) -> const dns::Name& { return rows[at]->apex; };
  for (std::uint32_t i = 0; i < rows.size(); ++i) { index.insert(rows[i]->apex, i); }
  for (const auto& [catalog, members] : members_) {
    for (const dns::Name& member : members) {
      if (index.find(member, row_apex) != NameIndex::kNone) { continue; }
      index.insert(member, static_cast<std::uint32_t>(rows.size()));
      auto row = std::make_shared<LoadedZone>();
      row->apex = member;
      rows.push_back(std::move(row));
    }
  }
  std::vector<std::unique_ptr<Place>> gone;
  {
    std::vector<std::uint32_t> before;  // where each stood: looked up before any is moved
    before.reserve(rows.size());
    for (const ZoneTable::Row& row : rows) { before.push_back(position(row->apex)); }
    std::lock_guard lock(mutex_);
    std::vector<std::unique_ptr<Place>> places;
    places.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ZoneTable::Row& row = rows[i];
      const std::uint32_t old = before[i];
      if (old == NameIndex::kNone || places_[old]->row->file.empty() != row->file.empty()) {
        places.push_back(make_place(std::move(row)));
        if (old != NameIndex::kNone) { places.back()->served = places_[old]->served; }
        continue;
      }
      places.push_back(std::move(places_[old]));
      Place& place = *places.back();
      const bool rebind = place.delivered && !same_routes(place.row->routes, row->routes);
      place.row = std::move(row);
      if (!place.row->file.empty()) { place.problem = place.row->problem; }
      if (rebind) { place.delivered = with_routes(*place.delivered, place.row->routes); }
    }
    std::swap(places, places_);
    std::swap(index, by_apex_);
    gone = std::move(places);
  }
  for (const auto& place : gone) {
    if (!place || find(place->row->apex) != nullptr) { continue; }
    changes_.push_back({place->row->apex, place->served, nullptr});
    zones_ = nullptr;
  }
  for (const auto& place : places_) { run(*place, false); }
}

void ZoneStore::adopt_row(ZoneTable::Row row) {
  if (table_->find(row->apex) == nullptr) { return; }
  table_ = table_->with(row);
  Place& place = *find(row->apex);
  {
    std::lock_guard lock(mutex_);
    place.problem = row->problem;
    place.row = std::move(row);
  }
  run(place, false);
}

void ZoneStore::note_problem(const dns::Name& apex, std::string problem) {
  Place* const place = find(apex);
  if (place == nullptr) { return; }
  std::lock_guard lock(mutex_);
  place->problem = std::move(problem);
}

bool ZoneStore::deliver(const dns::Name& apex, const ZonePtr& copy, std::string source) {
  Place* const place = find(apex);
  if (place == nullptr || !place->row->file.empty()) { return false; }
  ZonePtr bound = copy;
  if (copy != place->delivered && !place->row->routes.empty()) {
    bound = with_routes(*copy, place->row->routes);
  }
  {
    std::lock_guard lock(mutex_);
    place->delivered = std::move(bound);
    place->is_expired = false;
    place->source = std::move(source);
    place->problem.clear();
  }
  run(*place, false);
  return true;
}

void ZoneStore::expire(const dns::Name& apex) {
  Place* const place = find(apex);
  if (place == nullptr || !place->row->file.empty() || !place->delivered) { return; }
  place->is_expired = true;
  run(*place, false);
}

void ZoneStore::set_members(const dns::Name& catalog, std::vector<dns::Name> members) {
  if (members.empty()) {
    members_.erase(zone_key(catalog));
  } else {
    members_[zone_key(catalog)] = std::move(members);
  }
  rebuild_places();
}

void ZoneStore::restage(const dns::Name& apex) {
  if (Place* const place = find(apex)) { run(*place, true); }
}

void ZoneStore::put(Place& place, ZonePtr now, std::string problem) {
  const bool is_new = now != place.served;
  if (is_new) {
    if (place.holds_serial || place.statics != 0) { is_unsaved_ = true; }
    changes_.push_back({place.row->apex, place.served, now});
    zones_ = nullptr;
  }
  std::lock_guard lock(mutex_);
  place.problem = std::move(problem);
  if (!is_new) { return; }
  std::swap(place.served, now);
  place.since = std::chrono::system_clock::now();
}

ZonePtr ZoneStore::served(const dns::Name& apex) const {
  std::lock_guard lock(mutex_);
  const Place* const place = find(apex);
  return place != nullptr ? place->served : nullptr;
}

ZonePtr ZoneStore::authored(const dns::Name& apex) const {
  std::lock_guard lock(mutex_);
  const Place* const place = find(apex);
  return place != nullptr ? place->authored() : nullptr;
}

ZoneStatus ZoneStore::status_of(const Place& place) {
  ZoneStatus status;
  status.apex = place.row->apex;
  status.kind = place.row->file.empty() ? ZoneKind::kSecondary : ZoneKind::kPrimary;
  status.state = place.served ? place.served->state() : ZoneState::kNotReady;
  status.is_signed = has_keys(place.served);
  status.is_presigned = has_keys(place.authored());
  status.serial = place.served ? place.served->serial() : 0;
  status.authored_serial = place.authored() ? place.authored()->serial() : 0;
  status.records = place.served ? place.served->record_count() : 0;
  status.routes = place.row->routes.size();
  status.source = place.row->file.empty() ? place.source : place.row->file;
  status.since = place.since;
  status.problem = place.problem;
  return status;
}

std::vector<ZoneStatus> ZoneStore::status() const {
  std::lock_guard lock(mutex_);
  std::vector<ZoneStatus> all;
  all.reserve(places_.size());
  for (const auto& place : places_) { all.push_back(status_of(*place)); }
  return all;
}

std::optional<ZoneStatus> ZoneStore::status(const dns::Name& apex) const {
  std::lock_guard lock(mutex_);
  const Place* const place = find(apex);
  if (place == nullptr) { return std::nullopt; }
  return status_of(*place);
}

std::shared_ptr<const zone::ZoneSet> ZoneStore::zones() {
  if (!zones_) {
    std::vector<ZonePtr> all;
    all.reserve(places_.size());
    for (const auto& place : places_) { all.push_back(place->served); }
    zones_ = std::make_shared<const zone::ZoneSet>(std::move(all));
  }
  return zones_;
}

void ZoneStore::notify() {
  const std::vector<ZoneChange> changes = std::exchange(changes_, {});
  {
    std::lock_guard lock(mutex_);
    for (AcmeToken& token : tokens_) {
      const Place* const place = find(token.apex);
      token.is_published = place != nullptr && place->has_token(token);
    }
  }
  for (const ZoneChange& change : changes) {
    for (const ZoneListener& listener : listeners_) { listener(change); }
  }
}

}  // namespace gslb::control
