#include "edge/http/validator.h"

#include <algorithm>

#include "edge/http/date.h"

namespace edge::http {
namespace {

bool any_tag_matches(const std::string& list, const std::string* current) {
  if (trim(list) == "*") { return true; }
  if (current == nullptr) { return false; }
  const auto own = parse_entity_tag(trim(*current));
  if (!own) { return false; }
  std::string_view rest = list;
  while (const auto element = next_element(rest)) {
    const auto tag = parse_entity_tag(*element);
    if (tag && weakly_equal(*tag, *own)) { return true; }
  }
  return false;
}

std::optional<gslb::WallTime> date_of(const Fields& fields, std::string_view name,
                                      gslb::WallTime now) {
  const std::string* text = fields.find(name);
  return text == nullptr ? std::nullopt : parse_date(*text, now);
}

bool if_range_holds(const Fields& request, const Fields& response, gslb::WallTime now) {
  const std::string* condition = request.find("If-Range");
  if (condition == nullptr) { return true; }
  if (const auto tag = parse_entity_tag(trim(*condition))) {
    const std::string* current = response.find("ETag");
    const auto own = current == nullptr ? std::nullopt : parse_entity_tag(trim(*current));
    return own && strongly_equal(*tag, *own);
  }
  // A date must match exactly, and is a strong validator only when it is well before Date
  // (RFC 9110 8.8.2.2): one minute, the usual allowance for clocks that differ.
  const auto wanted = parse_date(*condition, now);
  const auto modified = date_of(response, "Last-Modified", now);
  const auto date = date_of(response, "Date", now);
  return wanted && modified && *wanted == *modified && date &&
         *modified <= *date - std::chrono::seconds(60);
}

}  // namespace

std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept {
  EntityTag tag;
  if (text.starts_with("W/")) {
    tag.weak = true;
    text.remove_prefix(2);
  }
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') { return std::nullopt; }
  tag.opaque = text.substr(1, text.size() - 2);
  const bool clean = std::all_of(tag.opaque.begin(), tag.opaque.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet == 0x21 || (octet >= 0x23 && octet != 0x7f);
  });
  return clean ? std::optional(tag) : std::nullopt;
}

bool strongly_equal(const EntityTag& a, const EntityTag& b) noexcept {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}

bool weakly_equal(const EntityTag& a, const EntityTag& b) noexcept { return a.opaque == b.opaque; }

bool not_modified(const Fields& request, const Fields& response, gslb::WallTime now) {
  if (request.has("If-None-Match")) {
    return any_tag_matches(request.joined("If-None-Match"), response.find("ETag"));
  }
  const auto since = date_of(request, "If-Modified-Since", now);
  if (!since) { return false; }
  // Without Last-Modified a cache compares with Date, when the response came to be (RFC 9111
  // 4.3.2).
  auto modified = date_of(response, "Last-Modified", now);
  if (!modified) { modified = date_of(response, "Date", now); }
  return modified && *modified <= *since;
}

RangeDecision decide_range(const Fields& request, const Fields& response, std::uint64_t size,
                           gslb::WallTime now) {
  const std::string* value = request.find("Range");
  if (value == nullptr || request.count("Range") != 1 || !if_range_holds(request, response, now)) {
    return {};
  }
  const std::string_view text = trim(*value);
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || !equals_ignoring_case(text.substr(0, equals), "bytes")) {
    return {};
  }
  const std::string_view spec = trim(text.substr(equals + 1));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) { return {}; }
  const auto first = parse_number(spec.substr(0, dash));
  const auto last = parse_number(spec.substr(dash + 1));
  if (dash == 0) {  // "-500": the last 500 octets
    if (!last) { return {}; }
    if (*last == 0 || size == 0) { return {RangeKind::kUnsatisfiable, {}}; }
    return {RangeKind::kPartial, {size - std::min(*last, size), size - 1}};
  }
  const bool open = dash + 1 == spec.size();
  if (!first || (!open && (!last || *last < *first))) { return {}; }
  if (*first >= size) { return {RangeKind::kUnsatisfiable, {}}; }
  return {RangeKind::kPartial, {*first, open ? size - 1 : std::min(*last, size - 1)}};
}

}  // namespace edge::http
