#include "bench/steering/run.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace bench::steering {
namespace {

constexpr std::array<std::string_view, kPhases> kPhaseNames = {"warm-up", "quiet", "liar",  "flash",
                                                               "settle",  "death", "return"};
constexpr std::array<double, kPhases> kPhaseLengths = {3000, 3600, 900, 1200, 1200, 1200, 1800};
constexpr double kPlanIntervalS = 15;
constexpr double kSampleS = 60;
constexpr double kTtlS = 60;
constexpr double kDiurnalSwing = 0.4;
constexpr double kFlashShare =
    0.15;                          // of all demand lies in the region of the crowd, which doubles
constexpr double kColdFactor = 2;  // a cold cache costs this much more at first
constexpr double kColdS = 300;

class Run {
 public:
  Run(const Scene& scene, const Contender& contender, const RunOptions& options)
      : scene_(scene),
        options_(options),
        random_(scene.options.seed * 104'729 + 3),
        policy_(contender.make(scene, clock_.mono())),
        fleet_(scene.compiled->fleet, now()),
        clusters_(scene.clusters.size()),
        alive_(clusters_, true),
        back_at_(clusters_, -1e9),
        load_(clusters_, 0),
        demand_(scene.units.size(), 0),
        queries_(scene.units.size(), 0),
        answers_(scene.units.size() * clusters_, 0),
        step_answers_(answers_.size(), 0),
        sampled_(answers_.size(), 0) {
    phase_ends_[0] = kPhaseLengths[0] / options.pace;
    for (std::size_t i = 1; i < kPhases; ++i) {
      phase_ends_[i] = phase_ends_[i - 1] + kPhaseLengths[i] / options.pace;
    }
    std::uniform_real_distribution<double> uniform(0, 1);
    hour_ = 24 * uniform(random_);
    pick_crowd();
    largest_ = static_cast<std::size_t>(
        std::max_element(scene.clusters.begin(), scene.clusters.end(),
                         [](auto& a, auto& b) { return a.capacity < b.capacity; }) -
        scene.clusters.begin());
    liar_ = static_cast<std::size_t>(uniform(random_) * static_cast<double>(clusters_));
  }

  RunResult go() {
    set_demand();
    send_heartbeats();
    plan();
    refresh_answers();
    ResolverCaches caches(answers_, kTtlS, options_.real_caches);
    sampled_ = answers_;
    while (time_s_ < phase_ends_.back()) {
      set_demand();
      measure_load(caches.traffic());
      std::fill(step_answers_.begin(), step_answers_.end(), 0.0F);
      for (int second = 0; second < static_cast<int>(kStepS); ++second) { tick(); }
      caches.step(step_answers_);
      account(caches.traffic());
    }
    finish();
    return std::move(result_);
  }

 private:
  gslb::fleet::Moment now() const { return {clock_.mono(), clock_.wall()}; }
  Phase phase() const {
    std::size_t at = 0;
    while (at + 1 < kPhases && time_s_ >= phase_ends_[at]) { ++at; }
    return static_cast<Phase>(at);
  }
  double start_of(Phase phase) const { return phase_ends_[static_cast<std::size_t>(phase) - 1]; }

  // Units in order of RTT to some cluster, until they make up the crowd's share.
  void pick_crowd() {
    const auto middle = static_cast<std::size_t>(random_() % clusters_);
    std::vector<std::size_t> order(scene_.units.size());
    for (std::size_t i = 0; i < order.size(); ++i) { order[i] = i; }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return scene_.units[a].rtt_ms[middle] < scene_.units[b].rtt_ms[middle];
    });
    crowd_.assign(order.size(), false);
    double share = 0;
    for (const std::size_t unit : order) {
      share += scene_.units[unit].weight;
      if (share > kFlashShare) { break; }
      crowd_[unit] = true;
    }
  }

  double crowd_factor() const {
    const double start = start_of(Phase::kFlash);
    const double end = start_of(Phase::kSettle);
    const double ramp_s = 60;
    if (time_s_ < start || time_s_ > end + ramp_s) { return 1; }
    return 1 + std::clamp(std::min((time_s_ - start) / ramp_s, (end + ramp_s - time_s_) / ramp_s),
                          0.0, 1.0);
  }

  void set_demand() {
    const double crowd = crowd_factor();
    double total = 0;
    for (std::size_t unit = 0; unit < demand_.size(); ++unit) {
      double factor = 1;
      if (options_.diurnal) {
        const double local = hour_ + time_s_ / 3600 + scene_.units[unit].longitude / 15;
        factor += kDiurnalSwing * std::cos((local - 20) * std::numbers::pi / 12);
      }
      demand_[unit] = scene_.units[unit].weight * factor;
      total += demand_[unit];
    }
    // The sun moves demand about; the use of all capacity stays what was asked for.
    for (std::size_t unit = 0; unit < demand_.size(); ++unit) {
      demand_[unit] *= scene_.demand / total * (crowd_[unit] ? crowd : 1);
    }
  }

