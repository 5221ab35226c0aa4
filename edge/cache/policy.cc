#include "edge/cache/policy.h"

#include <algorithm>
#include <array>
#include <optional>

#include "edge/http/date.h"
#include "edge/http/validator.h"

namespace edge::cache {
namespace {

using gslb::WallTime;
using http::CacheControl;

// Final status codes whose meaning for a cache we know (RFC 9111 3).  206 and 304 are not among
// them: partial content is not stored.
constexpr std::array<int, 21> kUnderstood = {200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401,
                                             403, 404, 405, 406, 410, 414, 451, 500, 501, 503};
// RFC 9110 15.1: cacheable by heuristics.
constexpr std::array<int, 11> kHeuristic = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
constexpr std::int64_t kHeuristicMaxS = 24 * 3600;

template <std::size_t N>
bool contains(const std::array<int, N>& list, int status) {
  return std::find(list.begin(), list.end(), status) != list.end();
}

std::int64_t seconds_between(WallTime from, WallTime to) {
  // In seconds before the difference: 1900 to 2261 overflows the clock's nanoseconds.
  const auto whole = [](WallTime time) {
    return std::chrono::floor<gslb::seconds>(time).time_since_epoch().count();
  };
  return whole(to) - whole(from);
}

std::optional<WallTime> date_field(const http::ResponseHead& response, std::string_view name,
                                   WallTime now) {
  const std::string* text = response.fields.find(name);
  return text == nullptr ? std::nullopt : http::parse_date(*text, now);
}

// RFC 9213 2.2: a valid non-empty targeted field is used instead of Cache-Control and Expires.
struct Rules {
  CacheControl control;
  bool targeted = false;
};
Rules rules_of(const http::ResponseHead& response) {
  if (response.fields.has("CDN-Cache-Control")) {
    CacheControl control = http::parse_cache_control(response.fields.joined("CDN-Cache-Control"));
    if (control.present) { return {std::move(control), true}; }
  }
  return {http::parse_cache_control(response.fields.joined("Cache-Control")), false};
}

std::optional<std::int64_t> explicit_lifetime(const http::ResponseHead& response,
                                              const Rules& rules, WallTime received) {
  if (rules.control.s_maxage_s) { return rules.control.s_maxage_s; }
  if (rules.control.max_age_s) { return rules.control.max_age_s; }
  if (rules.targeted || !response.fields.has("Expires")) { return std::nullopt; }
  // An invalid date, "0" above all, is a time in the past (5.3); so are several that differ.
  const auto expires = date_field(response, "Expires", received);
  if (!expires || response.fields.count("Expires") != 1) { return 0; }
  const WallTime date = date_field(response, "Date", received).value_or(received);
  return std::clamp<std::int64_t>(seconds_between(date, *expires), 0, http::kMaxDeltaSeconds);
}

std::int64_t heuristic_lifetime(const http::ResponseHead& response, const Rules& rules,
                                WallTime received) {
  if (!contains(kHeuristic, response.status) && !rules.control.is_public) { return 0; }
  const auto modified = date_field(response, "Last-Modified", received);
  const WallTime date = date_field(response, "Date", received).value_or(received);
  if (!modified || *modified >= date) { return 0; }
  return std::min(seconds_between(*modified, date) / 10, kHeuristicMaxS);
}

// Age as the next hops gave it.  The first element decides, and a value that is no number is
// ignored, as 5.1 asks.
std::int64_t age_field(const http::ResponseHead& response) {
  const std::string* text = response.fields.find("Age");
  if (text == nullptr) { return 0; }
  std::string_view rest = *text;
  const auto first = http::next_element(rest);
  return first ? http::parse_delta_seconds(*first).value_or(0) : 0;
}

}  // namespace

RequestRules request_rules(const http::RequestHead& request) {
  RequestRules rules;
  rules.control = http::parse_cache_control(request.fields.joined("Cache-Control"));
  rules.authorized = request.fields.has("Authorization");
  rules.conditional = request.fields.has("If-Match") || request.fields.has("If-Unmodified-Since");
  rules.may_use_stored =
      !rules.control.no_cache && rules.control.no_cache_fields.empty() &&
      (rules.control.present || !request.fields.has_element("Pragma", "no-cache"));
  return rules;
}

Freshness freshness_of(const http::ResponseHead& response, const Exchange& exchange) {
  const Rules rules = rules_of(response);
  const WallTime received = exchange.response_received;
  Freshness result;
  if (const auto lifetime = explicit_lifetime(response, rules, received)) {
    result.lifetime_s = *lifetime;
  } else {
    result.lifetime_s = heuristic_lifetime(response, rules, received);
    result.heuristic = true;
  }
  // 4.2.3: apparent_age guards against hops that send no Age, response_delay against a slow path.
  const WallTime date = date_field(response, "Date", received).value_or(received);
  const std::int64_t apparent = std::max<std::int64_t>(0, seconds_between(date, received));
  const std::int64_t delay =
      std::max<std::int64_t>(0, seconds_between(exchange.request_sent, received));
  result.initial_age_s = std::max(apparent, age_field(response) + delay);
  const CacheControl& control = rules.control;
  result.always_validate = control.no_cache;
  // s-maxage means proxy-revalidate too (5.2.2.10).
  result.must_revalidate = control.no_cache || control.must_revalidate ||
                           control.proxy_revalidate || control.s_maxage_s.has_value();
  return result;
}

bool is_storable(const RequestRules& request, const http::ResponseHead& response,
                 const Exchange& exchange) {
  const Rules rules = rules_of(response);
  const CacheControl& control = rules.control;
  if (!contains(kUnderstood, response.status)) { return false; }
  if (request.control.no_store || control.is_private) { return false; }
  // must-understand overrides no-store for a cache that knows the status (5.2.2.3); we do.
  if (control.no_store && !control.must_understand) { return false; }
  if (response.fields.has_element("Vary", "*")) { return false; }
  if (request.authorized && !control.is_public && !control.must_revalidate && !control.s_maxage_s) {
    return false;
  }
  if (response.fields.has("Set-Cookie") && !control.is_public && !control.s_maxage_s) {
    const auto& hidden = control.no_cache_fields;
    const auto& secret = control.private_fields;
    const bool removed = std::find(hidden.begin(), hidden.end(), "set-cookie") != hidden.end() ||
                         std::find(secret.begin(), secret.end(), "set-cookie") != secret.end();
    if (!removed) { return false; }
  }
  const Freshness freshness = freshness_of(response, exchange);
  const bool has_validator = response.fields.has("ETag") || response.fields.has("Last-Modified");
  // Something that is stale at once and can't be validated would only take room.
  if (freshness.lifetime_s <= freshness.initial_age_s || freshness.always_validate) {
    const bool explicitly =
        !freshness.heuristic || control.is_public || contains(kHeuristic, response.status);
    return has_validator && explicitly && response.status == 200;
  }
  return true;
}

void strip_for_storage(http::ResponseHead& response) {
  const Rules rules = rules_of(response);
  for (const std::string& name : rules.control.no_cache_fields) { response.fields.remove(name); }
  for (const std::string& name : rules.control.private_fields) { response.fields.remove(name); }
  http::remove_hop_by_hop(response.fields);
}

std::int64_t current_age_s(const Freshness& freshness, gslb::milliseconds resident) noexcept {
  return freshness.initial_age_s + resident.count() / 1000;
}

bool is_usable(const Freshness& freshness, std::int64_t age_s,
               const RequestRules& request) noexcept {
  if (freshness.always_validate || !request.may_use_stored) { return false; }
  if (age_s >= freshness.lifetime_s) { return false; }  // max-stale is a permission we don't use
  const CacheControl& control = request.control;
  if (control.max_age_s && age_s > *control.max_age_s) { return false; }
  // max-age=0 asks for end-to-end revalidation (5.2.1.1), also of a response of this second.
  if (control.max_age_s && *control.max_age_s == 0) { return false; }
  return !control.min_fresh_s || freshness.lifetime_s - age_s >= *control.min_fresh_s;
}

http::ResponseHead updated_by_304(const http::ResponseHead& stored,
                                  const http::ResponseHead& not_modified) {
  constexpr std::array<std::string_view, 4> kKept = {"Content-Length", "Content-Encoding",
                                                     "Content-Range", "Content-Type"};
  http::ResponseHead result = stored;
  http::Fields fresh = not_modified.fields;
  http::remove_hop_by_hop(fresh);
  for (const std::string_view name : kKept) { fresh.remove(name); }
  // The age of the stored response ended with its validation; Age is kept only if the 304 has one.
  result.fields.remove("Age");
  for (const http::Field& field : fresh.list()) { result.fields.remove(field.name); }
  for (http::Field& field : fresh.list()) {
    result.fields.add(std::move(field.name), std::move(field.value));
  }
  return result;
}

bool selects(const http::ResponseHead& not_modified, const http::ResponseHead& stored) {
  const std::string* theirs = not_modified.fields.find("ETag");
  if (theirs == nullptr) { return true; }
  const auto sent = http::parse_entity_tag(*theirs);
  const std::string* ours = stored.fields.find("ETag");
  const auto kept = ours == nullptr ? std::nullopt : http::parse_entity_tag(*ours);
  return sent && kept && http::weakly_equal(*sent, *kept);
}

}  // namespace edge::cache
