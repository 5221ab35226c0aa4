#include "gslb/control/admin_json.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <ctime>

#include <boost/json.hpp>

#include "gslb/base/units.h"
#include "gslb/control/node_json.h"

namespace gslb::control {
namespace {

namespace json = boost::json;

json::value number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::string text(std::string_view value) { return json::string(value.data(), value.size()); }

json::string timestamp(WallTime at) {
  const auto whole = std::chrono::floor<seconds>(at);
  const auto millis = std::chrono::duration_cast<milliseconds>(at - whole).count();
  const std::time_t time = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> buffer{};
  const std::size_t length = std::strftime(buffer.data(), buffer.size(), "%FT%T", &parts);
  std::snprintf(buffer.data() + length, buffer.size() - length, ".%03dZ", static_cast<int>(millis));
  return buffer.data();
}

template <typename Range, typename Function>
json::array array_of(const Range& range, Function&& function) {
  json::array made;
  for (const auto& each : range) { made.emplace_back(function(each)); }
  return made;
}

json::object resource(const fleet::ResourceLoad& load) {
  return {{"resource", text(load.resource)},
          {"current", number(load.current)},
          {"target", number(load.target)},
          {"max", number(load.max)}};
}

json::object node(const fleet::NodeStatus& status) {
  json::object made{{"id", text(status.id)},
                    {"health", text(fleet::to_string(status.health))},
                    {"since", timestamp(status.since)},
                    {"reason", text(status.reason)},
                    {"serving", status.serving},
                    {"heartbeat_age_ms", nullptr},
                    {"interval_ms", status.interval_ms},
                    {"incarnation", status.incarnation},
                    {"sequence", status.sequence},
                    {"admin", text(fleet::to_string(status.admin))},
                    {"monitors", nullptr},
                    {"held", status.held},
                    {"yield", number(status.yield)},
                    {"load_ratio", number(status.load_ratio)},
                    {"load", array_of(status.load, resource)}};
  if (status.monitors) { made["monitors"] = text(fleet::to_string(*status.monitors)); }
  if (status.heartbeat_age) { made["heartbeat_age_ms"] = status.heartbeat_age->count(); }
  put_figures(status.figures, made);
  return made;
}

// What the last plan made of a cluster or, behind them, a group.
void put_plan(const std::optional<steer::PlanSummary>& plan, std::size_t holder,
              json::object& made) {
  if (!plan) { return; }
  made["price_ms"] = number(plan->price_ms.at(holder));
  made["planned_load_per_s"] = number(plan->planned_load.at(holder));
  made["capacity_per_s"] = number(plan->capacity.at(holder));  // null: no limit known
}

json::object cluster(const Status& whole, std::size_t index) {
  const fleet::ClusterStatus& status = whole.clusters[index];
  const config::Cluster& configured = whole.compiled->config.clusters[index];
  json::object made{{"id", text(status.id)},
                    {"city", text(configured.city)},
                    {"country", text(configured.country)},
                    {"latitude", number(configured.latitude)},
                    {"longitude", number(configured.longitude)},
                    {"tiers", array_of(configured.tiers, text)},
                    {"operators", array_of(configured.operators,
                                           [](std::uint32_t asn) { return json::value(asn); })},
                    {"health_kind", text(fleet::to_string(status.health_kind))},
                    {"serving", status.serving_nodes != 0},
                    {"since", timestamp(status.since)},
                    {"admin", text(fleet::to_string(status.admin))},
                    {"admin_reason", text(status.admin_reason)},
                    {"admin_expires", nullptr},
                    {"utilisation", number(status.utilisation)},
                    {"load", array_of(status.load, resource)},
                    {"price_ms", nullptr},
                    {"planned_load_per_s", nullptr},
                    {"capacity_per_s", nullptr},
                    {"surcharge_per_gb", nullptr},
                    {"nodes", array_of(status.nodes, node)}};
  if (status.admin_expires) { made["admin_expires"] = timestamp(*status.admin_expires); }
  put_plan(whole.plan, index, made);
  if (whole.plan) { made["surcharge_per_gb"] = number(whole.plan->surcharge_per_gb.at(index)); }
  return made;
}

// Clusters that share something, and what the last plan made of it.
json::object group(const Status& whole, std::size_t index) {
  const fleet::GroupStatus& status = whole.groups[index];
  json::object made{{"id", text(status.id)},
                    {"clusters", array_of(status.clusters, text)},
                    {"utilisation", number(status.utilisation)},
                    {"load", array_of(status.load, resource)},
                    {"price_ms", nullptr},
                    {"planned_load_per_s", nullptr},
                    {"capacity_per_s", nullptr}};
  put_plan(whole.plan, whole.clusters.size() + index, made);
  return made;
}

json::object event(const fleet::Event& event) {
  return {{"at", timestamp(event.at)},
          {"kind", text(fleet::to_string(event.kind))},
          {"target", text(event.target)},
          {"text", text(event.text)}};
}

json::object suspicion(const fleet::SuspicionStatus& status) {
  json::object made{{"active", status.active},
                    {"since", nullptr},
                    {"share", number(status.share)},
                    {"held_nodes", status.held_nodes},
                    {"times", status.times}};
  if (status.since) { made["since"] = timestamp(*status.since); }
  return made;
}

// Who may be named for a service with monitors of its own.
json::object service(const fleet::ServiceStatus& status) {
  return {{"id", text(status.id)},
          {"suspicion", suspicion(status.suspicion)},
          {"clusters", array_of(status.clusters, [](const auto& each) {
             return json::object{{"id", text(each.id)},
                                 {"nodes", each.nodes},
                                 {"serving_nodes", std::popcount(each.serving_nodes)},
                                 {"failing_nodes", std::popcount(each.failing_nodes)}};
           })}};
}

json::object monitor(const fleet::MonitorStatus& status) {
  json::object made{{"monitor", text(status.monitor)},
                    {"kind", text(status.kind)},
                    {"item", text(status.item)},
                    {"state", text(fleet::to_string(status.state))},
                    {"since", timestamp(status.since)},
                    {"last_at", nullptr},
                    {"last", text(fleet::to_string(status.last))},
                    {"reason", text(status.reason)},
                    {"took_ms", status.took.count()},
                    {"good_in_row", status.good_in_row},
                    {"failures", status.failures},
                    {"good", status.good},
                    {"bad", status.bad},
                    {"unasked", status.unasked},
                    {"nodes", array_of(status.nodes, text)},
                    {"services", array_of(status.services, text)}};
  if (status.last_at) { made["last_at"] = timestamp(*status.last_at); }
  return made;
}

json::object plan(const steer::PlanSummary& summary) {
  return {{"number", summary.number},
          {"feasible", summary.feasible},
          {"exact", summary.is_exact},
          {"refused", text(steer::to_string(summary.refusal))},
          {"over_scale", number(summary.over_scale)},
          {"units", summary.units},
          {"distinct_rows", summary.distinct_rows},
          {"demand_per_s", number(summary.demand_per_s)},
          {"moved_share", number(summary.moved_share)}};
}

json::object reload_object(const ReloadReport& report) {
  json::object made{{"number", report.number},       {"running", report.running},
                    {"succeeded", report.succeeded}, {"kept_zones", report.kept_zones},
                    {"finished", nullptr},           {"problems", array_of(report.problems, text)}};
  if (report.finished != WallTime{}) { made["finished"] = timestamp(report.finished); }
  return made;
}

// 64 bits do not survive in a JSON number (RFC 7493 2.2).
json::string hex(std::uint64_t id) { return text(format_hex(id)); }

json::object mixture_client(const answer::Explanation::Client& each) {
  return {{"unit_id", hex(each.unit_id)},
          {"asn", each.asn},
          {"country", text(each.country)},
          {"share", number(each.share)}};
}

json::object explained_cluster(const answer::ExplainedCluster& each) {
  const steer::Cost& cost = each.cost;
  return {{"id", text(each.id)},
          {"verdict", text(each.verdict)},
          {"chosen", each.chosen},
          {"serving", each.serving},
          {"fails", each.fails},
          {"rank", each.rank},
          {"share", number(each.share)},
          {"tier", text(each.tier)},
          {"rtt_ms", number(cost.rtt.mean_ms)},
          {"rtt_sigma_ms", number(cost.rtt.sigma_ms)},
          {"rtt_source", text(measure::to_string(cost.rtt.source))},
          {"caution_ms", number(cost.caution_ms)},
          {"on_net", cost.on_net},
          {"on_net_ms", number(cost.on_net_ms)},
          {"policy", text(config::to_string(cost.policy))},
          {"round_trips", number(cost.round_trips)},
          {"loss", number(cost.loss)},
          {"loss_source", text(measure::to_string(cost.loss_source))},
          {"hit_ratio", number(cost.hit_ratio)},
          {"hit_ratio_source", cost.is_hit_ratio_measured ? "measured" : "configured"},
          {"trouble_ms", number(cost.trouble_ms)},
          {"transfer_ms", number(cost.transfer_ms)},
          {"loss_ms", number(cost.loss_ms)},
          {"fill_ms", number(cost.fill_ms)},
          {"file_ms", number(cost.file_ms)},
          {"pool_ms", number(cost.pool_ms)},
          {"tier_ms", number(cost.tier_ms)},
          {"money_ms", number(cost.money_ms)},
          {"bias_ms", number(cost.bias_ms)},
          {"prefer_ms", number(cost.prefer_ms)},
          {"cost_ms", number(cost.total_ms)},
          {"price_ms", number(each.price_ms)},
          {"full", text(each.full)},
          {"mask", text(steer::to_string(cost.mask))},
          {"admin", text(fleet::to_string(each.admin))},
          {"nodes", each.nodes},
          {"serving_nodes", each.serving_nodes},
          {"load", array_of(each.load, resource)},
          {"utilisation", number(each.utilisation)},
          {"planned_load_per_s", number(each.planned_load_per_s)},
          {"surcharge_per_gb", number(each.surcharge_per_gb)},
          {"capacity_per_s", number(each.capacity_per_s)}};  // null: no limit known
}

json::object explained_node(const answer::ExplainedNode& each) {
  return {{"id", text(each.id)},
          {"serving", each.serving},
          {"fails", each.fails},
          {"named", each.named},
          {"yield", number(each.yield)},
          {"load_ratio", number(each.load_ratio)}};
}

const char* state_of(const ZoneStatus& status) {
  if (status.state == zone::ZoneState::kExpired) { return "expired"; }
  return status.state == zone::ZoneState::kServed ? "served" : "not_ready";
}

json::object zone_object(const ZoneStatus& status) {
  json::object made{{"name", text(status.apex.to_string())},
                    {"kind", status.kind == ZoneKind::kPrimary ? "primary" : "secondary"},
                    {"state", state_of(status)},
                    {"signed", !status.is_signed     ? "no"
                               : status.is_presigned ? "as_loaded"
                                                     : "here"},
                    {"serial", nullptr},
                    {"authored_serial", nullptr},
                    {"records", status.records},
                    {"routes", status.routes},
                    {"source", text(status.source)},
                    {"since", timestamp(status.since)},
                    {"problem", text(status.problem)}};
  if (status.state == zone::ZoneState::kServed) {
    made["serial"] = status.serial;
    made["authored_serial"] = status.authored_serial;
  }
  return made;
}

json::object token_object(const AcmeToken& token) {
  return {{"name", text(token.name.to_string())}, {"owner", text(token.owner.to_string())},
          {"zone", text(token.apex.to_string())}, {"token", text(token.text)},
          {"expires", timestamp(token.expires)},  {"published", token.is_published}};
}

std::string line(const json::object& object) { return json::serialize(object) + '\n'; }

}  // namespace

std::string to_json(const Status& status) {
  json::array clusters;
  for (std::size_t i = 0; i < status.clusters.size(); ++i) {
    clusters.push_back(cluster(status, i));
  }
  json::array groups;
  for (std::size_t i = 0; i < status.groups.size(); ++i) { groups.push_back(group(status, i)); }
  json::object made{
      {"version", text(status.version)},
      {"config_file", text(status.config_file)},
      {"started", timestamp(status.started)},
      {"now", timestamp(status.now)},
      {"uptime_s", std::chrono::duration<double>(status.now - status.started).count()},
      {"ready", status.ready},
      {"generation", status.generation},
      {"listen",
       array_of(status.listen, [](const Endpoint& each) { return text(each.to_string()); })},
      {"zones", status.zones},
      {"records", status.records},
      {"routes", status.routes},
      {"units", status.units},
      {"leaves", status.leaves},
      {"attributions", array_of(status.attributions, text)},
      {"clusters", std::move(clusters)},
      {"groups", std::move(groups)},
      {"suspicion", suspicion(status.suspicion)},
      {"services", array_of(status.services, service)},
      {"events", array_of(status.events, event)},
      {"plan", nullptr},
      {"reload", reload_object(status.reload)}};
  if (status.plan) { made["plan"] = plan(*status.plan); }
  return line(made);
}

std::string to_json(const answer::ExplainRequest& asked, const answer::Explanation& from) {
  json::object made{{"name", text(asked.name.to_string())},
                    {"type", text(dns::to_string(asked.type))},
                    {"client", text(asked.client.to_string())},
                    {"generation", from.generation},
                    {"zone", text(from.zone)},
                    {"route", text(from.route)},
                    {"service", text(from.service)},
                    {"rcode", text(from.rcode)},
                    {"addresses", array_of(from.addresses, text)},
                    {"ttl_s", from.ttl_s},
                    {"scope_bits", from.scope_bits},
                    {"cluster", text(from.cluster)},
                    {"reason", text(from.reason)},
                    {"decided_by", text(from.decided_by)},
                    {"leaf", text(from.leaf)},
                    {"unit_id", hex(from.unit_id)},
                    {"asn", from.asn},
                    {"asn_name", text(from.asn_name)},
                    {"country", text(from.country)},
                    {"latitude", nullptr},
                    {"longitude", nullptr},
                    {"place_sigma_km", number(from.place_sigma_km)},
                    {"place_from", text(from.place_from)},
                    {"override", text(from.override_rule)},
                    {"if_lost", text(from.if_lost)},
                    {"place_contradicted", from.place_contradicted},
                    {"resolver_network", text(from.resolver_network)},
                    {"mixture_weight", number(from.mixture_weight)},
                    {"mixture", array_of(from.mixture, mixture_client)},
                    {"clusters", array_of(from.clusters, explained_cluster)},
                    {"nodes", array_of(from.nodes, explained_node)},
                    {"attributions", array_of(from.attributions, text)}};
  if (from.place) {
    made["latitude"] = number(from.place->latitude);
    made["longitude"] = number(from.place->longitude);
  }
  return line(made);
}

std::string to_json(const std::vector<fleet::MonitorStatus>& monitors) {
  return line({{"monitors", array_of(monitors, monitor)}});
}

std::string to_json(const std::vector<ZoneStatus>& zones) {
  return line({{"zones", array_of(zones, zone_object)}});
}

std::string to_json(const std::vector<AcmeToken>& tokens) {
  return line({{"tokens", array_of(tokens, token_object)}});
}

std::string to_json(const std::vector<answer::KnownResolver>& resolvers) {
  return line({{"resolvers", array_of(resolvers, [](const answer::KnownResolver& each) {
                  return json::object{{"network", text(each.network)},
                                      {"unit_id", hex(each.unit_id)},
                                      {"weight", number(each.weight)},
                                      {"mixture", array_of(each.clients, mixture_client)}};
                })}});
}

std::string to_json(const ReloadReport& report) { return line(reload_object(report)); }

std::string error_json(std::string_view what, std::string_view hint) {
  json::object made{{"error", text(what)}};
  if (!hint.empty()) { made["hint"] = text(hint); }
  return line(made);
}

}  // namespace gslb::control
