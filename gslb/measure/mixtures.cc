#include "gslb/measure/mixtures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "gslb/base/fields.h"
#include "gslb/base/hash.h"
#include "gslb/base/units.h"

namespace gslb::measure {
namespace {

constexpr double kMostWeight = 1e6;  // of one unit, read from a file
// What has faded below a twentieth of a join is nobody any more.
constexpr double kFaded = 0.05;
constexpr int kNetworkBits = 24;
constexpr int kNetworkBits6 = 48;

// Never 0, and no two networks have the same.
std::uint64_t key_of(const Address& resolver) noexcept {
  constexpr std::uint64_t kIsV6 = 1;
  constexpr std::uint64_t kIsV4 = 2;
  const int bits = resolver.is_v6() ? kNetworkBits6 : kNetworkBits;
  return resolver.high64() >> (64 - bits) << (64 - bits) | (resolver.is_v6() ? kIsV6 : kIsV4);
}

}  // namespace

Prefix resolver_network(const Address& resolver) noexcept {
  return {resolver, resolver.is_v6() ? kNetworkBits6 : kNetworkBits};
}

ResolverRows::ResolverRows(std::vector<std::optional<Mixture>> slots) : slots_(std::move(slots)) {
  known_ = static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [](const auto& slot) { return slot.has_value(); }));
  if (known_ == 0) { return; }
  std::size_t cells = 4;
  while (cells < known_ * 4) { cells *= 2; }
  table_.resize(cells);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_[slot]) { continue; }
    const std::uint64_t key = key_of(slots_[slot]->resolver.address());
    std::size_t at = mix64(key) & (cells - 1);
    while (table_[at].key != 0) { at = (at + 1) & (cells - 1); }
    table_[at] = {key, static_cast<std::uint32_t>(slot)};
  }
}

std::optional<std::uint32_t> ResolverRows::find(const Address& resolver) const noexcept {
  if (table_.empty()) { return std::nullopt; }
  const std::uint64_t key = key_of(resolver);
  for (std::size_t at = mix64(key) & (table_.size() - 1); table_[at].key != 0;
       at = (at + 1) & (table_.size() - 1)) {
    if (table_[at].key == key) { return table_[at].slot; }
  }
  return std::nullopt;
}

bool changes_hands(const ResolverRows& before, const ResolverRows& after, std::size_t slot) {
  const Mixture* const was = before.at(slot);
  const Mixture* const is = after.at(slot);
  return (was == nullptr) != (is == nullptr) || (was != nullptr && was->resolver != is->resolver);
}

Mixtures::Mixtures(const std::vector<geo::Unit>& units, std::size_t slots) : used_(slots, false) {
  for (const geo::Unit& unit : units) { ids_.push_back(unit.id); }
}

double Mixtures::keep(WallTime from, WallTime to) noexcept {
  // As numbers: times from a damaged recording may be too far apart for a duration.
  using Hours = std::chrono::duration<double, std::ratio<3600>>;
  const double hours =
      Hours(to.time_since_epoch()).count() - Hours(from.time_since_epoch()).count();
  return std::exp2(-std::max(0.0, hours) / static_cast<double>(kHalfLife.count()));
}

double Mixtures::weight_of(const Entry& entry) noexcept {
  double sum = 0;
  for (const Count& each : entry.clients) { sum += each.weight; }
  return sum;
}

// The faintest that isn't believed makes room; who has a slot never does.
Mixtures::Entry& Mixtures::entry_of(const Prefix& resolver, WallTime now) {
  const auto known = entries_.find(resolver);
  if (known != entries_.end()) { return known->second; }
  if (entries_.size() >= kMostResolvers + slots()) {
    auto faintest = entries_.end();
    double least = 0;
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      const double left = weight_of(entry->second) * keep(entry->second.updated, now);
      if (entry->second.slot || (faintest != entries_.end() && left >= least)) { continue; }
      least = left;
      faintest = entry;
    }
    entries_.erase(faintest);  // there is one, as there are more than slots
  }
  Entry& entry = entries_[resolver];
  entry.updated = now;
  return entry;
}

void Mixtures::add(const BeaconJoin& join) {
  if (join.home >= ids_.size() || join.client >= ids_.size() || slots() == 0) { return; }
  Entry& entry = entry_of(join.resolver, join.at);
  const double faded = keep(entry.updated, join.at);
  for (Count& each : entry.clients) { each.weight *= faded; }
  std::erase_if(entry.clients, [](const Count& each) { return each.weight < kFaded; });
  entry.updated = std::max(entry.updated, join.at);
  entry.home = join.home;
  news_ = true;
  const auto at =
      std::lower_bound(entry.clients.begin(), entry.clients.end(), join.client,
                       [](const Count& each, geo::UnitIndex wanted) { return each.unit < wanted; });
  if (at != entry.clients.end() && at->unit == join.client) {
    at->weight += 1;
  } else if (entry.clients.size() < kMostClients) {
    entry.clients.insert(at, {join.client, 1});
  } else {
    // Who is not known wears off the faintest, so that many of them take its place in the end.
    std::min_element(entry.clients.begin(), entry.clients.end(), [](const auto& a, const auto& b) {
      return a.weight < b.weight;
    })->weight -= 1;
    std::erase_if(entry.clients, [](const Count& each) { return each.weight < kFaded; });
  }
}

void Mixtures::take_slot(Entry& entry) {
  const auto free = std::find(used_.begin(), used_.end(), false);
  if (free == used_.end()) { return; }
  *free = true;
  entry.slot = static_cast<std::uint32_t>(free - used_.begin());
}

