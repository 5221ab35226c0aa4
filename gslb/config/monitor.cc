#include "gslb/config/monitor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::int64_t kShortestMs = 10;
constexpr std::int64_t kLongestMs = 86'400'000;
constexpr std::int64_t kMostThresh = 65'535;
constexpr std::size_t kMostText = 4096;

constexpr std::array<std::pair<const char*, MonitorKind>, 6> kKinds = {
    {{"http", MonitorKind::kHttp},
     {"https", MonitorKind::kHttps},
     {"tcp", MonitorKind::kTcp},
     {"dns", MonitorKind::kDns},
     {"icmp", MonitorKind::kIcmp},
     {"command", MonitorKind::kCommand}}};

// RFC 1035 4.1.1.
const std::vector<std::string>& rcode_names() {
  static const std::vector<std::string> names = {"NOERROR",  "FORMERR", "SERVFAIL",
                                                 "NXDOMAIN", "NOTIMP",  "REFUSED"};
  return names;
}

std::optional<MonitorKind> read_kind(TomlTable& table) {
  std::vector<std::string> names;
  names.reserve(kKinds.size());
  for (const auto& [name, kind] : kKinds) { names.emplace_back(name); }
  const auto chosen = table.choice("kind", names, Need::kRequired);
  const auto* const found = std::find_if(kKinds.begin(), kKinds.end(),
                                         [&](const auto& each) { return chosen == each.first; });
  return found == kKinds.end() ? std::nullopt : std::optional(found->second);
}

void read_times(TomlTable& table, Monitor& into) {
  into.interval_ms =
      table.duration_ms("interval", kShortestMs, kLongestMs).value_or(into.interval_ms);
  into.timeout_ms = table.duration_ms("timeout", 1, kLongestMs)
                        .value_or(std::max<std::int64_t>(1, into.interval_ms / 2));
  into.jitter_ms = table.duration_ms("jitter", 0, kLongestMs).value_or(into.interval_ms / 10);
  // So that one asking ends before the next of the same target begins.
  if (into.timeout_ms + into.jitter_ms >= into.interval_ms) {
    table.error(
        table.has("timeout") ? "timeout" : "jitter",
        "timeout and jitter of monitor '" + into.id.text + "' are together not below its interval",
        "a target is asked again only when the last answer is there or given up");
  }
  const auto threshold = [&](const char* key, unsigned fallback) {
    return static_cast<unsigned>(table.integer(key, 1, kMostThresh).value_or(fallback));
  };
  into.up_thresh = threshold("up_thresh", into.up_thresh);
  into.ok_thresh = threshold("ok_thresh", into.ok_thresh);
  into.down_thresh = threshold("down_thresh", into.down_thresh);
}

