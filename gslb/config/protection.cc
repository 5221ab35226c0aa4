#include "gslb/config/protection.h"

#include <algorithm>

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::size_t kSecretDigits = 32;
constexpr std::size_t kMaxSecrets = 2;
constexpr double kMaxRate = 1'000'000;

void read_secrets(TomlTable& table, const Context& context, std::vector<std::string>& into) {
  const std::string text = read_secret(table, "secret", kSecretDigits, context);
  const char* const key = table.has("secret") ? "secret" : "secret_file";
  for (std::size_t at = 0; (at = text.find_first_not_of(" \r\n\t", at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(" \r\n\t", at), text.size());
    into.push_back(text.substr(at, end - at));
    at = end;
  }
  const bool is_hex = std::all_of(into.begin(), into.end(), [](const std::string& secret) {
    return secret.size() == kSecretDigits &&
           secret.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  });
  if (!is_hex) {
    table.error(key, "a cookie secret is 32 hexadecimal digits",
                "make one with: openssl rand -hex 16");
  } else if (into.size() > kMaxSecrets) {
    table.error(key, "there are more than two cookie secrets",
                "the one cookies are made with, then the previous or the next one");
  }
}

}  // namespace

std::vector<Prefix> read_prefixes(TomlTable& table, std::string_view key, std::string_view hint,
                                  const Context& context) {
  std::vector<Prefix> prefixes;
  for (const LocatedString& text : read_list(table, key, hint, context)) {
    Prefix::ParseError why{};
    const auto prefix = Prefix::parse(text.text, &why);
    if (prefix) {
      prefixes.push_back(*prefix);
      continue;
    }
    context.problems.error(text.at,
                           "'" + text.text + "' " +
                               (why == Prefix::ParseError::kHostBits ? "has bits beyond its length"
                                                                     : "is not a prefix"),
                           "such as \"192.0.2.0/24\", \"2001:db8::/32\" or one address");
  }
  return prefixes;
}

void read_acl(TomlTable& root, Context& context) {
  auto table = root.table("acl");
  if (!table) { return; }
  Acl& into = context.config.acl;
  into.query = read_prefixes(*table, "query", "leave it out to let everybody ask", context);
  into.restricts_queries = table->has("query");
  table->finish();
}

void read_cookies(TomlTable& root, Context& context) {
  auto table = root.table("cookies");
  if (!table) { return; }
  Cookies& into = context.config.cookies;
  into.enabled = table->boolean("enabled").value_or(into.enabled);
  read_secrets(*table, context, into.secrets);
  into.require = table->boolean("require").value_or(into.require);
  table->finish();
}

void read_rate_limit(TomlTable& root, Context& context) {
  auto table = root.table("rrl");
  if (!table) { return; }
  RateLimit& into = context.config.rate_limit;
  const auto rate = [&table](std::string_view key, double otherwise) {
    return table->number(key, 0, kMaxRate).value_or(otherwise);
  };
  into.responses_per_second = rate("responses_per_second", 0);
  into.nxdomains_per_second = rate("nxdomains_per_second", into.responses_per_second);
  into.referrals_per_second = rate("referrals_per_second", into.responses_per_second);
  into.errors_per_second = rate("errors_per_second", into.responses_per_second);
  const auto number = [&table](std::string_view key, std::int64_t low, std::int64_t high,
                               unsigned& value) {
    value = static_cast<unsigned>(table->integer(key, low, high).value_or(value));
  };
  number("slip", 0, 100, into.slip);
  number("ipv4_prefix_length", 1, 32, into.ipv4_prefix_length);
  number("ipv6_prefix_length", 1, 128, into.ipv6_prefix_length);
  number("table_size", 1024, 1 << 26, into.table_size);
  into.dry_run = table->boolean("dry_run").value_or(into.dry_run);
  into.exempt = read_prefixes(*table, "exempt", "leave it out to limit everybody", context);
  table->finish();
}

}  // namespace gslb::config
