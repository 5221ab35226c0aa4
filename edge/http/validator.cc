#include "edge/http/validator.h"

#include <algorithm>

#include "edge/http/date.h"

namespace edge::http {
namespace {

// 8.8.2.2 wants Last-Modified so long before Date that clocks which differ don't matter.
constexpr std::chrono::seconds kStrongAfter{60};

bool any_tag_matches(const std::string& list, const std::string* current) {
  if (trim(list) == "*") { return true; }
  if (current == nullptr) { return false; }
  const auto own = parse_entity_tag(trim(*current));
  std::string_view rest = list;
  while (const auto element = next_element(rest)) {
    const auto tag = parse_entity_tag(*element);
    if (own && tag && weakly_equal(*tag, *own)) { return true; }
    // Origins that forget the quotes get them back forgotten.
    if (!own && !tag && *element == trim(*current)) { return true; }
  }
  return false;
}

std::optional<gslb::WallTime> date_of(const Fields& fields, std::string_view name,
                                      gslb::WallTime now) {
  const std::string* text = fields.find(name);
  return text == nullptr ? std::nullopt : parse_date(*text, now);
}

// A validator that could be in If-Range and is the stored one, strongly.
bool if_range_holds(const Fields& request, const Fields& response, gslb::WallTime now) {
  const std::string* condition = request.find("If-Range");
  if (condition == nullptr) { return true; }
  const auto current = strong_validator(response, now);
  if (const auto tag = parse_entity_tag(trim(*condition))) {
    const auto own = current ? parse_entity_tag(*current) : std::nullopt;
    return own && strongly_equal(*tag, *own);
  }
  const std::string* modified = response.find("Last-Modified");
  const auto wanted = parse_date(*condition, now);
  const auto date = date_of(response, "Date", now);
  const auto time = modified == nullptr ? std::nullopt : parse_date(*modified, now);
  return wanted && time && *wanted == *time && date && *time <= *date - kStrongAfter;
}

std::optional<RangeSpec> parse_spec(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) { return std::nullopt; }
  const bool has_first = dash > 0;
  const bool has_last = dash + 1 < text.size();
  RangeSpec spec{parse_number(text.substr(0, dash)), parse_number(text.substr(dash + 1))};
  if ((has_first && !spec.first) || (has_last && !spec.last) || (!has_first && !has_last)) {
    return std::nullopt;
  }
  if (spec.first && spec.last && *spec.last < *spec.first) { return std::nullopt; }
  return spec;
}

std::optional<ByteRange> place(const RangeSpec& spec, std::uint64_t size) {
  if (size == 0) { return std::nullopt; }
  if (!spec.first) {
    const std::uint64_t count = std::min(*spec.last, size);
    return count == 0 ? std::nullopt : std::optional(ByteRange{size - count, size - 1});
  }
  if (*spec.first >= size) { return std::nullopt; }
  return ByteRange{*spec.first, std::min(spec.last.value_or(size - 1), size - 1)};
}

// What lies between two ranges costs less than the head of another part.
constexpr std::uint64_t kCoalesceGap = 80;

// In the order they were asked for, each joined with the earlier one it overlaps or nearly touches.
std::vector<ByteRange> coalesce(const std::vector<ByteRange>& ranges) {
  std::vector<ByteRange> result;
  for (ByteRange range : ranges) {
    // Joining may make it touch others, so those leave the list and the rest is looked at anew.
    for (bool joined = true; joined;) {
      const auto near = std::find_if(result.begin(), result.end(), [&](const ByteRange& each) {
        return range.first <= each.last + kCoalesceGap && each.first <= range.last + kCoalesceGap;
      });
      joined = near != result.end();
      if (!joined) { break; }
      range = {std::min(range.first, near->first), std::max(range.last, near->last)};
      result.erase(near);
    }
    result.push_back(range);
  }
  return result;
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

std::optional<std::string> strong_validator(const Fields& response, gslb::WallTime now) {
  if (const std::string* tag = response.find("ETag")) {
    const auto parsed = parse_entity_tag(trim(*tag));
    if (parsed && !parsed->weak) { return std::string(trim(*tag)); }
    // A weak one says that octets may differ; Last-Modified can't say more then.
    return std::nullopt;
  }
  const auto modified = date_of(response, "Last-Modified", now);
  const auto date = date_of(response, "Date", now);
  if (!modified || !date || *modified > *date - kStrongAfter) { return std::nullopt; }
  return std::string(trim(*response.find("Last-Modified")));
}

bool not_modified(const Fields& request, const Fields& response, gslb::WallTime now) {
  if (request.has("If-None-Match")) {
    return any_tag_matches(request.joined("If-None-Match"), response.find("ETag"));
  }
  if (request.count("If-Modified-Since") != 1) { return false; }
  const auto since = date_of(request, "If-Modified-Since", now);
  if (!since) { return false; }
  // Without Last-Modified a cache compares with Date, when the response came to be (RFC 9111
  // 4.3.2).
  auto modified = date_of(response, "Last-Modified", now);
  if (!modified) { modified = date_of(response, "Date", now); }
  return modified && *modified <= *since;
}

std::string range_of(const ByteRange& range) {
  return "bytes=" + std::to_string(range.first) + '-' + std::to_string(range.last);
}

std::vector<RangeSpec> parse_range(const Fields& request) {
  const std::string* value = request.find("Range");
  if (value == nullptr || request.count("Range") != 1) { return {}; }
  const std::size_t equals = value->find('=');
  if (equals == std::string::npos || !equals_ignoring_case(value->substr(0, equals), "bytes")) {
    return {};
  }
  std::vector<RangeSpec> specs;
  std::string_view rest = std::string_view(*value).substr(equals + 1);
  while (const auto element = next_element(rest)) {
    const auto spec = parse_spec(*element);
    if (!spec || specs.size() == kMaxRanges) { return {}; }
    specs.push_back(*spec);
  }
  return specs;
}

std::optional<ContentRange> parse_content_range(const Fields& response) {
  const std::string* value = response.find("Content-Range");
  if (value == nullptr || response.count("Content-Range") != 1) { return std::nullopt; }
  const std::string_view text = trim(*value);
  if (text.size() < 6 || !equals_ignoring_case(text.substr(0, 6), "bytes ")) {
    return std::nullopt;
  }
  const std::string_view spec = text.substr(6);
  const std::size_t dash = spec.find('-');
  const std::size_t slash = spec.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = parse_number(spec.substr(0, dash));
  const auto last = parse_number(spec.substr(dash + 1, slash - dash - 1));
  const auto total = parse_number(spec.substr(slash + 1));
  if (!first || !last || !total || *last < *first || *last >= *total) { return std::nullopt; }
  return ContentRange{{*first, *last}, *total};
}

RangeDecision decide_range(const Fields& request, const Fields& response, std::uint64_t size,
                           gslb::WallTime now) {
  const std::vector<RangeSpec> specs = parse_range(request);
  if (specs.empty() || !if_range_holds(request, response, now)) { return {}; }
  std::vector<ByteRange> ranges;
  for (const RangeSpec& spec : specs) {
    if (const auto range = place(spec, size)) { ranges.push_back(*range); }
  }
  if (ranges.empty()) { return {RangeKind::kUnsatisfiable, {}}; }
  ranges = coalesce(ranges);
  // Many small parts cost more than the whole: asking for them is an attack or a mistake.
  std::uint64_t cost = 0;
  for (const ByteRange& range : ranges) { cost += range.size() + kCoalesceGap; }
  if (ranges.size() > 1 && cost > size) { return {}; }
  return {RangeKind::kPartial, std::move(ranges)};
}

}  // namespace edge::http
