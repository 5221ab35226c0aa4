#include "edge/cache/policy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "edge/http/date.h"
#include "edge/http/validator.h"

namespace edge::cache {
namespace {

using config::CachePolicy;
using gslb::WallTime;
using http::CacheControl;

// Status codes whose requirements on a cache we meet, for must-understand (RFC 9111 3, 5.2.2.3).
constexpr std::array<int, 27> kUnderstood = {200, 201, 202, 203, 204, 206, 300, 301, 302,
                                             303, 307, 308, 400, 401, 403, 404, 405, 406,
                                             410, 414, 451, 500, 501, 502, 503, 504, 421};
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
    const std::string field = response.fields.joined("CDN-Cache-Control");
    if (auto control = http::parse_targeted_cache_control(field)) {
      return {std::move(*control), true};
    }
  }
  return {http::parse_cache_control(response.fields.joined("Cache-Control")), false};
}

// The origin's word, where the operator lets it have one.
Rules rules_of(const http::ResponseHead& response, const CachePolicy& policy) {
  return policy.ignore_origin ? Rules{{}, true} : rules_of(response);
}

// What the operator decides; `result` has all that the origin said.  His times begin when the
// response comes in, whatever age it has by then.
void apply_ttls(const http::ResponseHead& response, const CachePolicy& policy, Freshness& result) {
  if (!contains(kHeuristic, response.status) || result.always_validate) { return; }
  const bool is_negative = response.status == 404 || response.status == 410;
  if (result.heuristic && policy.ttl_s && !is_negative) {
    result.lifetime_s = *policy.ttl_s + result.initial_age_s;
  }
  if (policy.min_ttl_s && !is_negative) {
    result.lifetime_s = std::max(result.lifetime_s, *policy.min_ttl_s + result.initial_age_s);
  }
  if (policy.max_ttl_s) {
    result.lifetime_s = std::min(result.lifetime_s, *policy.max_ttl_s + result.initial_age_s);
  }
}

std::optional<std::int64_t> explicit_lifetime(const http::ResponseHead& response,
                                              const Rules& rules, WallTime received) {
  if (rules.control.s_maxage_s) { return rules.control.s_maxage_s; }
  if (rules.control.max_age_s) { return rules.control.max_age_s; }
  if (rules.targeted || !response.fields.has("Expires")) { return std::nullopt; }
  // An invalid date, "0" above all, is a time in the past (5.3).  Of several the first counts.
  const auto expires = date_field(response, "Expires", received);
  if (!expires) { return 0; }
  const WallTime date = date_field(response, "Date", received).value_or(received);
  return std::clamp<std::int64_t>(seconds_between(date, *expires), 0, http::kMaxDeltaSeconds);
}

