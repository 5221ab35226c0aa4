#include "gslb/control/learnt.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "gslb/base/fields.h"
#include "gslb/base/file.h"
#include "gslb/base/log.h"
#include "gslb/base/units.h"

namespace gslb::control {
namespace {

constexpr std::string_view kHeader = "proxima-learnt 1";
constexpr std::string_view kRttHeader = "proxima-rtt";
constexpr double kMostRate = 1e12;

std::optional<double> parse_amount(std::string_view text) {
  const auto value = parse_number<double>(text);
  // A NaN is in no range.
  return value && *value >= 0 && *value <= kMostRate ? value : std::nullopt;
}

bool read_cluster(std::string_view line, bool is_group, Learnt& into) {
  LearntCluster cluster;
  cluster.is_group = is_group;
  cluster.id = take_field(line, ' ');
  const std::string_view health = take_field(line, ' ');
  const auto utilisation = parse_amount(take_field(line, ' '));
  const std::string_view target = take_field(line, ' ');
  const auto factor = parse_amount(take_field(line, ' '));
  const auto headroom = parse_amount(take_field(line, ' '));
  const bool words =
      (health == "up" || health == "down") && (target == "target" || target == "none");
  if (cluster.id.empty() || !words || !utilisation || !factor || !headroom) { return false; }
  cluster.input.serving = health == "up";
  cluster.input.utilisation = *utilisation;
  cluster.input.has_capacity = target == "target";
  cluster.load_factor = *factor;
  cluster.max_per_target = *headroom;
  while (!line.empty()) { cluster.fails.emplace_back(take_field(line, ' ')); }
  into.clusters.push_back(std::move(cluster));
  return true;
}

bool read_demand(std::string_view line, Learnt& into) {
  LearntDemand demand;
  demand.service = take_field(line, ' ');
  const std::string_view who = take_field(line, ' ');
  const auto unit = parse_number<std::uint64_t>(who, 16);
  const auto rate = parse_amount(line);
  if (!unit) { demand.resolver = Prefix::parse(who); }
  if (demand.service.empty() || (!unit && !demand.resolver) || !rate) { return false; }
  demand.unit_id = unit.value_or(0);
  demand.queries_per_s = *rate;
  into.demand.push_back(std::move(demand));
  return true;
}

bool read_load(std::string_view line, Learnt& into) {
  LearntLoad load;
  load.service = take_field(line, ' ');
  std::array<double, 5> values{};
  for (double& each : values) {
    const auto value = parse_amount(take_field(line, ' '));
    if (!value) { return false; }
    each = *value;
  }
  load.need = {values[0], values[1], values[2], values[3]};
  into.egress_share = values[4];
  into.loads.push_back(std::move(load));
  return true;
}

using UnitsById = std::unordered_map<std::uint64_t, geo::UnitIndex>;

std::optional<geo::UnitIndex> row_of(const LearntDemand& demand, const measure::Mixtures& mixtures,
                                     const UnitsById& unit_of) {
  if (!demand.resolver) {
    const auto unit = unit_of.find(demand.unit_id);
    return unit == unit_of.end() ? std::nullopt : std::optional(unit->second);
  }
  const auto slot = mixtures.slot_of(*demand.resolver);
  if (!slot) { return std::nullopt; }
  return static_cast<geo::UnitIndex>(mixtures.units() + *slot);
}

}  // namespace

const LearntCluster* Learnt::find(std::string_view holder) const noexcept {
  const auto at = std::ranges::find(clusters, holder, &LearntCluster::id);
  return at == clusters.end() ? nullptr : &*at;
}

FleetView fleet_view(const fleet::FleetState& fleet) {
  FleetView view{.inputs = cluster_inputs(fleet), .max_per_target = {}};
  for (std::size_t i = 0; i < view.inputs.size(); ++i) {
    double least = 0;
    const std::size_t clusters = fleet.model().clusters().size();
    for (const fleet::ResourceLoad& each : i < clusters
                                               ? fleet.load(static_cast<fleet::ClusterIndex>(i))
                                               : fleet.group_load(i - clusters)) {
      if (each.target <= 0 || each.max <= 0) { continue; }
      const double ratio = each.max / each.target;
      least = least == 0 ? ratio : std::min(least, ratio);
    }
    view.max_per_target.push_back(least);
  }
  return view;
}

Learnt learnt_of(const Epoch& epoch, const FleetView& view) {
  Learnt learnt;
  const fleet::FleetModel& fleet = *epoch.compiled->fleet;
  for (std::size_t i = 0; i < fleet.holder_count(); ++i) {
    learnt.clusters.push_back(
        {.id = fleet.holder_id(i),
         .is_group = i >= fleet.clusters().size(),
         .input = view.inputs.empty() ? steer::ClusterInput() : view.inputs.at(i),
         .load_factor = epoch.planner.load_factor(static_cast<steer::HolderIndex>(i)),
         .max_per_target = view.inputs.empty() ? 0 : view.max_per_target.at(i)});
    for (const std::uint16_t service : learnt.clusters.back().input.fails) {
      learnt.clusters.back().fails.push_back(epoch.compiled->services->services[service].id);
    }
  }
  const steer::ServiceLoads& loads = epoch.planner.service_loads();
  learnt.egress_share = loads.egress_share();
  learnt.resolvers = epoch.mixtures.write();
  const auto resolvers = epoch.mixtures.resolvers();
  const auto& services = epoch.compiled->services->services;
  const auto& units = epoch.compiled->geo->units();
  for (std::size_t service = 0; service < services.size(); ++service) {
    if (loads.need(service).told > 0) {
      learnt.loads.push_back({services[service].id, loads.need(service)});
    }
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
      const double rate = epoch.ledger.queries_per_s(static_cast<steer::ServiceIndex>(service),
                                                     static_cast<geo::UnitIndex>(unit));
      if (rate > 0) {
        learnt.demand.push_back(
            {.service = services[service].id, .unit_id = units[unit].id, .queries_per_s = rate});
      }
    }
    for (std::size_t slot = 0; slot < resolvers.size(); ++slot) {
      const double rate =
          epoch.ledger.queries_per_s(static_cast<steer::ServiceIndex>(service),
                                     static_cast<geo::UnitIndex>(units.size() + slot));
      if (!resolvers[slot] || rate <= 0) { continue; }
      learnt.demand.push_back({.service = services[service].id,
                               .unit_id = 0,
                               .resolver = resolvers[slot],
                               .queries_per_s = rate});
    }
  }
  return learnt;
}

