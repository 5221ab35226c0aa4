#include "edge/cache/key_rules.h"

#include <algorithm>
#include <vector>

#include "edge/cache/key.h"
#include "edge/http/glob.h"

namespace edge::cache {
namespace {

using config::KeyRules;

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return http::matches_glob(pattern, name); });
}

}  // namespace

std::string normal_target(const KeyRules& rules, std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == target.npos) { return std::string(target); }
  std::string normal(target.substr(0, mark));
  if (rules.query == KeyRules::Query::kDrop) { return normal; }
  std::vector<std::string_view> parameters;
  for (std::string_view rest = target.substr(mark + 1); !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view each = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string_view name = name_of(each);
    const bool counts = !each.empty() && !matches_any(rules.ignore, name) &&
                        (rules.only.empty() || matches_any(rules.only, name));
    if (counts) { parameters.push_back(each); }
  }
  if (rules.query == KeyRules::Query::kSort) {
    // Of one name the order may mean something.
    std::stable_sort(
        parameters.begin(), parameters.end(),
        [](std::string_view a, std::string_view b) { return name_of(a) < name_of(b); });
  }
  for (const std::string_view each : parameters) {
    normal += normal.size() == mark ? '?' : '&';
    normal += each;
  }
  return normal;
}

std::string key_of(const KeyRules& rules, std::string_view host, std::string_view target,
                   bool secure) {
  if (rules.is_usual()) { return primary_key(host, target, secure); }
  return primary_key(rules.host.empty() ? host : std::string_view(rules.host),
                     normal_target(rules, target), secure);
}

std::string key_of(const KeyRules& rules, const http::RequestHead& request) {
  return key_of(rules, request.host, request.target, request.secure);
}

}  // namespace edge::cache
