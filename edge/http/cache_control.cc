#include "edge/http/cache_control.h"

#include <algorithm>
#include <array>

#include "edge/http/structured.h"

namespace edge::http {
namespace {

// The argument without its quotes and quoted-pairs; a token as it is.  An unterminated quote ends
// at the end of the value.
std::string unquote(std::string_view text) {
  if (text.empty() || text.front() != '"') { return std::string(text); }
  std::string result;
  for (std::size_t i = 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) { ++i; }
    result += text[i];
  }
  return result;
}

struct AgeDirective {
  std::string_view name;
  std::optional<std::int64_t> CacheControl::*member;
};
constexpr std::array<AgeDirective, 6> kAges = {{
    {"max-age", &CacheControl::max_age_s},
    {"s-maxage", &CacheControl::s_maxage_s},
    {"min-fresh", &CacheControl::min_fresh_s},
    {"max-stale", &CacheControl::max_stale_s},
    {"stale-while-revalidate", &CacheControl::stale_while_revalidate_s},
    {"stale-if-error", &CacheControl::stale_if_error_s},
}};

struct FlagDirective {
  std::string_view name;
  bool CacheControl::*member;
};
constexpr std::array<FlagDirective, 7> kFlags = {{
    {"no-store", &CacheControl::no_store},
    {"public", &CacheControl::is_public},
    {"must-revalidate", &CacheControl::must_revalidate},
    {"proxy-revalidate", &CacheControl::proxy_revalidate},
    {"must-understand", &CacheControl::must_understand},
    {"only-if-cached", &CacheControl::only_if_cached},
    {"no-transform", &CacheControl::no_transform},
}};

// no-cache and private: with field names they concern only these fields (5.2.2.4, 5.2.2.7).  An
// empty list of names is read as the unqualified form, the restrictive reading.
void set_qualified(bool& whole, std::vector<std::string>& names, std::string_view list) {
  bool any = false;
  while (const auto element = next_element(list)) {
    names.push_back(to_lower(*element));
    any = true;
  }
  if (!any) { whole = true; }
}

// `argument`: without quotes; `age`: it read as delta-seconds, nothing if it is none.
void apply(CacheControl& result, std::string_view name, std::string_view argument,
           std::optional<std::int64_t> age) {
  for (const AgeDirective& directive : kAges) {
    std::optional<std::int64_t>& slot = result.*directive.member;
    if (slot || !equals_ignoring_case(name, directive.name)) { continue; }
    // A client that names no bound for max-stale takes a response of any age (5.2.1.2).
    const bool unbounded = argument.empty() && equals_ignoring_case(name, "max-stale");
    slot = unbounded ? kMaxDeltaSeconds : age.value_or(0);
  }
  for (const FlagDirective& flag : kFlags) {
    if (equals_ignoring_case(name, flag.name)) { result.*flag.member = true; }
  }
  if (equals_ignoring_case(name, "no-cache")) {
    set_qualified(result.no_cache, result.no_cache_fields, argument);
  }
  if (equals_ignoring_case(name, "private")) {
    set_qualified(result.is_private, result.private_fields, argument);
  }
}

}  // namespace

std::optional<std::int64_t> parse_delta_seconds(std::string_view text) noexcept {
  if (text.empty() ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const auto value = parse_number(text);
  if (!value) { return kMaxDeltaSeconds; }  // digits only, so it overflowed
  return std::min<std::int64_t>(static_cast<std::int64_t>(*value), kMaxDeltaSeconds);
}

CacheControl parse_cache_control(std::string_view value) {
  CacheControl result;
  while (const auto element = next_element(value)) {
    const std::size_t equals = element->find('=');
    const std::string_view name = trim(element->substr(0, equals));
    const std::string_view argument =
        equals == std::string_view::npos ? std::string_view{} : element->substr(equals + 1);
    if (!is_token(name)) { continue; }
    result.present = true;
    const std::string plain = unquote(argument);
    // Spaces around "=" are no grammar's: an age with them is an invalid one.
    const bool is_tight = name.size() == std::min(equals, element->size());
    apply(result, name, plain, is_tight ? parse_delta_seconds(plain) : std::nullopt);
  }
  return result;
}

std::optional<CacheControl> parse_targeted_cache_control(std::string_view value) {
  const auto dictionary = parse_dictionary(value);
  if (!dictionary || dictionary->empty()) { return std::nullopt; }
  CacheControl result;
  result.present = true;
  for (const DictionaryMember& member : *dictionary) {
    using Kind = BareItem::Kind;
    const BareItem& item = member.value;
    if (item.kind == Kind::kBoolean && item.integer == 0) { continue; }  // no-store=?0
    std::optional<std::int64_t> age;
    if (item.kind == Kind::kInteger && item.integer >= 0) {
      age = std::min(item.integer, kMaxDeltaSeconds);
    }
    apply(result, member.key, item.text, age);
  }
  return result;
}

}  // namespace edge::http
