#include "edge/config/redirect_table.h"

#include <algorithm>

#include "edge/config/values.h"

namespace edge::config {
namespace {

using gslb::Need;
using gslb::Problems;
using gslb::TomlTable;

// It becomes a label of a name.
std::string read_cluster(TomlTable& table, std::string_view key, Need need) {
  std::string cluster = table.string(key, need).value_or("");
  const bool good = cluster.size() <= 63 && std::all_of(cluster.begin(), cluster.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (!good) {
    table.error(key, "\"" + cluster + "\" is no cluster", "1 to 63 of a-z, 0-9 and \"-\"");
  }
  return cluster;
}

}  // namespace

std::optional<Redirect> read_redirect(TomlTable table, Problems& problems) {
  Redirect redirect;
  const std::string mode = table.choice("mode", {"off", "large", "all"}).value_or("off");
  redirect.all = mode == "all";
  const std::string answer = table.choice("answer", {"302", "307", "alt-svc"}).value_or("302");
  redirect.answer = answer == "302"   ? Redirect::Answer::kFound
                    : answer == "307" ? Redirect::Answer::kTemporary
                                      : Redirect::Answer::kAltSvc;
  if (const auto size = table.size_octets("size", 1, std::int64_t{1} << 50)) {
    redirect.octets = static_cast<std::uint64_t>(*size);
  }
  const std::string text = table.string("target").value_or("https://{cluster}.{host}");
  if (auto target = parse_target(text)) {
    redirect.target = std::move(*target);
  } else {
    table.error(
        "target", "\"" + text + "\" is no target",
        "as in \"https://{cluster}.{host}\": a URL without a path, {cluster} before {host}");
  }
  redirect.spill = read_cluster(table, "spill", Need::kOptional);
  for (TomlTable each : table.tables("clients")) {
    Redirect::Clients clients;
    clients.cluster = read_cluster(each, "cluster", Need::kRequired);
    clients.prefixes = gslb::PrefixSet(read_prefixes(each, "prefixes", problems));
    if (!each.has("prefixes")) {
      each.error("prefixes", "no prefixes", "prefixes = [\"192.0.2.0/24\"]");
    }
    each.finish();
    redirect.clients.push_back(std::move(clients));
  }
  if (mode != "off" && redirect.spill.empty() && redirect.clients.empty()) {
    table.error("mode", "nobody is to be redirected", "add spill or [[redirect.clients]]");
  }
  table.finish();
  return mode == "off" ? std::nullopt : std::optional(std::move(redirect));
}

}  // namespace edge::config
