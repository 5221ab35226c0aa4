#include <algorithm>

#include <boost/json.hpp>

#include "gslb/ctl/members.h"
#include "gslb/ctl/render.h"
#include "gslb/ctl/table.h"

namespace gslb::ctl {
namespace {

namespace json = boost::json;

constexpr std::size_t kEventsShown = 10;

std::string counted(const json::object& from, std::string_view key, std::string_view one) {
  const auto count = number_at(from, key);
  std::string text = fixed(count, 0) + " " + std::string(one);
  if (count != 1.0) { text += "s"; }
  return text;
}

// "2026-11-21T23:01:12.345Z" as "2026-11-21 23:01:12"
std::string short_timestamp(const std::string& text) {
  if (text.size() < 19) { return text; }
  return text.substr(0, 10) + " " + text.substr(11, 8);
}

std::string joined_words(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + " " + b;
}

std::string admin_word(const json::object& from) {
  const std::string state = text_at(from, "admin");
  return state == "none" ? "" : state;
}

Cell state_cell(const json::object& cluster, std::size_t up, std::size_t total) {
  if (up == 0) {
    const bool drained = text_at(cluster, "admin") == "drain";
    return drained ? Cell("drained", Tone::kWarn) : Cell("down", Tone::kBad);
  }
  return up < total ? Cell("partly", Tone::kWarn) : Cell("up", Tone::kGood);
}

std::size_t serving_nodes(const json::array& nodes) {
  return static_cast<std::size_t>(
      std::count_if(nodes.begin(), nodes.end(),
                    [](const json::value& node) { return flag_at(as_object(node), "serving"); }));
}

// Of the node that has been silent longest.
std::string oldest_heartbeat(const json::object& cluster) {
  const std::string kind = text_at(cluster, "health_kind");
  if (kind == "none" || kind == "monitors") { return "none"; }
  std::optional<double> oldest;
  for (const json::value& node : array_at(cluster, "nodes")) {
    const auto age_ms = number_at(as_object(node), "heartbeat_age_ms");
    if (age_ms) { oldest = std::max(oldest.value_or(0), *age_ms); }
  }
  return oldest ? short_time(*oldest / 1000) : "never";
}

std::string percent(std::optional<double> ratio) {
  return ratio ? fixed(*ratio * 100, 0) + "%" : "-";
}

void put_clusters(const json::array& clusters, const Look& look, std::string& out) {
  Table table({{"CLUSTER"},
               {"PLACE"},
               {"STATE"},
               {"NODES", true},
               {"USED", true},
               {"PLAN/S", true},
               {"CAP/S", true},
               {"PRICE MS", true},
               {"HEARTBEAT", true},
               {"ADMIN"}});
  for (const json::value& each : clusters) {
    const json::object& cluster = as_object(each);
    const json::array& nodes = array_at(cluster, "nodes");
    const std::size_t up = serving_nodes(nodes);
    const auto used = number_at(cluster, "utilisation");
    table.add({text_at(cluster, "id"),
               joined_words(text_at(cluster, "city"), text_at(cluster, "country")),
               state_cell(cluster, up, nodes.size()),
               std::to_string(up) + "/" + std::to_string(nodes.size()),
               {percent(used), used.value_or(0) > 1 ? Tone::kBad : Tone::kPlain},
               short_number(number_at(cluster, "planned_load_per_s")),
               short_number(number_at(cluster, "capacity_per_s")),
               fixed(number_at(cluster, "price_ms"), 1),
               oldest_heartbeat(cluster),
               {admin_word(cluster), Tone::kWarn}});
  }
  out += table.to_string(look.colour);
}

void put_groups(const json::array& groups, const Look& look, std::string& out) {
  if (groups.empty()) { return; }
  Table table({{"GROUP"},
               {"CLUSTERS"},
               {"USED", true},
               {"PLAN/S", true},
               {"CAP/S", true},
               {"PRICE MS", true},
               {"LOAD"}});
  for (const json::value& each : groups) {
    const json::object& group = as_object(each);
    const auto used = number_at(group, "utilisation");
    table.add({text_at(group, "id"),
               joined(array_at(group, "clusters"), " "),
               {percent(used), used.value_or(0) > 1 ? Tone::kBad : Tone::kPlain},
               short_number(number_at(group, "planned_load_per_s")),
               short_number(number_at(group, "capacity_per_s")),
               fixed(number_at(group, "price_ms"), 1),
               load_text(array_at(group, "load"), {"current", "target"})});
  }
  out += "\n" + table.to_string(look.colour);
}

// Only where a service's own monitors say something else than all others.
void put_services(const json::array& services, const Look& look, std::string& out) {
  Table table({{"SERVICE"}, {"CLUSTER"}, {"NODES", true}, {"FAILING", true}, {"HELD", true}});
  bool any = false;
  for (const json::value& item : services) {
    const json::object& service = as_object(item);
    const auto held = number_at(object_at(service, "suspicion"), "held_nodes");
    for (const json::value& each : array_at(service, "clusters")) {
      const json::object& cluster = as_object(each);
      const auto failing = number_at(cluster, "failing_nodes");
      if (failing.value_or(0) == 0) { continue; }
      any = true;
      table.add({text_at(service, "id"), text_at(cluster, "id"),
                 fixed(number_at(cluster, "serving_nodes"), 0) + "/" +
                     fixed(number_at(cluster, "nodes"), 0),
                 {fixed(failing, 0), Tone::kBad}, {fixed(held, 0), Tone::kWarn}});
    }
  }
  if (any) { out += "\n" + table.to_string(look.colour); }
}

// What the operator set, until when and why: free text, so not in the columns above.
void put_forced(const json::array& clusters, const Look& look, std::string& out) {
  Table table({{"FORCED"}, {"STATE"}, {"UNTIL (UTC)"}, {"REASON"}});
  bool any = false;
  for (const json::value& each : clusters) {
    const json::object& cluster = as_object(each);
    if (admin_word(cluster).empty()) { continue; }
    any = true;
    const std::string until = text_at(cluster, "admin_expires");
    table.add({text_at(cluster, "id"),
               {admin_word(cluster), Tone::kWarn},
               until.empty() ? "further notice" : short_timestamp(until),
               text_at(cluster, "admin_reason")});
  }
  if (any) { out += "\n" + table.to_string(look.colour); }
}

Tone health_tone(const std::string& health) {
  if (health == "up") { return Tone::kGood; }
  return health == "draining" || health == "unknown" ? Tone::kWarn : Tone::kBad;
}

// Its own words: why it is not up, and what is wrong with it although it may be.
std::string complaints(const json::object& node) {
  std::string text = text_at(node, "reason");
  for (const json::value& each : array_at(node, "conditions")) {
    const json::object& condition = as_object(each);
    if (!text.empty()) { text += "; "; }
    text += joined_words(text_at(condition, "kind"), text_at(condition, "detail"));
  }
  return text;
}

void put_nodes(const json::array& clusters, const Look& look, std::string& out) {
  Table table({{"NODE"},
               {"HEALTH"},
               {"MONITORS"},
               {"SERVING"},
               {"HEARTBEAT", true},
               {"ADMIN"},
               {"LOAD"},
               {"REASON"}});
  for (const json::value& each : clusters) {
    const json::object& cluster = as_object(each);
    for (const json::value& item : array_at(cluster, "nodes")) {
      const json::object& node = as_object(item);
      const std::string kind = text_at(cluster, "health_kind");
      const bool assumed =
          kind == "none" || (kind == "monitors" && text_at(node, "health") == "unknown");
      const std::string health = kind == "none" ? "assumed up"
                                 : assumed      ? ""
                                                : text_at(node, "health");
      const auto age_ms = number_at(node, "heartbeat_age_ms");
      table.add({text_at(cluster, "id") + "/" + text_at(node, "id"),
                 {health, assumed ? Tone::kPlain : health_tone(health)},
                 {text_at(node, "monitors"), health_tone(text_at(node, "monitors"))},
                 flag_at(node, "held")      ? "held"
                 : flag_at(node, "serving") ? "yes"
                                            : "no",
                 age_ms ? short_time(*age_ms / 1000) : "-",
                 {admin_word(node), Tone::kWarn},
                 load_text(array_at(node, "load"), {"current", "target"}),
                 complaints(node)});
    }
  }
  out += "\n" + table.to_string(look.colour);
}

void put_events(const json::array& events, const Look& look, std::string& out) {
  if (events.empty()) { return; }
  Table table({{"EVENTS (UTC)"}, {"WHAT"}, {"TARGET"}, {""}});
  const std::size_t first = events.size() > kEventsShown ? events.size() - kEventsShown : 0;
  for (std::size_t i = first; i < events.size(); ++i) {
    const json::object& event = as_object(events[i]);
    table.add({short_timestamp(text_at(event, "at")), text_at(event, "kind"),
               text_at(event, "target"), text_at(event, "text")});
  }
  out += "\n" + table.to_string(look.colour);
}

void put_plan(const json::object& plan, const Look& look, std::string& out) {
  if (plan.empty()) { return; }
  out += "plan " + fixed(number_at(plan, "number"), 0) + ": " +
         short_number(number_at(plan, "demand_per_s")) + " queries/s, " +
         percent(number_at(plan, "moved_share")) + " moved";
  const double scale = number_at(plan, "over_scale").value_or(1);
  if (!flag_at(plan, "feasible") || scale > 1) {
    out += ", " +
           toned("demand is " + fixed(scale, 2) + " times the targets", Tone::kBad, look.colour);
  }
  out += "\n";
}

void put_suspicion(const json::object& suspicion, const Look& look, std::string& out) {
  if (!flag_at(suspicion, "active")) { return; }
  out += toned(percent(number_at(suspicion, "share")) +
                   " of the capacity seems dead at once: rather this server can't see; " +
                   counted(suspicion, "held_nodes", "node") + " held since " +
                   short_timestamp(text_at(suspicion, "since")) + " UTC",
               Tone::kBad, look.colour) +
         "\n";
}

void put_reload(const json::object& reload, const Look& look, std::string& out) {
  if (number_at(reload, "number").value_or(0) == 0 && text_at(reload, "finished").empty()) {
    return;
  }
  if (flag_at(reload, "running")) {
    out += "reload running\n";
    return;
  }
  const std::string when = " at " + short_timestamp(text_at(reload, "finished")) + " UTC\n";
  if (flag_at(reload, "succeeded")) {
    out += "last reload succeeded" + when;
  } else {
    out += toned("last reload refused", Tone::kBad, look.colour) + when;
  }
  for (const json::value& problem : array_at(reload, "problems")) {
    if (problem.is_string()) {
      out += "  " + printable({problem.get_string().data(), problem.get_string().size()}) + "\n";
    }
  }
}

}  // namespace

Result<std::string, std::string> render_status(std::string_view body, const Look& look) {
  auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  const json::object& status = *parsed;
  const bool ready = flag_at(status, "ready");
  std::string out =
      toned("proxima-gslb " + printable(text_at(status, "version")), Tone::kBold, look.colour);
  out += "  " + (ready ? toned("ready", Tone::kGood, look.colour)
                       : toned("not ready", Tone::kBad, look.colour));
  out += "  generation " + fixed(number_at(status, "generation"), 0);
  out += "  up " + short_time(number_at(status, "uptime_s")) + "\n";
  out += counted(status, "zones", "zone") + ", " + counted(status, "records", "record") + ", " +
         counted(status, "routes", "route") + ", " + counted(status, "units", "unit") + ", " +
         (number_at(status, "leaves") == 1.0 ? "1 leaf"
                                             : fixed(number_at(status, "leaves"), 0) + " leaves") +
         "\n";
  out += printable(text_at(status, "config_file"));
  if (const std::string at = joined(array_at(status, "listen"), ", "); !at.empty()) {
    out += ", answering on " + printable(at);
  }
  out += "\n";
  put_plan(object_at(status, "plan"), look, out);
  put_suspicion(object_at(status, "suspicion"), look, out);
  put_reload(object_at(status, "reload"), look, out);
  out += "\n";
  put_clusters(array_at(status, "clusters"), look, out);
  put_groups(array_at(status, "groups"), look, out);
  put_services(array_at(status, "services"), look, out);
  put_forced(array_at(status, "clusters"), look, out);
  if (look.verbose) { put_nodes(array_at(status, "clusters"), look, out); }
  put_events(array_at(status, "events"), look, out);
  return out;
}

}  // namespace gslb::ctl
