// From authored to served: tokens, stage, serial.
#include <algorithm>

#include "gslb/control/zone_place.h"
#include "gslb/dns/serial.h"
#include "gslb/zone/insertion.h"

namespace gslb::control {
namespace {

constexpr int kMaxAliases = 8;

// TXT RDATA of one character string.
std::vector<std::uint8_t> text_rdata(const std::string& text) {
  std::vector<std::uint8_t> rdata(1 + text.size());
  rdata[0] = static_cast<std::uint8_t>(text.size());
  std::ranges::copy(text, rdata.begin() + 1);
  return rdata;
}

Refusal refuse(const dns::Name& owner, const std::string& what, std::string hint) {
  return {owner.to_string() + ' ' + what, std::move(hint)};
}

}  // namespace

// Brings `served` up to date with what is authored.
void ZoneStore::run(Place& place, bool restage) {
  const ZonePtr& authored = place.authored();
  if (!authored || place.is_expired) {
    const ZoneState why = place.is_expired ? ZoneState::kExpired : ZoneState::kNotReady;
    if (place.served && place.served->state() == why) { return; }
    return put(place, zone::Zone::without_data(place.row->apex, why), place.problem);
  }
  std::vector<std::string> with;
  {
    std::lock_guard lock(mutex_);
    for (const AcmeToken& token : tokens_) {
      if (token.apex == place.row->apex) { with.push_back(Place::key_of(token)); }
    }
  }
  place.statics = statics_of(place);
  const bool changed = authored != place.made_from || with != place.made_with ||
                       place.statics != place.made_statics || !place.has_data();
  if (!changed && !restage) { return; }
  if (place.with_tokens && (place.with_tokens->from != authored || place.with_tokens->of != with)) {
    place.with_tokens = nullptr;
  }
  std::string problem;
  ZonePtr now = make_served(place, changed, with, problem);
  if (problem.empty()) {
    std::lock_guard lock(mutex_);
    place.made_from = authored;
    place.made_with = std::move(with);
    place.made_statics = place.statics;
    problem = place.row->problem;
  }
  put(place, std::move(now), std::move(problem));
}

// 0: there are none, or they are of no account.  A zone that is signed here has them as records,
// one that is signed elsewhere has no signatures of them.
std::uint64_t ZoneStore::statics_of(const Place& place) const {
  if (!statics_ || place.authored()->is_signed()) { return 0; }
  std::uint64_t sum = 0;
  for (const zone::RouteBinding& binding : place.row->routes) {
    if (binding.route >= statics_->size()) { continue; }
    sum += transfer::digest(binding.owner.lower().wire(), (*statics_)[binding.route]);
  }
  return sum;
}

// The serial that `served` had and that the next version must be ahead of: this run's, or that of
// the run before if it was ahead of what was authored or had other static answers.
std::optional<std::uint32_t> ZoneStore::last_serial(const Place& place) const {
  if (place.has_data()) { return place.served->serial(); }
  const std::string key = zone_key(place.row->apex);
  const auto saved = saved_serials_.find(key);
  if (saved != saved_serials_.end()) { return saved->second; }
  const auto statics = saved_statics_.find(key);
  if (statics == saved_statics_.end() || statics->second.digest == place.statics) {
    return std::nullopt;
  }
  return statics->second.serial;
}

ZonePtr ZoneStore::make_served(Place& place, bool changed, const std::vector<std::string>& with,
                               std::string& problem) {
  const ZonePtr& authored = place.authored();
  const ZonePtr previous = place.has_data() ? place.served : nullptr;
  const auto last = last_serial(place);
  const bool is_newer = !last || dns::is_newer_serial(authored->serial(), *last);
  const std::uint32_t serial = is_newer ? authored->serial() : *last + 1;
  zone::Derivation changes = with_tokens(place);
  changes.serial = serial;
  const bool has_tokens = !changes.added.empty();
  if (has_tokens && !place.with_tokens) {
    place.with_tokens = std::make_unique<Place::WithTokens>(
        Place::WithTokens{zone::derive(*authored, changes), authored, with});
  }
  const ZonePtr source = has_tokens ? place.with_tokens->zone : authored;
  if (stage_) {
    auto made = stage_({.apex = place.row->apex,
                        .source = source,
                        .previous = previous,
                        .source_changed = changed,
                        .serial = serial});
    if (!made) {
      problem = made.error();
      // Its routes may be of another configuration: they must not meet this one's.
      if (previous && changed) { return with_routes(*previous, place.row->routes); }
      if (previous) { return previous; }
      return zone::Zone::without_data(place.row->apex, ZoneState::kNotReady);
    }
    if (*made != source) {
      place.holds_serial = true;
      return *made;
    }
  }
  if (!changed) { return previous; }
  // What its readers have seen is ahead of the file, or is now: it must go on from there.
  const bool goes_on = place.holds_serial || !previous || place.statics != place.made_statics;
  place.holds_serial = has_tokens || (!is_newer && goes_on);
  if (has_tokens || !place.holds_serial) { return source; }
  return zone::derive(*authored, changes);
}

// The tokens of a zone as records; those that no longer fit it are left out.
zone::Derivation ZoneStore::with_tokens(const Place& place) const {
  zone::Derivation changes;
  changes.routes = place.row->routes;
  std::lock_guard lock(mutex_);
  for (const AcmeToken& token : tokens_) {
    if (!(token.apex == place.row->apex)) { continue; }
    (void)zone::insert(*place.authored(),
                       {token.owner, dns::RrType::kTxt, kAcmeTtl_s, text_rdata(token.text)},
                       changes);
  }
  return changes;
}

// REQUIRES: mutex_ is held, here and in the next.
const ZoneStore::Place* ZoneStore::closest_place(const dns::Name& name) const {
  dns::Name apex = name;
  for (;;) {
    if (const Place* const place = find(apex)) { return place; }
    if (apex.is_root()) { return nullptr; }
    apex = apex.parent();
  }
}

Result<std::pair<dns::Name, const ZoneStore::Place*>, Refusal> ZoneStore::find_token_place(
    dns::Name owner) const {
  for (int hop = 0; hop < kMaxAliases; ++hop) {
    const Place* const place = closest_place(owner);
    if (place == nullptr) {
      return Unexpected(
          refuse(owner, "lies in no zone of this server",
                 hop > 0 ? "the name is an alias: set the token where it leads" : ""));
    }
    if (place->row->file.empty()) {
      return Unexpected(refuse(owner, "lies in a secondary zone", "set the token at its primary"));
    }
    const ZonePtr& authored = place->authored();
    if (place->served == authored && authored->rrset(zone::Zone::kApexNode, dns::RrType::kDnskey)) {
      return Unexpected(refuse(owner, "lies in a zone that is signed elsewhere",
                               "a record without a signature would not validate"));
    }
    zone::Derivation unused;
    const auto fault = zone::insert(*authored, {owner, dns::RrType::kTxt, 0, {}}, unused);
    if (!fault) { return std::pair(std::move(owner), place); }
    if (*fault == zone::InsertionError::kBelowCut) {
      return Unexpected(refuse(owner, "is delegated", "set the token in the zone below"));
    }
    if (*fault == zone::InsertionError::kBelowDname) {
      return Unexpected(refuse(owner, "lies below a DNAME", "set the token at its target"));
    }
    const auto cname =
        authored->rrset(authored->find_node(owner.lower().wire()), dns::RrType::kCname);
    auto target = dns::Name::from_wire(dns::RdataCursor(*cname).rdata());
    owner = target->lower();
  }
  return Unexpected(refuse(owner, "is at the end of too many aliases", ""));
}

Result<AcmeToken, Refusal> ZoneStore::set_token(std::string_view name, std::string text,
                                                WallTime expires) {
  const auto asked = acme_owner(name);
  if (!asked) { return Unexpected(Refusal{"'" + std::string(name) + "' is not a name", ""}); }
  if (!is_acme_text(text)) {
    return Unexpected(Refusal{"the token is not 1 to 255 printable characters",
                              "43 characters of base64url, as the ACME client prints it"});
  }
  std::lock_guard lock(mutex_);
  auto found = find_token_place(*asked);
  if (!found) { return Unexpected(found.error()); }
  const auto& [owner, place] = *found;
  std::size_t of_owner = 0;
  for (AcmeToken& token : tokens_) {
    if (!(token.owner == owner)) { continue; }
    ++of_owner;
    if (token.text != text || !(token.name == *asked)) { continue; }
    token.expires = expires;
    is_unsaved_ = true;
    return token;
  }
  if (of_owner >= kMaxAcmeTokensPerOwner || tokens_.size() >= kMaxAcmeTokens) {
    return Unexpected(Refusal{"too many tokens", "clear those that are done with"});
  }
  tokens_.push_back({*asked, owner, place->row->apex, std::move(text), expires, false});
  is_unsaved_ = true;
  return tokens_.back();
}

std::size_t ZoneStore::clear_tokens(std::string_view name) {
  const auto asked = acme_owner(name);
  if (!asked) { return 0; }
  std::lock_guard lock(mutex_);
  const std::size_t count =
      std::erase_if(tokens_, [&](const AcmeToken& token) { return token.name == *asked; });
  if (count > 0) { is_unsaved_ = true; }
  return count;
}

std::vector<AcmeToken> ZoneStore::tokens() const {
  std::lock_guard lock(mutex_);
  return tokens_;
}

std::optional<WallTime> ZoneStore::next_token_expiry() const {
  std::lock_guard lock(mutex_);
  const auto first = std::ranges::min_element(tokens_, {}, &AcmeToken::expires);
  return first == tokens_.end() ? std::nullopt : std::optional(first->expires);
}

void ZoneStore::run_tokens(WallTime now) {
  std::vector<Place*> touched;
  {
    std::lock_guard lock(mutex_);
    if (std::erase_if(tokens_, [&](const auto& token) { return token.expires <= now; }) > 0) {
      is_unsaved_ = true;
    }
    for (const AcmeToken& token : tokens_) {
      Place* const place = find(token.apex);
      if (place != nullptr && !place->has_token(token)) { touched.push_back(place); }
    }
    for (const auto& place : places_) {
      if (!place->made_with.empty()) { touched.push_back(place.get()); }
    }
  }
  for (Place* const place : touched) { run(*place, false); }
}

SavedZones ZoneStore::save() const {
  std::lock_guard lock(mutex_);
  SavedZones saved;
  saved.tokens = tokens_;
  for (const auto& place : places_) {
    if (!place->has_data()) { continue; }
    const std::uint32_t serial = place->served->serial();
    if (place->holds_serial) { saved.serials.emplace_back(place->row->apex, serial); }
    if (place->made_statics != 0 && !place->served->is_signed()) {
      saved.statics.push_back({place->row->apex, serial, place->made_statics});
    }
  }
  return saved;
}

void ZoneStore::restore(SavedZones saved) {
  std::lock_guard lock(mutex_);
  tokens_ = std::move(saved.tokens);
  for (const auto& [apex, serial] : saved.serials) { saved_serials_[zone_key(apex)] = serial; }
  for (SavedZones::Statics& each : saved.statics) {
    const std::string key = zone_key(each.apex);
    saved_statics_.insert_or_assign(key, std::move(each));
  }
}

}  // namespace gslb::control