  void measure_load(const Shares& traffic) {
    std::fill(load_.begin(), load_.end(), 0);
    for (std::size_t unit = 0; unit < demand_.size(); ++unit) {
      for (std::size_t i = 0; i < clusters_; ++i) {
        load_[i] += demand_[unit] * static_cast<double>(traffic[unit * clusters_ + i]);
      }
    }
  }

  // A returning cluster's requests cost more until its cache is warm.
  double cold(std::size_t cluster) const {
    return 1 + kColdFactor * std::exp(-(time_s_ - back_at_[cluster]) / kColdS);
  }

  void send_heartbeats() {
    std::uniform_real_distribution<double> uniform(0, 1);
    std::normal_distribution<double> normal;
    ++sequence_;
    for (std::size_t i = 0; i < clusters_; ++i) {
      const double noise = std::exp(options_.load_noise * normal(random_));
      const bool lost = uniform(random_) < options_.lost_reports && sequence_ > 1;
      if (!alive_[i] || lost) { continue; }
      const bool lies = options_.liar && i == liar_ && phase() == Phase::kLiar;
      gslb::fleet::Report report;
      report.cluster = scene_.compiled->fleet->clusters()[i].id;
      report.node.assign(1, 'n');  // GCC 12 warns of an assignment of "n" (its bug 105651)
      report.incarnation = 1;
      report.sequence = sequence_;
      report.interval_ms = 1000;
      report.load.push_back(
          {"requests_per_s",
           load_[i] * scene_.clusters[i].load_per_request * cold(i) * noise * (lies ? 0.5 : 1), 0,
           0});
      fleet_.apply_heartbeat(report, now());
    }
  }

