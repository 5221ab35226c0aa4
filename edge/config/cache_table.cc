#include "edge/config/cache_table.h"

#include <utility>

#include "edge/config/listeners.h"
#include "edge/config/values.h"

namespace edge::config {
namespace {

using gslb::TomlTable;

constexpr std::int64_t kYearMs = 366LL * kDayMs;

void read_seconds(TomlTable& table, std::string_view key, std::optional<std::int64_t>& value) {
  if (const auto ms = table.duration_ms(key, 0, kYearMs)) { value = *ms / 1000; }
}

void read_patterns(TomlTable& table, std::string_view key, std::vector<std::string>& patterns) {
  if (!table.has(key)) { return; }
  patterns.clear();
  for (gslb::LocatedString& each : table.strings(key)) {
    if (each.text.empty()) { table.error(key, "a pattern is empty", "as in \"utm_*\""); }
    patterns.push_back(std::move(each.text));
  }
}

void read_key_rules(TomlTable& table, KeyRules& key) {
  if (const auto query = table.choice("query", {"keep", "sort", "drop"})) {
    key.query = *query == "sort"   ? KeyRules::Query::kSort
                : *query == "drop" ? KeyRules::Query::kDrop
                                   : KeyRules::Query::kKeep;
  }
  read_patterns(table, "ignore_query", key.ignore);
  read_patterns(table, "only_query", key.only);
  if (const auto host = table.string("key_host")) {
    key.host = lower_case(*host);
    if (key.host.empty() || key.host.find_first_of("*/ ") != key.host.npos) {
      table.error("key_host", "\"" + *host + "\" is no host", "\"www.example.com\"");
    }
  }
}

}  // namespace

void read_policy(TomlTable& table, CachePolicy& policy) {
  using SetCookie = CachePolicy::SetCookie;
  if (const auto rule = table.choice("set_cookie", {"explicit", "shared", "never"})) {
    policy.set_cookie = *rule == "never"    ? SetCookie::kNever
                        : *rule == "shared" ? SetCookie::kShared
                                            : SetCookie::kExplicit;
  }
  if (const auto ttl = table.duration_ms("negative_ttl", 0, kDayMs)) {
    policy.negative_ttl_s = *ttl / 1000;
  }
  read_seconds(table, "ttl", policy.ttl_s);
  read_seconds(table, "min_ttl", policy.min_ttl_s);
  read_seconds(table, "max_ttl", policy.max_ttl_s);
  if (policy.min_ttl_s && policy.max_ttl_s && *policy.min_ttl_s > *policy.max_ttl_s) {
    table.error(table.has("min_ttl") ? "min_ttl" : "max_ttl", "min_ttl is above max_ttl");
  }
  if (const auto honour = table.boolean("honour_origin")) { policy.ignore_origin = !*honour; }
  if (policy.ignore_origin && !policy.ttl_s) {
    table.error("honour_origin", "without the origin's word there has to be a ttl", "ttl = \"5m\"");
  }
  read_patterns(table, "bypass_cookies", policy.bypass_cookies);
  read_key_rules(table, policy.key);
}

}  // namespace edge::config
