#include "edge/config/swift_table.h"

#include <algorithm>

#include "edge/config/values.h"

namespace edge::config {
namespace {

constexpr std::int64_t kYearMs = 365 * kDayMs;

// "http://swift.example:8080/auth/v1.0": the path goes to `path`.
std::optional<Url> parse_auth(const std::string& text, std::string& path) {
  const std::size_t scheme = text.find("://");
  const std::size_t slash = scheme == text.npos ? text.npos : text.find('/', scheme + 3);
  path = slash == text.npos ? "/" : text.substr(slash);
  return is_visible(path) ? parse_url(std::string_view(text).substr(0, slash)) : std::nullopt;
}

Keystone read_keystone(gslb::TomlTable& table) {
  Keystone keystone;
  keystone.credential_id = table.string("credential_id").value_or("");
  if (!keystone.credential_id.empty()) { return keystone; }
  keystone.user_domain = table.string("user_domain").value_or(keystone.user_domain);
  keystone.project = table.string("project", gslb::Need::kRequired).value_or("");
  keystone.project_domain = table.string("project_domain").value_or(keystone.project_domain);
  return keystone;
}

}  // namespace

Swift read_swift(gslb::TomlTable& table, const std::string& host, std::string key) {
  Swift swift;
  if (!host.empty() && !host.starts_with("*.")) {
    table.error("", "\"" + host + "\" can't be a Swift site: containers are labels of the host",
                "host = \"*.cdn.example.com\"");
  }
  swift.domain = host.substr(std::min<std::size_t>(2, host.size()));
  swift.account_prefix = table.string("account_prefix").value_or(swift.account_prefix);
  if (!swift.account_prefix.empty() &&
      (!swift.account_prefix.ends_with('_') ||
       !is_token(swift.account_prefix.substr(0, swift.account_prefix.size() - 1)))) {
    table.error("account_prefix", "\"" + swift.account_prefix + "\" is no reseller prefix",
                "as in \"AUTH_\", or \"\" for none");
  }
  if (const auto url = table.string("auth_url")) {
    swift.auth = parse_auth(*url, swift.auth_path);
    if (!swift.auth) {
      table.error("auth_url", "\"" + *url + "\" is no URL", "as in \"http://host:8080/auth/v1.0\"");
    }
    if (swift.auth_path.ends_with("/v3/")) { swift.auth_path.pop_back(); }
    if (swift.auth_path.ends_with("/v3")) { swift.keystone = read_keystone(table); }
    const bool has_user = !swift.keystone || swift.keystone->credential_id.empty();
    const auto need = has_user ? gslb::Need::kRequired : gslb::Need::kOptional;
    swift.user = table.string("user", need).value_or("");
    swift.key = std::move(key);
    if (swift.key.empty()) { table.error("key_file", "no key", "key_file = \"swift.key\""); }
    if (!is_plain_value(swift.user)) { table.error("user", "has control characters"); }
    if (!is_plain_value(swift.key)) { table.error("key_file", "the key has control characters"); }
  } else if (table.has("user") || !key.empty()) {
    table.error("auth_url", "a user or key, but nobody to show it to",
                "auth_url = \"http://host:8080/auth/v1.0\"");
  }
  if (const auto ttl = table.duration_ms("container_ttl", 1000, kDayMs)) {
    swift.container_ttl_ms = *ttl;
  }
  if (const auto ttl = table.duration_ms("ttl", 0, kYearMs)) { swift.ttl_s = *ttl / 1000; }
  if (const auto ttl = table.duration_ms("negative_ttl", 0, kDayMs)) {
    swift.negative_ttl_s = *ttl / 1000;
  }
  swift.ttl_field = table.string("ttl_field").value_or(swift.ttl_field);
  if (!is_token(swift.ttl_field)) {
    table.error("ttl_field", "\"" + swift.ttl_field + "\" is no field name",
                "as in \"X-Container-Meta-Cdn-Ttl\"");
  }
  table.finish();
  return swift;
}

}  // namespace edge::config