std::string write_learnt(const Learnt& learnt) {
  std::string text(kHeader);
  text += '\n';
  for (const LearntCluster& each : learnt.clusters) {
    text += (each.is_group ? "group " : "cluster ") + each.id +
            (each.input.serving ? " up " : " down ") + format_number(each.input.utilisation) +
            (each.input.has_capacity ? " target " : " none ") + format_number(each.load_factor) +
            ' ' + format_number(each.max_per_target);
    for (const std::string& service : each.fails) { text += ' ' + service; }
    text += '\n';
  }
  text += learnt.resolvers;
  for (const LearntDemand& each : learnt.demand) {
    text += "demand " + each.service + ' ' +
            (each.resolver ? each.resolver->to_string() : format_hex(each.unit_id)) + ' ' +
            format_number(each.queries_per_s) + '\n';
  }
  for (const LearntLoad& each : learnt.loads) {
    text += "load " + each.service;
    for (const double value : {each.need.told, each.need.queries, each.need.requests,
                               each.need.octets, learnt.egress_share}) {
      text += ' ' + format_number(value);
    }
    text += '\n';
  }
  return text + learnt.rtt;
}

Learnt parse_learnt(std::string_view text) {
  Learnt learnt;
  if (take_field(text, '\n') != kHeader) {
    learnt.useless_lines = 1;
    return learnt;
  }
  while (!text.empty() && !text.starts_with(kRttHeader)) {
    const std::string_view whole = take_field(text, '\n');
    std::string_view line = whole;
    const std::string_view kind = take_field(line, ' ');
    if (kind == "resolver") {
      learnt.resolvers.append(whole) += '\n';
      continue;
    }
    const bool is_good = (kind == "cluster" && read_cluster(line, false, learnt)) ||
                         (kind == "group" && read_cluster(line, true, learnt)) ||
                         (kind == "demand" && read_demand(line, learnt)) ||
                         (kind == "load" && read_load(line, learnt));
    if (!is_good) { ++learnt.useless_lines; }
  }
  learnt.rtt = text;
  return learnt;
}

void apply_learnt(const Learnt& learnt, Epoch& epoch) {
  for (const LearntCluster& each : learnt.clusters) {
    const fleet::ClusterIndex holder = epoch.compiled->fleet->find_holder(each.id);
    if (holder != fleet::kNoCluster) { epoch.planner.set_load_factor(holder, each.load_factor); }
  }
  const auto& services = epoch.compiled->services->services;
  const auto& units = epoch.compiled->geo->units();
  UnitsById unit_of;
  for (std::size_t i = 0; i < units.size(); ++i) {
    unit_of.emplace(units[i].id, static_cast<geo::UnitIndex>(i));
  }
  steer::ServiceLoads& loads = epoch.planner.service_loads();
  loads.set_egress_share(learnt.egress_share);
  for (const LearntLoad& each : learnt.loads) {
    const auto service = std::ranges::find(services, each.service, &steer::Service::id);
    if (service == services.end()) { continue; }
    loads.set_need(static_cast<std::size_t>(service - services.begin()), each.need);
  }
  loads.weigh();
  epoch.mixtures.read(learnt.resolvers);
  for (const LearntDemand& each : learnt.demand) {
    const auto service = std::ranges::find(services, each.service, &steer::Service::id);
    const auto row = row_of(each, epoch.mixtures, unit_of);
    if (service == services.end() || !row) { continue; }
    epoch.ledger.set_queries_per_s(static_cast<steer::ServiceIndex>(service - services.begin()),
                                   *row, each.queries_per_s);
  }
  if (!learnt.rtt.empty()) { epoch.estimator.read(learnt.rtt); }
}

void save_learnt(const Epoch& epoch, const FleetView& view, const std::string& path) {
  if (!write_file_atomically(path, write_learnt(learnt_of(epoch, view)))) {
    log_warning("state", "can't be saved", {{"file", path}, {"error", std::strerror(errno)}});
  }
}

void restore_learnt(Epoch& epoch, const std::string& path) {
  const auto text = read_file(path);
  if (!text) { return; }
  const Learnt learnt = parse_learnt(*text);
  apply_learnt(learnt, epoch);
  log_info("state", "demand and loads restored",
           {{"file", path}, {"demands", learnt.demand.size()}, {"left_out", learnt.useless_lines}});
}

}  // namespace gslb::control
