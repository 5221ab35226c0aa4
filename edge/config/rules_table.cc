#include "edge/config/rules_table.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>
#include <utility>

#include "edge/config/listeners.h"
#include "edge/config/values.h"
#include "gslb/base/file.h"

namespace edge::config {
namespace {

using gslb::LocatedString;
using gslb::Need;
using gslb::Prefix;
using gslb::Problems;
using gslb::TomlTable;

constexpr std::size_t kMaxRules = 256;  // of one list: each is tried for every request
constexpr std::size_t kMaxPattern = 256;
constexpr double kMaxRate = 1e6;

std::vector<std::string> texts_of(TomlTable& table, std::string_view key, Problems& problems) {
  std::vector<std::string> texts;
  for (LocatedString& each : table.strings(key)) {
    if (each.text.empty() || each.text.size() > kMaxPattern) {
      problems.error(each.at, "a pattern has 1 to 256 octets");
    }
    texts.push_back(std::move(each.text));
  }
  return texts;
}

// One a line; "#" begins a comment.
void add_file(const std::string& path, std::vector<Prefix>& prefixes, TomlTable& table,
              Problems& problems) {
  const auto text = gslb::read_file(path);
  if (!text) {
    table.error("client_file",
                "can't read " + path + ": " + std::generic_category().message(errno));
    return;
  }
  unsigned number = 0;
  for (std::size_t from = 0; from < text->size();) {
    const std::size_t end = std::min(text->find('\n', from), text->size());
    std::string_view line = std::string_view(*text).substr(from, end - from);
    from = end + 1;
    ++number;
    line = line.substr(0, line.find('#'));
    while (!line.empty() && std::string_view(" \t\r").find(line.back()) != line.npos) {
      line.remove_suffix(1);
    }
    if (line.empty()) { continue; }
    if (const auto prefix = Prefix::parse(line)) {
      prefixes.push_back(*prefix);
    } else {
      problems.error({path, number, 1}, "\"" + std::string(line) + "\" is no prefix",
                     "one a line, as in 192.0.2.0/24, host bits 0");
    }
  }
}

gslb::PrefixSet read_clients(TomlTable& table, std::string_view key, const std::string& file_key,
                             const std::string& file, Problems& problems) {
  std::vector<Prefix> prefixes = read_prefixes(table, key, problems);
  if (!file_key.empty()) {
    for (const LocatedString& each : table.strings(file_key)) {
      add_file(gslb::resolve_path(each.text, file), prefixes, table, problems);
    }
  }
  return gslb::PrefixSet(prefixes);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
}

// "User-Agent: *curl*", "X-Debug" (there at all), "!Referer" (not there).
std::vector<FieldRule> read_fields(TomlTable& table, Problems& problems) {
  std::vector<FieldRule> fields;
  for (const std::string& text : texts_of(table, "header", problems)) {
    FieldRule field;
    field.absent = text.starts_with('!');
    const std::size_t colon = text.find(':');
    field.name = text.substr(field.absent ? 1 : 0, colon - (field.absent ? 1 : 0));
    if (colon != text.npos) {
      const std::size_t value = text.find_first_not_of(' ', colon + 1);
      field.value = value == text.npos ? "" : text.substr(value);
    }
    if (!is_name(field.name)) {
      table.error("header", "\"" + text + "\" names no field",
                  "\"User-Agent: *bot*\", \"X-Debug\" or \"!Referer\"");
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

void read_conditions(TomlTable& table, const std::string& file, Problems& problems, Rule& rule) {
  rule.methods = texts_of(table, "method", problems);
  rule.hosts = texts_of(table, "host", problems);
  for (std::string& host : rule.hosts) { host = lower_case(std::move(host)); }
  rule.paths = texts_of(table, "path", problems);
  for (const std::string& path : rule.paths) {
    if (path[0] != '/' && path[0] != '*' && path[0] != '?') {
      table.error("path", "\"" + path + "\" matches no path", "paths begin with \"/\"");
    }
  }
  rule.queries = texts_of(table, "query", problems);
  rule.fields = read_fields(table, problems);
  rule.clients = read_clients(table, "client", "client_file", file, problems);
  rule.not_clients = read_clients(table, "not_client", "", file, problems);
  // A file that is empty for once means nobody, not everybody.
  if (rule.clients.empty() && (table.has("client") || table.has("client_file"))) {
    rule.not_clients =
        gslb::PrefixSet(std::vector<Prefix>{*Prefix::parse("0.0.0.0/0"), *Prefix::parse("::/0")});
  }
  constexpr std::int64_t kMaxBody = std::int64_t{1} << 50;
  rule.body_over = table.size_octets("body_over", 0, kMaxBody).value_or(-1);
  rule.target_over = table.size_octets("target_over", 0, 1 << 20).value_or(-1);
  rule.fields_over = table.integer("headers_over", 0, 1000).value_or(-1);
}

void read_rate(TomlTable& table, Rule& rule) {
  rule.rate = table.number("rate", 1e-3, kMaxRate).value_or(0);
  rule.burst = table.number("burst", 1, kMaxRate).value_or(std::max(1.0, rule.rate));
  const std::string by = table.string("by").value_or("client");
  if (rule.rate == 0) {
    for (const char* key : {"burst", "by"}) {
      if (table.has(key)) { table.error(key, "there is no rate", "rate = 10  # a second"); }
    }
    rule.burst = 0;
    return;
  }
  const std::size_t colon = by.find(':');
  rule.by_name = colon == by.npos ? "" : by.substr(colon + 1);
  const std::string kind = by.substr(0, colon);
  const bool named = kind == "header" || kind == "cookie";
  rule.by = kind == "network"  ? Rule::By::kNetwork
            : kind == "header" ? Rule::By::kField
            : kind == "cookie" ? Rule::By::kCookie
            : kind == "all"    ? Rule::By::kAll
                               : Rule::By::kClient;
  const bool known = named ? is_name(rule.by_name) : rule.by_name.empty();
  if (!known || (!named && kind != "client" && kind != "network" && kind != "all")) {
    table.error("by", "\"" + by + "\" is nothing to count by",
                "client, network, header:NAME, cookie:NAME or all");
  }
}

void read_action(TomlTable& table, Rule& rule) {
  using Action = Rule::Action;
  const std::string action =
      table
          .choice("action", {"deny", "redirect", "allow", "pass", "throttle", "count"},
                  Need::kRequired)
          .value_or("deny");
  rule.action = action == "redirect"   ? Action::kRedirect
                : action == "allow"    ? Action::kAllow
                : action == "pass"     ? Action::kPass
                : action == "throttle" ? Action::kThrottle
                : action == "count"    ? Action::kCount
                                       : Action::kDeny;
  const bool redirects = rule.action == Action::kRedirect;
  const bool answers = redirects || rule.action == Action::kDeny;
  if (!answers && table.has("status")) {
    table.error("status", "\"" + action + "\" sends no status of its own");
  }
  const int usual = redirects ? 302 : rule.rate > 0 ? 429 : rule.body_over >= 0 ? 413 : 403;
  rule.status = static_cast<int>(
      table.integer("status", redirects ? 301 : 400, redirects ? 308 : 599).value_or(usual));
  rule.location =
      table.string("location", redirects ? Need::kRequired : Need::kOptional).value_or("");
  const bool throttles = rule.action == Action::kThrottle;
  rule.octets_per_s = table
                          .size_octets("bytes_per_s", 1024, std::int64_t{1} << 40,
                                       throttles ? Need::kRequired : Need::kOptional)
                          .value_or(0);
  rule.after_octets = table.size_octets("after", 0, std::int64_t{1} << 50).value_or(0);
}

}  // namespace

std::vector<Rule> read_rules(TomlTable& table, const std::string& file, Problems& problems) {
  std::vector<Rule> rules;
  std::set<std::string> names;
  for (TomlTable& each : table.tables("rule")) {
    Rule rule;
    rule.name = each.string("name", Need::kRequired).value_or("");
    if (!rule.name.empty() && !is_name(rule.name)) {
      each.error("name", "\"" + rule.name + "\" is no name",
                 "1 to 64 letters, digits, \"-\" and \"_\"");
    }
    if (!names.insert(rule.name).second) {
      each.error("name", "another rule is called \"" + rule.name + "\"");
    }
    rule.dry_run = each.boolean("dry_run").value_or(false);
    read_conditions(each, file, problems, rule);
    read_rate(each, rule);
    read_action(each, rule);
    each.finish();
    rules.push_back(std::move(rule));
  }
  if (rules.size() > kMaxRules) { table.error("rule", "more than 256 rules in one list"); }
  return rules;
}

}  // namespace edge::config
