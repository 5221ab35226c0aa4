// The shipped planner, demand ledger, estimator and answer map, wired as the daemon wires them.
#include <cmath>
#include <random>

#include "gslb/measure/probes.h"

#include "bench/steering/policy.h"

namespace bench::steering {
namespace {

using gslb::steer::Row;

class Proxima final : public Policy {
 public:
  Proxima(const Scene& scene, gslb::MonoTime start, int probes)
      : scene_(scene),
        epoch_(scene.compiled, 1, start),
        random_(scene.options.seed + 4711),
        probes_(probes) {}

  void plan(const View& view) override {
    if (probes_ > 0 && plans_++ % kPlansPerMeasurement == 0) { measure(view); }
    map_ = gslb::control::make_plan(epoch_, view.inputs, {view.now, {}}).map;
  }

  // Names are spread evenly over the 256 hashes, so each interval between borders is one look-up.
  void answer(const gslb::fleet::HealthBoard& health, Shares& shares) const override {
    const std::size_t clusters = health.cluster_count();
    const std::size_t units = shares.size() / clusters;
    for (std::size_t unit = 0; unit < units; ++unit) {
      const auto index = static_cast<gslb::geo::UnitIndex>(unit);
      std::vector<std::uint8_t> starts = map_->row(0, index).thresholds;
      starts.insert(starts.begin(), 0);
      for (std::size_t i = 0; i < starts.size(); ++i) {
        const int end = i + 1 < starts.size() ? starts[i + 1] : 256;
        const auto choice = map_->choose(0, index, starts[i], health.view());
        const auto cluster =
            choice.cluster == gslb::fleet::kNoCluster ? choice.planned : choice.cluster;
        if (cluster == gslb::fleet::kNoCluster) { continue; }
        shares[unit * clusters + cluster] += static_cast<float>(end - starts[i]) / 256;
      }
    }
  }

  gslb::steer::DemandCounters* counters() override { return epoch_.demand.get(); }

 private:
  static constexpr int kPlansPerMeasurement = 4;

  // What edges see of the connections they have, and one more probe a unit while there are some.
  void measure(const View& view) {
    std::vector<gslb::control::TimedSample> samples;
    const gslb::WallTime now{
        std::chrono::duration_cast<gslb::WallTime::duration>(view.now.time_since_epoch())};
    const auto add = [&](std::size_t unit, std::size_t cluster) {
      const double noise = std::exp(0.05 * std::abs(normal_(random_)));
      samples.push_back({{static_cast<gslb::geo::UnitIndex>(unit),
                          static_cast<gslb::fleet::ClusterIndex>(cluster),
                          scene_.units[unit].rtt_ms[cluster] * noise, 1},
                         now});
    };
    const std::size_t clusters = scene_.clusters.size();
    if (map_) {
      Shares shares(scene_.units.size() * clusters, 0);
      answer(*view.fleet.board(), shares);
      for (std::size_t i = 0; i < shares.size(); ++i) {
        if (shares[i] > 0 && scene_.units[i / clusters].weight > 0) {
          add(i / clusters, i % clusters);
        }
      }
    }
    if (probes_sent_ < probes_) {
      ++probes_sent_;
      const auto table = epoch_.estimator.refresh(now);
      const std::size_t many = scene_.units.size();
      for (const auto& order :
           plan_probes(*table, view.demand, std::vector<bool>(clusters, true),
                       {.orders = many, .per_cluster = many, .least_gain_ms = 0})) {
        add(order.unit, order.cluster);
      }
    }
    gslb::control::learn(epoch_, samples, now);
  }

  const Scene& scene_;
  gslb::control::Epoch epoch_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  int probes_;
  int probes_sent_ = 0;
  int plans_ = 0;
  std::shared_ptr<const gslb::steer::AnswerMap> map_;
};

// `probes`: measurements a unit besides those of its connections; 0: it knows distances only.
template <int probes>
std::unique_ptr<Policy> make_proxima(const Scene& scene, gslb::MonoTime start) {
  return std::make_unique<Proxima>(scene, start, probes);
}

}  // namespace

std::vector<Contender> contenders() {
  std::vector<Contender> all = baselines();
  all.push_back({"unmeasured", "Proxima, by distance", make_proxima<0>});
  all.push_back({"proxima", "Proxima", make_proxima<3>});
  return all;
}

}  // namespace bench::steering