void read_port(TomlTable& table, std::int64_t fallback, Monitor& into) {
  const auto port =
      table.integer("port", 1, 65'535, fallback == 0 ? Need::kRequired : Need::kOptional);
  into.port = static_cast<std::uint16_t>(port.value_or(fallback));
}

// What would end a line of the request, or forge one, is refused by the table already; blanks would
// end the path.
void read_http(TomlTable& table, Monitor& into) {
  into.path = table.string("path").value_or(into.path);
  if (!into.path.starts_with('/') || into.path.find(' ') != std::string::npos ||
      into.path.size() > kMostText) {
    table.error("path", "'" + into.path + "' is no path of a request",
                "it begins with / and has no blanks");
  }
  into.host = table.string("host").value_or("");
  if (into.host.find_first_of(" /") != std::string::npos || into.host.size() > 255) {
    table.error("host", "'" + into.host + "' is no host name");
  }
  if (table.has("ok_codes")) {
    into.ok_codes.clear();
    for (const std::int64_t code : table.integers("ok_codes", 100, 599)) {
      into.ok_codes.push_back(static_cast<unsigned>(code));
    }
  }
  into.body = table.string("body").value_or("");
  if (into.body.size() > kMostText) { table.error("body", "'body' is over 4096 octets"); }
}

void read_https(TomlTable& table, const Context& context, Monitor& into) {
  if (const auto file = read_path(table, "ca_file", context)) { into.ca_file = file->text; }
  into.insecure = table.boolean("insecure").value_or(false);
  if (into.insecure && table.has("ca_file")) {
    table.error("insecure", "insecure = true leaves 'ca_file' without use", "set one or the other");
  }
}

void read_dns(TomlTable& table, Monitor& into) {
  into.name = located(table, "name", Need::kRequired).value_or(LocatedString{});
  into.type = located(table, "type").value_or(LocatedString{"A", table.at()});
  if (const auto rcode = table.choice("rcode", rcode_names())) {
    const auto& names = rcode_names();
    into.rcode =
        static_cast<unsigned>(std::find(names.begin(), names.end(), *rcode) - names.begin());
  }
  into.answer = located(table, "answer");
  if (into.answer && into.rcode != 0) {
    table.error("answer", "an answer is expected only with rcode = \"NOERROR\"");
  }
}

void read_command(TomlTable& table, Monitor& into) {
  for (LocatedString& word : table.strings("command", Need::kRequired)) {
    into.command.push_back(std::move(word.text));
  }
  if (into.command.empty()) { return; }
  const std::string& program = into.command[0];
  if (!program.starts_with('/')) {
    table.error("command", "the program '" + program + "' has no full path",
                "a command is run without a shell and without PATH: [\"/usr/bin/check\", \"-q\"]");
  } else if (::access(program.c_str(), X_OK) != 0) {
    table.error("command",
                "can't run '" + program + "': " + std::generic_category().message(errno));
  }
}

bool is_of_service(const Monitor& monitor) {
  const auto names_it = [](const std::string& text) {
    return text.find(kServiceWord) != std::string::npos;
  };
  return names_it(monitor.path) || names_it(monitor.host) || names_it(monitor.body) ||
         std::any_of(monitor.command.begin(), monitor.command.end(), names_it);
}

void read_monitor(TomlTable& table, const Context& context, Monitor& into) {
  check_id(into.id, "monitor", context.problems);
  const auto kind = read_kind(table);
  read_times(table, into);
  if (!kind) { return; }  // which other keys it may have is not known
  into.kind = *kind;
  switch (into.kind) {
    case MonitorKind::kHttps:
      read_https(table, context, into);
      [[fallthrough]];
    case MonitorKind::kHttp:
      read_http(table, into);
      read_port(table, into.kind == MonitorKind::kHttps ? 443 : 80, into);
      break;
    case MonitorKind::kTcp:
      read_port(table, 0, into);
      break;
    case MonitorKind::kDns:
      read_dns(table, into);
      read_port(table, kDnsPort, into);
      break;
    case MonitorKind::kIcmp:
      break;
    case MonitorKind::kCommand:
      read_command(table, into);
      break;
  }
  table.finish();
}

}  // namespace

void read_monitors(TomlTable& root, Context& context) {
  for (auto& [id, table] : root.named_tables("monitor")) {
    Monitor monitor;
    monitor.id = id;
    read_monitor(table, context, monitor);
    context.config.monitors.push_back(std::move(monitor));
  }
}

std::optional<std::vector<LocatedString>> read_monitor_ids(TomlTable& table, const Context& context,
                                                           MonitoredFor whom) {
  if (!table.has("monitors")) { return std::nullopt; }
  Seen seen;
  auto ids = table.strings("monitors");
  for (const LocatedString& id : ids) {
    check_duplicate(id, "monitor", seen, context.problems);
    const auto& monitors = context.config.monitors;
    const auto found =
        std::find_if(monitors.begin(), monitors.end(),
                     [&](const Monitor& each) { return each.id.text == id.text; });
    if (found != monitors.end()) {
      if (whom == MonitoredFor::kAll && is_of_service(*found)) {
        context.problems.error(id.at,
                               "monitor '" + id.text + "' asks about a service, not about a node",
                               "name it in 'monitors' of [service.ID]");
      }
      continue;
    }
    std::vector<std::string> known;
    known.reserve(monitors.size());
    for (const Monitor& each : monitors) { known.push_back(each.id.text); }
    report_unknown(id, "monitor", known, context.problems);
  }
  return ids;
}

}  // namespace gslb::config
