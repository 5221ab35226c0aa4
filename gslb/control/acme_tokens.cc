#include "gslb/control/acme_tokens.h"

#include <algorithm>
#include <charconv>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace gslb::control {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;
constexpr std::string_view kPrefix = "_acme-challenge";
constexpr std::int64_t kLastMs = 9'000'000'000'000;  // system_clock ends in the year 2262

std::optional<std::string> text_at(const json::object& from, const char* name) {
  const json::value* const found = from.if_contains(name);
  if (found == nullptr || !found->is_string()) { return std::nullopt; }
  return std::string(found->get_string().data(), found->get_string().size());
}

std::optional<std::int64_t> integer_at(const json::object& from, const char* name,
                                       std::int64_t most) {
  const json::value* const found = from.if_contains(name);
  if (found == nullptr || !found->is_int64()) { return std::nullopt; }
  const std::int64_t value = found->get_int64();
  return value >= 0 && value <= most ? std::optional(value) : std::nullopt;
}

std::optional<dns::Name> name_at(const json::object& from, const char* name) {
  const auto text = text_at(from, name);
  if (!text) { return std::nullopt; }
  auto parsed = dns::Name::parse(*text);
  return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
}

bool read_token(const json::object& from, SavedZones& into) {
  auto name = name_at(from, "name");
  auto owner = name_at(from, "owner");
  auto apex = name_at(from, "zone");
  auto text = text_at(from, "token");
  const auto expires = integer_at(from, "expires_ms", kLastMs);
  if (!name || !owner || !apex || !text || !is_acme_text(*text) || !expires) { return false; }
  if (!owner->is_at_or_below(*apex) || into.tokens.size() >= kMaxAcmeTokens) { return false; }
  into.tokens.push_back({*std::move(name), *std::move(owner), *std::move(apex), *std::move(text),
                         WallTime(milliseconds(*expires)), false});
  return true;
}

bool read_serial(const json::object& from, SavedZones& into) {
  auto apex = name_at(from, "zone");
  const auto serial = integer_at(from, "serial", 0xffffffffLL);
  if (!apex || !serial) { return false; }
  into.serials.emplace_back(*std::move(apex), static_cast<std::uint32_t>(*serial));
  return true;
}

bool read_statics(const json::object& from, SavedZones& into) {
  auto apex = name_at(from, "zone");
  const auto serial = integer_at(from, "serial", 0xffffffffLL);
  const auto digest = text_at(from, "digest");  // text, as JSON's integers have a sign
  std::uint64_t value = 0;
  if (!apex || !serial || !digest) { return false; }
  const auto [end, error] = std::from_chars(digest->data(), digest->data() + digest->size(), value);
  if (error != std::errc() || end != digest->data() + digest->size()) { return false; }
  into.statics.push_back({*std::move(apex), static_cast<std::uint32_t>(*serial), value});
  return true;
}

template <typename Read>
void read_list(const json::object& file, const char* name, Read read, SavedZones& into,
               Problems& problems) {
  const json::value* const list = file.if_contains(name);
  if (list == nullptr || !list->is_array()) {
    return problems.warning({}, std::string("zone state: no list \"") + name + '"');
  }
  for (const json::value& entry : list->get_array()) {
    if (entry.is_object() && read(entry.get_object(), into)) { continue; }
    problems.warning({},
                     std::string("zone state: an entry of \"") + name + "\" is unusable, left out");
  }
}

}  // namespace

std::optional<dns::Name> acme_owner(std::string_view name) {
  const auto parsed = dns::Name::parse(name);
  if (!parsed) { return std::nullopt; }
  dns::Name lower = parsed->lower();
  // A certificate for *.NAME is validated at NAME (RFC 8555 8.4).
  if (lower.is_wildcard()) { lower = lower.parent(); }
  const std::string_view wire = as_text(lower.wire());
  if (wire.substr(1).starts_with(kPrefix) && static_cast<std::size_t>(wire[0]) == kPrefix.size()) {
    return lower;
  }
  auto owner = lower.prepend(kPrefix);
  return owner ? std::optional(*std::move(owner)) : std::nullopt;
}

bool is_acme_text(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 255 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string write_zone_state(const SavedZones& state) {
  json::array tokens;
  for (const AcmeToken& token : state.tokens) {
    const auto expires = std::chrono::duration_cast<milliseconds>(token.expires.time_since_epoch());
    tokens.push_back(json::object{{"name", token.name.to_string()},
                                  {"owner", token.owner.to_string()},
                                  {"zone", token.apex.to_string()},
                                  {"token", token.text},
                                  {"expires_ms", expires.count()}});
  }
  json::array serials;
  for (const auto& [apex, serial] : state.serials) {
    serials.push_back(json::object{{"zone", apex.to_string()}, {"serial", serial}});
  }
  json::array statics;
  for (const SavedZones::Statics& each : state.statics) {
    statics.push_back(json::object{{"zone", each.apex.to_string()},
                                   {"serial", each.serial},
                                   {"digest", std::to_string(each.digest)}});
  }
  return json::serialize(json::object{{"version", kVersion},
                                      {"tokens", std::move(tokens)},
                                      {"serials", std::move(serials)},
                                      {"statics", std::move(statics)}}) +
         "\n";
}

SavedZones parse_zone_state(const std::string& text, Problems& problems) {
  SavedZones state;
  json::error_code not_json;
  const json::value value = json::parse({text.data(), text.size()}, not_json);
  if (not_json || !value.is_object() ||
      integer_at(value.get_object(), "version", kVersion) != kVersion) {
    problems.warning({}, "zone state: not a JSON object of a version known here",
                     "ACME tokens and serials are forgotten");
    return state;
  }
  read_list(value.get_object(), "tokens", read_token, state, problems);
  read_list(value.get_object(), "serials", read_serial, state, problems);
  if (value.get_object().contains("statics")) {  // a state of an older version has none
    read_list(value.get_object(), "statics", read_statics, state, problems);
  }
  return state;
}

}  // namespace gslb::control
