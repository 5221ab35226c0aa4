// Monitors and suspicion in the fleet state: what their results make of nodes.
#include <algorithm>
#include <cmath>

#include "gslb/base/hash.h"
#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {
namespace {

// Beside its own timeout: how long the first asking of all targets may take to be begun.
constexpr milliseconds kFirstAskingSpread{2'000};
constexpr milliseconds kFirstAskingEach{2};

Thresholds thresholds_of(const config::Monitor& monitor) {
  return {monitor.up_thresh, monitor.ok_thresh, monitor.down_thresh};
}

// A command's arguments may be nobody else's business: the file has a hash of the key.
std::string saved_key(const std::string& key) { return std::to_string(hash_text(key)); }

}  // namespace

void FleetState::begin_watching(Moment now) {
  seen_ = now.mono;
  watches_.resize(model_->monitors().size());
  for (Watch& watch : watches_) { watch.since = now.wall; }
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    const auto cluster = static_cast<ClusterIndex>(c);
    for (unsigned n = 0; n < clusters_[c].nodes.size(); ++n) {
      for (const std::uint32_t index : model_->cluster(cluster).nodes[n].monitors) {
        watches_[index].nodes.push_back({cluster, n});
      }
    }
  }
  unwatched_ = watches_.size();
  std::int64_t longest_ms = 0;
  for (const MonitorTarget& target : model_->monitors()) {
    longest_ms = std::max(longest_ms, target.monitor->timeout_ms);
  }
  first_watch_deadline_ = now.mono + milliseconds(longest_ms) + kFirstAskingSpread +
                          kFirstAskingEach * static_cast<int>(watches_.size());
}

void FleetState::set_watched(Watch& watch, WallTime at) {
  if (!std::exchange(watch.last_at, at) && unwatched_ > 0) { --unwatched_; }
}

// Any that is down says down; one that has no verdict says nothing.
MonitorState FleetState::monitors_of(NodeRef ref) const {
  MonitorState state = MonitorState::kUnknown;
  for (const std::uint32_t index : model_of(ref).monitors) {
    const MonitorState one = watches_[index].record.state;
    if (one == MonitorState::kDown) { return one; }
    if (one == MonitorState::kUp) { state = one; }
  }
  return state;
}

FleetState::Standing FleetState::standing_by_health(NodeRef ref) const {
  const HealthKind kind = model_->cluster(ref.cluster).health;
  const Node& node = clusters_[ref.cluster].nodes[ref.node];
  if (kind == HealthKind::kAssumedUp) { return Standing::kServing; }
  // A node's own word is no guess, whoever is asked beside it.
  if (node.health == NodeHealth::kDown || node.health == NodeHealth::kDraining) {
    return Standing::kOut;
  }
  const auto serving_if = [](bool serves) {
    return serves ? Standing::kServing : Standing::kSeemsDead;
  };
  const bool beats = node.health == NodeHealth::kUp;
  if (kind == HealthKind::kHeartbeat) { return serving_if(beats); }
  const MonitorState seen = monitors_of(ref);
  if (kind == HealthKind::kMonitors) {
    if (seen != MonitorState::kUnknown) { return serving_if(seen == MonitorState::kUp); }
    // Monitors that can't ask, or haven't yet after a reload, take away nothing.
    const auto& monitors = model_of(ref).monitors;
    const bool tried = std::all_of(monitors.begin(), monitors.end(), [this](std::uint32_t index) {
      return watches_[index].last_at.has_value();
    });
    return serving_if(tried || node.standing == Standing::kServing);
  }
  if (beats) { return serving_if(kind == HealthKind::kAny || seen != MonitorState::kDown); }
  return serving_if(seen == MonitorState::kUp && !node.condemned);
}

// A node has fallen silent.  Whether it is dead its monitors can tell now, not only at their time.
void FleetState::watch_silence(NodeRef ref) {
  const HealthKind kind = model_->cluster(ref.cluster).health;
  if (kind != HealthKind::kBoth && kind != HealthKind::kAny) { return; }
  for (const std::uint32_t index : model_of(ref).monitors) {
    urgent_.push_back(model_->monitors()[index].key);
  }
}