  // One second: what the daemon's control loop does in it.
  void tick() {
    kill_and_revive();
    clock_.advance(std::chrono::seconds(1));
    time_s_ += 1;
    send_heartbeats();
    fleet_.tick(now());
    std::vector<bool> serving;
    for (std::size_t i = 0; i < clusters_; ++i) {
      serving.push_back(fleet_.board()->serving_nodes(static_cast<std::uint16_t>(i)) != 0);
    }
    count_queries();
    // What workers answer in the moment between the flip and the new plan is what the old plan says
    // without the dead.
    if (serving != serving_ || time_s_ >= next_plan_s_) {
      plan();
      refresh_answers();
    }
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      step_answers_[i] += answers_[i] / static_cast<float>(kStepS);
    }
    watch_death();
  }

  void kill_and_revive() {
    const bool dead = phase() == Phase::kDeath;
    if (alive_[largest_] == dead) {
      alive_[largest_] = !dead;
      if (!dead) { back_at_[largest_] = time_s_; }
      if (dead) { load_before_death_ = load_[largest_]; }
    }
  }

  // Answers are queries: what is counted is noisy and no exact image of the demand.
  void count_queries() {
    gslb::steer::DemandCounters* counters = policy_->counters();
    if (counters == nullptr) { return; }
    std::normal_distribution<double> normal;
    for (std::size_t unit = 0; unit < demand_.size(); ++unit) {
      const double mean = demand_[unit] * scene_.units[unit].queries_per_request;
      double& due = queries_[unit];
      due += std::max(0.0, mean + std::sqrt(mean) * normal(random_));
      const double whole = std::floor(due);
      due -= whole;
      if (whole > 0) {
        counters->count(0, 0, static_cast<gslb::geo::UnitIndex>(unit),
                        static_cast<std::uint32_t>(whole));
      }
    }
  }

  void plan() {
    policy_->plan({clock_.mono(), fleet_, gslb::control::cluster_inputs(fleet_), demand_});
    next_plan_s_ = time_s_ + kPlanIntervalS;
    serving_.clear();
    for (std::size_t i = 0; i < clusters_; ++i) {
      serving_.push_back(fleet_.board()->serving_nodes(static_cast<std::uint16_t>(i)) != 0);
    }
  }

  void refresh_answers() {
    std::fill(answers_.begin(), answers_.end(), 0.0F);
    policy_->answer(*fleet_.board(), answers_);
    double total = 0;
    double moved = 0;
    for (std::size_t unit = 0; unit < demand_.size(); ++unit) {
      double change = 0;
      for (std::size_t i = unit * clusters_; i < (unit + 1) * clusters_; ++i) {
        change += std::abs(static_cast<double>(answers_[i] - sampled_[i])) / 2;
      }
      moved += change * demand_[unit];
      total += demand_[unit];
    }
    sampled_ = answers_;
    moved_ += moved / total;
  }

  void watch_death() {
    if (phase() != Phase::kDeath) { return; }
    bool named = false;
    for (std::size_t unit = 0; unit < demand_.size(); ++unit) {
      named |= demand_[unit] > 0 && answers_[unit * clusters_ + largest_] > 0;
    }
    const double since = time_s_ - start_of(Phase::kDeath);
    if (named) { result_.named_dead_s = since; }
    if (named && !serving_[largest_]) { ++result_.named_dead_after_detection_s; }
  }

  void account(const Shares& traffic) {
    const Phase now_phase = phase();
    PhaseFigures& figures = result_.phases[static_cast<std::size_t>(now_phase)];
    measure_load(traffic);
    double total = 0;
    double over = 0;
    for (std::size_t i = 0; i < clusters_; ++i) {
      total += load_[i];
      const double room = scene_.clusters[i].capacity / cold(i);
      over += alive_[i] ? std::max(0.0, load_[i] - room) : 0;
    }
    const double lost = alive_[largest_] ? 0 : load_[largest_];
    ++figures.steps;
    figures.over_share += over / total;
    figures.lost_share += lost / total;
    if (now_phase == Phase::kDeath && load_before_death_ > 0) {
      const double since = time_s_ - start_of(Phase::kDeath);
      const double left = load_[largest_] / load_before_death_;
      if (left <= 0.10 && result_.drain_10_s < 0) { result_.drain_10_s = since; }
      if (left <= 0.025 && result_.drain_2_5_s < 0) { result_.drain_2_5_s = since; }
    }
    over_sum_ += over / total;
    ++over_steps_;
    if (time_s_ >= next_sample_s_) { sample(traffic, figures); }
  }

  void sample(const Shares& traffic, PhaseFigures& figures) {
    next_sample_s_ = time_s_ + kSampleS;
    std::vector<std::pair<double, double>> penalties;  // ms, traffic
    double served = 0;
    double sum = 0;
    for (std::size_t unit = 0; unit < demand_.size(); ++unit) {
      for (std::size_t i = 0; i < clusters_; ++i) {
        const double here = demand_[unit] * static_cast<double>(traffic[unit * clusters_ + i]);
        if (here <= 0 || !alive_[i]) { continue; }
        const double penalty = scene_.units[unit].rtt_ms[i] - scene_.units[unit].best_ms;
        penalties.emplace_back(penalty, here);
        served += here;
        sum += here * penalty;
      }
    }
    std::sort(penalties.begin(), penalties.end());
    double below = 0;
    std::size_t at = 0;
    while (at + 1 < penalties.size() && (below += penalties[at].second) < 0.95 * served) { ++at; }
    ++samples_[static_cast<std::size_t>(phase())];
    figures.penalty_ms += sum / served;
    figures.penalty_p95_ms += penalties[at].first;
    figures.moved_per_min += moved_;
    result_.samples.push_back({time_s_, over_sum_ / over_steps_, sum / served, moved_});
    moved_ = over_sum_ = over_steps_ = 0;
  }

  void finish() {
    for (std::size_t i = 0; i < kPhases; ++i) {
      PhaseFigures& figures = result_.phases[i];
      const double steps = std::max(1.0, figures.steps);
      const double samples = std::max(1.0, samples_[i]);
      figures.over_share /= steps;
      figures.lost_share /= steps;
      figures.penalty_ms /= samples;
      figures.penalty_p95_ms /= samples;
      figures.moved_per_min /= samples;
    }
  }

  const Scene& scene_;
  RunOptions options_;
  std::mt19937_64 random_;
  gslb::FakeClock clock_;
  std::unique_ptr<Policy> policy_;
  gslb::fleet::FleetState fleet_;
  std::size_t clusters_;
  std::array<double, kPhases> phase_ends_{};
  double time_s_ = 0;
  double hour_ = 0;
  std::size_t largest_ = 0;
  std::size_t liar_ = 0;
  std::vector<bool> crowd_;  // by unit
  std::vector<bool> alive_;
  std::vector<double> back_at_;  // s
  std::vector<bool> serving_;
  std::vector<double> load_;     // requests a second, by cluster
  std::vector<double> demand_;   // by unit
  std::vector<double> queries_;  // due, by unit
  Shares answers_;
  Shares step_answers_;
  Shares sampled_;
  std::uint64_t sequence_ = 0;
  double next_plan_s_ = 0;
  double next_sample_s_ = 0;
  double load_before_death_ = 0;
  double moved_ = 0;
  double over_sum_ = 0;
  double over_steps_ = 0;
  std::array<double, kPhases> samples_{};
  RunResult result_;
};

}  // namespace

std::string_view to_string(Phase phase) { return kPhaseNames[static_cast<std::size_t>(phase)]; }

RunResult run(const Scene& scene, const Contender& contender, const RunOptions& options) {
  return Run(scene, contender, options).go();
}

}  // namespace bench::steering
