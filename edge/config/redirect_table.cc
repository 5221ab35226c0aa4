#include "edge/config/redirect_table.h"

#include <limits>

#include "edge/config/values.h"

namespace edge::config {
namespace {

using gslb::Need;
using gslb::Problems;
using gslb::TomlTable;

// It becomes a label of a name.
std::string read_cluster(TomlTable& table, std::string_view key, Need need) {
  std::string cluster = table.string(key, need).value_or("");
  if (!cluster.empty() && !is_id(cluster, 63)) {
    table.error(key, "\"" + cluster + "\" is no cluster", "1 to 63 of a-z, 0-9 and \"-\"");
  }
  return cluster;
}

}  // namespace

std::optional<Redirect> read_redirect(TomlTable table, Problems& problems) {
  Redirect redirect;
  const std::string mode = table.choice("mode", {"off", "large", "all"}).value_or("off");
  redirect.all = mode == "all";
  redirect.overload = table.boolean("overload").value_or(false);
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
  if (redirect.overload && redirect.spill.empty()) {
    table.error("overload", "nowhere to send them", "add spill = \"a cluster\"");
  }
  if (redirect.overload && redirect.answer == Redirect::Answer::kAltSvc) {
    table.error("overload", "alt-svc answers here, and there is no room", "answer = \"302\"");
  }
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
  if (mode != "off") { return redirect; }
  if (!redirect.overload) { return std::nullopt; }
  redirect.octets = std::numeric_limits<std::uint64_t>::max();
  return redirect;
}

}  // namespace edge::config
