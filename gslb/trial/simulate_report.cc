// A simulation as text and as JSON.
#include <cmath>
#include <cstdio>

#include <boost/json.hpp>

#include "gslb/trial/simulate.h"

namespace gslb::trial {
namespace {

namespace json = boost::json;

std::string pad(std::string text, std::size_t width, bool right) {
  if (text.size() < width) { text.insert(right ? 0 : text.size(), width - text.size(), ' '); }
  return text;
}

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string percent(const std::optional<double>& share) {
  return share ? fixed(*share * 100, 0) + "%" : "-";
}

std::string share_of(const std::optional<double>& per_s, double total) {
  if (!per_s) { return "-"; }
  return total > 0 ? fixed(*per_s / total * 100, 1) + "%" : "0.0%";
}

const char* state_of(const SimulatedCluster& cluster) {
  if (!cluster.after_per_s) { return "gone"; }
  if (!cluster.before_per_s) { return "new"; }
  if (cluster.is_serving) { return cluster.was_serving ? "" : "back"; }
  return "out";
}

void put_side(const char* title, const Traffic& traffic, std::string& out) {
  out += pad(title, 9, false) + pad(fixed(traffic.rtt_mean_ms, 1), 9, true) +
         pad(fixed(traffic.rtt_p50_ms, 1), 9, true) + pad(fixed(traffic.rtt_p95_ms, 1), 9, true) +
         pad(fixed(traffic.cost_mean_ms, 1), 9, true) +
         pad(fixed(traffic.money_mean, 4), 10, true) +
         pad(fixed(traffic.total_per_s, 1), 12, true) +
         pad(share_of(traffic.unserved_per_s, traffic.total_per_s), 11, true) + "\n";
}

json::value number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json::value(*value) : json::value(nullptr);
}

json::object traffic_object(const Traffic& traffic) {
  return {{"queries_per_s", traffic.total_per_s},     {"rtt_mean_ms", traffic.rtt_mean_ms},
          {"rtt_p50_ms", traffic.rtt_p50_ms},         {"rtt_p95_ms", traffic.rtt_p95_ms},
          {"cost_mean_ms", traffic.cost_mean_ms},     {"money_mean", traffic.money_mean},
          {"unserved_per_s", traffic.unserved_per_s}, {"unserved_rows", traffic.unserved_rows}};
}

json::object cluster_object(const SimulatedCluster& cluster) {
  return {{"id", cluster.id},
          {"kind", cluster.is_group ? "group" : "cluster"},
          {"was_serving", cluster.was_serving},
          {"is_serving", cluster.is_serving},
          {"before_per_s", number(cluster.before_per_s)},
          {"at_once_per_s", number(cluster.at_once_per_s)},
          {"after_per_s", number(cluster.after_per_s)},
          {"before_utilisation", number(cluster.before_use)},
          {"at_once_utilisation", number(cluster.at_once_use)},
          {"after_utilisation", number(cluster.after_use)},
          {"max_per_target", cluster.max_per_target}};
}

}  // namespace

std::string to_text(const Simulation& simulation) {
  std::string out = pad("", 9, false) + "  RTT MEAN      P50      P95     COST     MONEY" +
                    "   QUERIES/S   UNSERVED\n";
  put_side("before", simulation.before, out);
  if (simulation.at_once) { put_side("at once", *simulation.at_once, out); }
  put_side("after", simulation.after, out);
  out += "moved " + fixed(simulation.moved * 100, 1) + "% of the demand";
  if (simulation.compared < 0.9995) {
    out += " (" + fixed(simulation.compared * 100, 1) + "% of it can be compared)";
  }
  out += "\n\nCLUSTER             TRAFFIC  AT ONCE    AFTER    USE OF TARGET: BEFORE  AT ONCE" +
         std::string("    AFTER   MAX\n");
  for (const SimulatedCluster& each : simulation.clusters) {
    const double at_once = simulation.at_once ? simulation.at_once->total_per_s : 0;
    out += pad(each.id, 18, false) +
           pad(share_of(each.before_per_s, simulation.before.total_per_s), 9, true) +
           pad(share_of(each.at_once_per_s, at_once), 9, true) +
           pad(share_of(each.after_per_s, simulation.after.total_per_s), 9, true) +
           pad(percent(each.before_use), 25, true) + pad(percent(each.at_once_use), 9, true) +
           pad(percent(each.after_use), 9, true) +
           pad(each.after_per_s ? percent(each.max_per_target) : "-", 6, true);
    const std::string state = state_of(each);
    out += (state.empty() ? "" : "  " + state) + "\n";
  }
  for (const std::string& each : simulation.passed_limits) {
    out += "limit passed: " + each + "\n";
  }
  return out;
}

std::string to_json(const Simulation& simulation) {
  json::array clusters;
  for (const SimulatedCluster& each : simulation.clusters) {
    clusters.push_back(cluster_object(each));
  }
  json::object made{{"before", traffic_object(simulation.before)},
                    {"at_once", nullptr},
                    {"after", traffic_object(simulation.after)},
                    {"moved", simulation.moved},
                    {"compared", simulation.compared},
                    {"plans", simulation.plans},
                    {"clusters", std::move(clusters)},
                    {"passed_limits", json::value_from(simulation.passed_limits)}};
  if (simulation.at_once) { made["at_once"] = traffic_object(*simulation.at_once); }
  return json::serialize(made) + '\n';
}

}  // namespace gslb::trial
