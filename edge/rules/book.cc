#include "edge/rules/book.h"

#include <algorithm>

#include "edge/http/cookie.h"
#include "edge/http/glob.h"
#include "gslb/base/hash.h"

namespace edge::rules {
namespace {

using config::Rule;

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& each) { return http::matches_glob(each, text); });
}

// Any line of a field may match; a pattern of "*" asks for its being there.
bool holds(const config::FieldRule& wanted, const http::Fields& fields) {
  const auto& list = fields.list();
  const bool found = std::any_of(list.begin(), list.end(), [&](const http::Field& field) {
    return http::equals_ignoring_case(field.name, wanted.name) &&
           http::matches_glob(wanted.value, field.value);
  });
  return found != wanted.absent;
}

// The network as one sees it from outside: who has one IPv6 address has 2^64 of them.
std::uint64_t client_key(const gslb::Address& client, Rule::By by) {
  const int bits =
      by == Rule::By::kClient ? (client.is_v6() ? 64 : 32) : (client.is_v6() ? 48 : 24);
  const gslb::Prefix prefix(client, bits);
  return gslb::hash_octets(prefix.address().octets(), static_cast<std::uint64_t>(bits));
}

// Whose bucket a request takes from.  What lacks the field shares one with all that lack it.
std::uint64_t key_of(const Rule& rule, const Asked& asked) {
  const std::uint64_t name = gslb::hash_text(rule.name);
  switch (rule.by) {
    case Rule::By::kField: {
      const std::string* value = asked.head.fields.find(rule.by_name);
      return gslb::hash_text(value == nullptr ? std::string_view() : *value, name);
    }
    case Rule::By::kCookie:
      return gslb::hash_text(cookie_of(asked.head.fields, rule.by_name), name);
    case Rule::By::kAll:
      return name;
    case Rule::By::kClient:
    case Rule::By::kNetwork:
      break;
  }
  return gslb::hash_combine(name, client_key(asked.client, rule.by));
}

}  // namespace

std::string_view path_of(std::string_view target) noexcept {
  return target.substr(0, target.find('?'));
}

std::string_view query_of(std::string_view target) noexcept {
  const std::size_t mark = target.find('?');
  return mark == target.npos ? std::string_view() : target.substr(mark + 1);
}

std::string_view cookie_of(const http::Fields& request, std::string_view name) noexcept {
  std::string_view rest = http::cookies_of(request);
  while (const auto cookie = http::next_cookie(rest)) {
    if (cookie->name == name) { return cookie->value; }
  }
  return {};
}

bool matches(const Rule& rule, const Asked& asked) {
  const http::RequestHead& head = asked.head;
  const auto over = [](std::int64_t bound, std::uint64_t value) {
    return bound < 0 || value > static_cast<std::uint64_t>(bound);
  };
  const auto is_method = [&](const std::string& method) { return method == head.method; };
  if (!rule.methods.empty() && std::none_of(rule.methods.begin(), rule.methods.end(), is_method)) {
    return false;
  }
  if (!over(rule.body_over, asked.body.kind == http::BodyKind::kLength ? asked.body.length : 0) ||
      !over(rule.target_over, head.target.size()) ||
      !over(rule.fields_over, head.fields.list().size())) {
    return false;
  }
  if (!rule.clients.empty() && !rule.clients.contains(asked.client)) { return false; }
  if (!rule.not_clients.empty() && rule.not_clients.contains(asked.client)) { return false; }
  return any_matches(rule.hosts, head.host) && any_matches(rule.paths, path_of(head.target)) &&
         any_matches(rule.queries, query_of(head.target)) &&
         std::all_of(rule.fields.begin(), rule.fields.end(),
                     [&](const auto& field) { return holds(field, head.fields); });
}

bool judge(const std::vector<Entry>& rules, const Asked& asked, RateTable& rates,
           Verdict& verdict) {
  using Action = Rule::Action;
  using Kind = Verdict::Kind;
  for (const Entry& entry : rules) {
    const Rule& rule = *entry.rule;
    if (!matches(rule, asked)) { continue; }
    double wait_s = 0;
    if (rule.rate > 0) {
      wait_s = rates.take(key_of(rule, asked), {rule.rate, rule.burst}, asked.now);
      if (wait_s == 0) { continue; }
    }
    entry.matched->add();
    if (rule.dry_run) { continue; }
    entry.acted->add();
    if (rule.action == Action::kCount) { continue; }
    if (rule.action == Action::kThrottle) {
      if (verdict.throttle == nullptr) { verdict.throttle = &rule; }
      continue;
    }
    verdict.rule = &rule;
    verdict.retry_after_s = wait_s;
    verdict.kind = rule.action == Action::kDeny       ? Kind::kDeny
                   : rule.action == Action::kRedirect ? Kind::kRedirect
                   : rule.action == Action::kPass     ? Kind::kPass
                                                      : Kind::kServe;
    return true;
  }
  return false;
}

}  // namespace edge::rules