// To a silent node a single failure is the death sentence: two witnesses agree.  It comes back with
// its heartbeats, or when the monitor has forgotten its failures.
void FleetState::judge_silent(const Watch& watch, Outcome outcome) {
  for (const NodeRef ref : watch.nodes) {
    Node& node = at(ref);
    if (!node.silent_since) { continue; }
    if (outcome == Outcome::kBad) { node.condemned = true; }
    const auto& monitors = model_of(ref).monitors;
    const bool clean = std::all_of(monitors.begin(), monitors.end(), [this](std::uint32_t index) {
      return watches_[index].record.good_in_row >= model_->monitors()[index].monitor->ok_thresh;
    });
    if (clean) { node.condemned = false; }
  }
}

void FleetState::apply_monitor(const MonitorResult& result, Moment now) {
  tick(now);
  const auto index = model_->find_monitor(result.key);
  if (!index) { return; }
  const MonitorTarget& target = model_->monitors()[*index];
  Watch& watch = watches_[*index];
  set_watched(watch, now.wall);
  watch.last = result.outcome;
  watch.reason = result.reason;
  watch.took = result.took;
  ++(result.outcome == Outcome::kGood  ? watch.good
     : result.outcome == Outcome::kBad ? watch.bad
                                       : watch.unasked);
  const MonitorState before = watch.record.state;
  if (watch.record.apply(result.outcome, thresholds_of(*target.monitor))) {
    watch.since = now.wall;
    std::string text =
        std::string(to_string(before)).append(" -> ").append(to_string(watch.record.state));
    if (!result.reason.empty()) { text += ": " + result.reason; }
    add_event(now.wall, EventKind::kMonitor, target.label(), std::move(text));
  }
  judge_silent(watch, result.outcome);
  std::vector<ClusterIndex> touched;
  for (const NodeRef ref : watch.nodes) { touched.push_back(ref.cluster); }
  for (const auto& [checks, ref] : watch.checked) { touched.push_back(ref.cluster); }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const ClusterIndex cluster : touched) { refresh_board(cluster, now); }
}

void FleetState::note_suspicion(Moment now) {
  const bool was_active = suspicion_.active();
  if (!suspicion_.update(now.mono)) { return; }
  const std::string share = std::to_string(std::lround(suspicion_.share() * 100)) +
                            " % of the capacity seems dead at once";
  if (suspicion_.active()) {
    ++suspicions_;
    suspicious_since_ = now.wall;
    add_event(now.wall, EventKind::kSuspicion, "",
              share + ": rather we can't see, what served is held");
  } else if (was_active) {
    suspicious_since_.reset();
    add_event(now.wall, EventKind::kSuspicion, "",
              suspicion_.believed() ? "lasts too long: believed" : "over: few enough are dead");
  }
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    write_word(static_cast<ClusterIndex>(c), now.wall);
  }
}

FleetState::Sight FleetState::sight(ClusterIndex cluster) const {
  constexpr double kLeast = 0.5;
  const ClusterModel& model = model_->cluster(cluster);
  Sight sight;
  double known = 0;
  double all = 0;
  for (unsigned n = 0; n < model.nodes.size(); ++n) {
    if (((board_->serving_nodes(cluster) >> n) & 1) == 0) { continue; }
    const Node& node = clusters_[cluster].nodes[n];
    const double weight = model.nodes[n].weight;
    all += weight;
    double part = 1;
    if (node.silent_since) {
      sight.blind = true;
      const milliseconds fades = model_->rules().silence_allowed(node.interval_ms);
      const std::chrono::duration<double> silent = seen_ - *node.silent_since;
      part = std::max(kLeast, 1 - (1 - kLeast) * (silent / fades));
    }
    known += weight * part;
  }
  if (all > 0) { sight.share = known / all; }
  return sight;
}

