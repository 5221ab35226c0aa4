// What edge.toml's rules are and what they see: the file itself, patterns, query strings.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/cache/key_rules.h"
#include "edge/config/config.h"
#include "edge/http/glob.h"
#include "edge/rules/book.h"

namespace {

using namespace edge;  // NOLINT(google-build-using-namespace): a program of its own

void check_glob(std::string_view pattern, std::string_view text) {
  const bool matches = http::matches_glob(pattern, text);
  // A star more at either end matches no less.
  const std::string wider = "*" + std::string(pattern) + "*";
  if (matches && !http::matches_glob(wider, text)) { std::abort(); }
  if (!http::matches_glob("*", text)) { std::abort(); }
}

void check_target(std::string_view target) {
  config::KeyRules rules;
  rules.query = config::KeyRules::Query::kSort;
  rules.ignore = {"utm_*"};
  const std::string once = cache::normal_target(rules, target);
  if (cache::normal_target(rules, once) != once || once.size() > target.size()) { std::abort(); }
  if (rules::path_of(once) != rules::path_of(target)) { std::abort(); }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const std::size_t line = octets.find('\n');
  if (size < 2'000) { check_glob(octets.substr(0, line), octets.substr(std::min(line, size))); }
  check_target(octets);
  http::Fields fields;
  fields.add("Cookie", std::string(octets));
  rules::cookie_of(fields, "sid");
  gslb::Problems problems;
  config::parse(octets, "edge.toml", problems);
  return 0;
}