std::int64_t heuristic_lifetime(const http::ResponseHead& response, const Rules& rules,
                                WallTime received, const CachePolicy& policy) {
  if (!contains(kHeuristic, response.status) && !rules.control.is_public) { return 0; }
  const auto modified = date_field(response, "Last-Modified", received);
  const WallTime date = date_field(response, "Date", received).value_or(received);
  if (modified && *modified < date) {
    return std::min(seconds_between(*modified, date) / 10, kHeuristicMaxS);
  }
  const bool is_negative = response.status == 404 || response.status == 410;
  return is_negative ? policy.negative_ttl_s : 0;
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

Freshness freshness_of(const http::ResponseHead& response, const Exchange& exchange,
                       const CachePolicy& policy) {
  const Rules rules = rules_of(response, policy);
  const WallTime received = exchange.response_received;
  Freshness result;
  if (const auto lifetime = explicit_lifetime(response, rules, received)) {
    result.lifetime_s = *lifetime;
  } else {
    result.lifetime_s = heuristic_lifetime(response, rules, received, policy);
    result.heuristic = true;
  }
  // 4.2.3: apparent_age guards against hops that send no Age, response_delay against a slow path.
  const WallTime date = date_field(response, "Date", received).value_or(received);
  const std::int64_t apparent = std::max<std::int64_t>(0, seconds_between(date, received));
  // Whole seconds of the difference, not a difference of whole seconds: else every fifth response
  // that takes 200 ms would be a second old.
  const std::int64_t delay = std::max<std::int64_t>(
      0, std::chrono::duration_cast<gslb::seconds>(received - exchange.request_sent).count());
  result.initial_age_s = std::max(apparent, age_field(response) + delay);
  const CacheControl& control = rules.control;
  result.always_validate = control.no_cache;
  result.never_stale = control.no_cache || control.must_revalidate || control.proxy_revalidate;
  result.must_revalidate = result.never_stale || control.s_maxage_s.has_value();
  if (!result.never_stale) {
    result.stale_while_revalidate_s = control.stale_while_revalidate_s.value_or(0);
    result.stale_if_error_s = control.stale_if_error_s;
  }
  apply_ttls(response, policy, result);
  return result;
}

namespace {

// A stored Set-Cookie goes to everybody who asks.
bool allows_cookie(const http::ResponseHead& response, const CacheControl& control,
                   const Freshness& freshness, CachePolicy::SetCookie rule) {
  if (!response.fields.has("Set-Cookie")) { return true; }
  for (const auto* names : {&control.no_cache_fields, &control.private_fields}) {
    // It will be taken out of what is stored.
    if (std::find(names->begin(), names->end(), "set-cookie") != names->end()) { return true; }
  }
  using SetCookie = CachePolicy::SetCookie;
  if (rule == SetCookie::kNever) { return false; }
  if (control.is_public || control.s_maxage_s) { return true; }
  // Not what is only kept to be validated: a 304 to one client would hand it another's cookie.
  return rule == SetCookie::kExplicit && !freshness.heuristic && !freshness.always_validate &&
         freshness.lifetime_s > freshness.initial_age_s;
}

}  // namespace

bool is_storable(const RequestRules& request, const http::ResponseHead& response,
                 const Exchange& exchange, const CachePolicy& policy) {
  const Rules rules = rules_of(response, policy);
  const CacheControl& control = rules.control;
  // Other statuses are stored by their own word, understood or not (3).
  const bool understood = contains(kUnderstood, response.status);
  if (response.status < 200 || response.status == 304) { return false; }
  if (control.must_understand && !understood) { return false; }
  if (request.control.no_store || control.is_private) { return false; }
  // must-understand overrides no-store for a cache that knows the status (5.2.2.3).
  if (control.no_store && !control.must_understand) { return false; }
  if (response.fields.has_element("Vary", "*")) { return false; }
  if (request.authorized && !control.is_public && !control.must_revalidate && !control.s_maxage_s) {
    return false;
  }
  const Freshness freshness = freshness_of(response, exchange, policy);
  if (!allows_cookie(response, control, freshness, policy.set_cookie)) { return false; }
  if (freshness.lifetime_s > freshness.initial_age_s && !freshness.always_validate) { return true; }
  const bool has_validator = response.fields.has("ETag") || response.fields.has("Last-Modified");
  if (has_validator && (response.status == 200 || response.status == 206)) { return true; }
  return !freshness.heuristic &&
         freshness.stale_while_revalidate_s + freshness.stale_if_error_s.value_or(0) > 0;
}

void complete_date(http::ResponseHead& response, WallTime received) {
  if (!date_field(response, "Date", received)) {
    response.fields.set("Date", http::format_date(received));
  }
}

http::Fields strip_for_storage(http::ResponseHead& response) {
  const CacheControl control = rules_of(response).control;
  std::vector<std::string> names = control.no_cache_fields;
  names.insert(names.end(), control.private_fields.begin(), control.private_fields.end());
  http::Fields removed;
  for (const http::Field& field : response.fields.list()) {
    const std::string name = http::to_lower(field.name);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      removed.add(field.name, field.value);
    }
  }
  for (const std::string& name : names) { response.fields.remove(name); }
  http::remove_hop_by_hop_of_response(response.fields);
  return removed;
}

std::int64_t current_age_s(const Freshness& freshness, gslb::milliseconds resident) noexcept {
  return freshness.initial_age_s + resident.count() / 1000;
}

bool is_usable(const Freshness& freshness, std::int64_t age_s,
               const RequestRules& request) noexcept {
  if (freshness.always_validate || !request.may_use_stored) { return false; }
  const CacheControl& control = request.control;
  const std::int64_t staleness = age_s - freshness.lifetime_s;
  if (staleness >= 0 &&
      (freshness.must_revalidate || !control.max_stale_s || staleness > *control.max_stale_s)) {
    return false;
  }
  if (control.max_age_s && age_s > *control.max_age_s) { return false; }
  // max-age=0 asks for end-to-end revalidation (5.2.1.1), also of a response of this second.
  if (control.max_age_s && *control.max_age_s == 0) { return false; }
  return !control.min_fresh_s || -staleness >= *control.min_fresh_s;
}

bool is_usable_meanwhile(const Freshness& freshness, std::int64_t age_s,
                         const RequestRules& request) noexcept {
  // A request that names an age does not want anything stale (5.2.1.1, 5.2.1.3).
  if (freshness.never_stale || freshness.always_validate || !request.may_use_stored ||
      request.control.max_age_s || request.control.min_fresh_s) {
    return false;
  }
  return age_s - freshness.lifetime_s < freshness.stale_while_revalidate_s;
}

bool is_usable_on(OriginFailure failure, const Freshness& freshness, std::int64_t age_s,
                  const RequestRules& request) noexcept {
  const CacheControl& control = request.control;
  if (freshness.never_stale || !request.may_use_stored) { return false; }
  const std::int64_t staleness = age_s - freshness.lifetime_s;
  if (control.stale_if_error_s && staleness < *control.stale_if_error_s &&
      !freshness.must_revalidate) {
    return true;
  }
  if (control.max_age_s || control.min_fresh_s) { return false; }
  // An origin that gives a bound means it for both kinds of failure.
  if (freshness.stale_if_error_s) { return staleness < *freshness.stale_if_error_s; }
  return failure == OriginFailure::kUnreachable && !freshness.must_revalidate;
}

}  // namespace edge::cache