std::vector<MonitorStatus> FleetState::monitor_status() const {
  static constexpr const char* kKindNames[] = {"http", "https", "tcp", "dns", "icmp", "command"};
  std::vector<MonitorStatus> all;
  all.reserve(watches_.size());
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    const MonitorTarget& target = model_->monitors()[i];
    const Watch& watch = watches_[i];
    MonitorStatus status{.monitor = target.name(),
                         .kind = kKindNames[static_cast<std::size_t>(target.monitor->kind)],
                         .item = target.item,
                         .state = watch.record.state,
                         .since = watch.since,
                         .last_at = watch.last_at,
                         .last = watch.last,
                         .reason = watch.reason,
                         .took = watch.took,
                         .good_in_row = watch.record.good_in_row,
                         .failures = watch.record.failures,
                         .good = watch.good,
                         .bad = watch.bad,
                         .unasked = watch.unasked,
                         .nodes = {},
                         .services = {}};
    const auto add = [](std::vector<std::string>& to, const std::string& id) {
      if (std::find(to.begin(), to.end(), id) == to.end()) { to.push_back(id); }
    };
    for (const NodeRef ref : watch.nodes) { add(status.nodes, model_of(ref).full_id); }
    for (const auto& [checks, ref] : watch.checked) {
      add(status.nodes, model_of(ref).full_id);
      add(status.services, model_->service_checks()[checks].id);
    }
    all.push_back(std::move(status));
  }
  return all;
}

SuspicionStatus FleetState::suspicion_status() const {
  return {.active = suspicion_.active(),
          .since = suspicious_since_,
          .share = suspicion_.share(),
          .held_nodes = suspicion_.held(),
          .times = suspicions_};
}

void FleetState::adopt_monitors(const FleetState& old) {
  // One whose options changed asks something new, but its target is who it was: until the first
  // result its state is the best that is known.
  std::map<std::string, const Watch*> by_label;
  for (std::size_t i = 0; i < old.watches_.size(); ++i) {
    by_label.emplace(old.model_->monitors()[i].label(), &old.watches_[i]);
  }
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    const MonitorTarget& target = model_->monitors()[i];
    const Watch* from = nullptr;
    if (const auto same = old.model_->find_monitor(target.key)) {
      from = &old.watches_[*same];
    } else if (const auto known = by_label.find(target.label()); known != by_label.end()) {
      from = known->second;
    }
    if (from == nullptr) { continue; }
    auto nodes = std::move(watches_[i].nodes);
    auto checked = std::move(watches_[i].checked);
    watches_[i] = *from;
    watches_[i].nodes = std::move(nodes);
    watches_[i].checked = std::move(checked);
  }
  // Answers rest on what was known before; only a reload before the first round has to wait.
  unwatched_ = 0;
  if (old.unwatched_ == 0) { return; }
  first_watch_deadline_ = std::max(first_watch_deadline_, old.first_watch_deadline_);
  for (const Watch& watch : watches_) { unwatched_ += watch.last_at ? 0 : 1; }
}

void FleetState::carry_deaths(const FleetState& old, const Suspicion& from,
                              Suspicion& into) const {
  for (const auto& [ref, at] : from.deaths()) {
    const ClusterModel& before = old.model_->cluster(ref.cluster);
    const ClusterIndex cluster = model_->find_cluster(before.id);
    if (cluster == kNoCluster) { continue; }
    const auto node = model_->cluster(cluster).find_node(before.nodes[ref.node].id);
    if (node) { into.died({cluster, *node}, at); }
  }
  into.inherit(from);
}

void FleetState::adopt_suspicion(const FleetState& old) {
  carry_deaths(old, old.suspicion_, suspicion_);
  suspicions_ = old.suspicions_;
  suspicious_since_ = old.suspicious_since_;
}

void FleetState::save_monitors(SavedState& saved) const {
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    const Watch& watch = watches_[i];
    if (watch.record.state == MonitorState::kUnknown) { continue; }
    saved.monitors.push_back({saved_key(model_->monitors()[i].key), watch.record.state,
                              watch.record.good_in_row, watch.record.failures, watch.since});
  }
}

void FleetState::restore_monitors(const SavedState& saved) {
  std::map<std::string, std::size_t> by_key;
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    by_key.emplace(saved_key(model_->monitors()[i].key), i);
  }
  for (const SavedMonitor& each : saved.monitors) {
    const auto index = by_key.find(each.key);
    if (index == by_key.end()) { continue; }
    Watch& watch = watches_[index->second];
    watch.record = {each.state, each.good_in_row, each.failures};
    watch.since = each.since;
    watch.last = each.state == MonitorState::kUp ? Outcome::kGood : Outcome::kBad;
    set_watched(watch, saved.saved_at);
  }
}

}  // namespace gslb::fleet