Mixture Mixtures::mixture_of(const Prefix& resolver, const Entry& entry, WallTime now) const {
  Mixture mixture{.resolver = resolver, .home = entry.home, .clients = {}, .weight = 0};
  for (const Count& each : entry.clients) { mixture.clients.push_back({each.unit, each.weight}); }
  std::stable_sort(mixture.clients.begin(), mixture.clients.end(),
                   [](const MixtureShare& a, const MixtureShare& b) { return a.share > b.share; });
  mixture.weight = weight_of(entry) * keep(entry.updated, now);
  if (mixture.clients.size() > kMostPlanned) { mixture.clients.resize(kMostPlanned); }
  double planned = 0;
  for (const MixtureShare& each : mixture.clients) { planned += each.share; }
  for (MixtureShare& each : mixture.clients) { each.share /= planned; }
  return mixture;
}

std::shared_ptr<const ResolverRows> Mixtures::rows(WallTime now) {
  bool changed = news_ || !rows_;
  for (auto& [resolver, entry] : entries_) {
    if (!entry.slot || weight_of(entry) * keep(entry.updated, now) >= kKeptWeight) { continue; }
    used_[*entry.slot] = false;
    entry.slot.reset();
    changed = true;
  }
  for (auto& [resolver, entry] : entries_) {
    if (entry.slot || weight_of(entry) * keep(entry.updated, now) < kLeastWeight) { continue; }
    take_slot(entry);
    changed = changed || entry.slot;
  }
  news_ = false;
  if (!changed) { return rows_; }
  std::vector<std::optional<Mixture>> slots(used_.size());
  for (const auto& [resolver, entry] : entries_) {
    if (entry.slot) { slots[*entry.slot] = mixture_of(resolver, entry, now); }
  }
  rows_ = std::make_shared<const ResolverRows>(std::move(slots));
  return rows_;
}

std::optional<std::uint32_t> Mixtures::slot_of(const Prefix& resolver) const {
  const auto entry = entries_.find(resolver);
  return entry == entries_.end() ? std::nullopt : entry->second.slot;
}

std::vector<std::optional<Prefix>> Mixtures::resolvers() const {
  std::vector<std::optional<Prefix>> by_slot(used_.size());
  for (const auto& [resolver, entry] : entries_) {
    if (entry.slot) { by_slot[*entry.slot] = resolver; }
  }
  return by_slot;
}

std::string Mixtures::write_line(const Prefix& resolver, const Entry& entry) const {
  std::array<char, 64> buffer{};
  std::string text = "resolver " + resolver.to_string();
  const auto append = [&](const char* format, auto... values) {
    const int length = std::snprintf(buffer.data(), buffer.size(), format, values...);
    text.append(buffer.data(), static_cast<std::size_t>(length));
  };
  const auto since = std::chrono::duration_cast<milliseconds>(entry.updated.time_since_epoch());
  text += ' ' + format_hex(ids_[entry.home]) + ' ' + std::to_string(since.count());
  for (const Count& each : entry.clients) {
    text += ' ' + format_hex(ids_[each.unit]);
    append(":%.6g", each.weight);
  }
  return text + '\n';
}

std::string Mixtures::write() const {
  std::string text;
  for (const auto& resolver : resolvers()) {
    if (resolver) { text += write_line(*resolver, entries_.at(*resolver)); }
  }
  for (const auto& [resolver, entry] : entries_) {
    if (!entry.slot) { text += write_line(resolver, entry); }
  }
  return text;
}

bool Mixtures::read_line(std::string_view line,
                         const std::map<std::uint64_t, geo::UnitIndex>& unit_of) {
  const auto unit = [&](std::string_view text) {
    const auto id = parse_number<std::uint64_t>(text, 16);
    const auto found = id ? unit_of.find(*id) : unit_of.end();
    return found == unit_of.end() ? std::nullopt : std::optional(found->second);
  };
  constexpr std::int64_t kLatest = std::int64_t{1} << 43;  // ms; the year 2248
  if (take_field(line, ' ') != "resolver") { return false; }
  const auto resolver = Prefix::parse(take_field(line, ' '));
  // Where new geo data have moved the resolver its next join will tell.
  const geo::UnitIndex home = unit(take_field(line, ' ')).value_or(0);
  const auto since = parse_number<std::int64_t>(take_field(line, ' '));
  const bool is_sane = resolver && *resolver == resolver_network(resolver->address()) && since &&
                       *since >= 0 && *since <= kLatest;
  if (!is_sane || entries_.contains(*resolver) || entries_.size() >= kMostResolvers) {
    return false;
  }
  Entry entry{.home = home, .updated = WallTime(milliseconds(*since)), .clients = {}, .slot = {}};
  std::map<geo::UnitIndex, double> weights;
  while (!line.empty() && weights.size() < kMostClients) {
    std::string_view weight = take_field(line, ' ');
    const auto client = unit(take_field(weight, ':'));
    const auto amount = parse_number<double>(weight);
    // A NaN is in no range.
    if (client && amount && *amount >= kFaded && *amount <= kMostWeight) {
      weights.emplace(*client, *amount);
    }
  }
  for (const auto& [client, weight] : weights) { entry.clients.push_back({client, weight}); }
  if (entry.clients.empty()) { return false; }
  if (weight_of(entry) >= kLeastWeight) { take_slot(entry); }
  entries_.emplace(*resolver, std::move(entry));
  news_ = true;
  return true;
}

std::size_t Mixtures::read(std::string_view text) {
  if (slots() == 0) { return 0; }  // there is no beacon: nobody asks
  std::map<std::uint64_t, geo::UnitIndex> unit_of;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    unit_of.emplace(ids_[i], static_cast<geo::UnitIndex>(i));
  }
  std::size_t useless = 0;
  while (!text.empty()) {
    if (!read_line(take_field(text, '\n'), unit_of)) { ++useless; }
  }
  return useless;
}

}  // namespace gslb::measure
