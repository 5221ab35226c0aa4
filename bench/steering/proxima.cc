// The shipped planner, demand ledger and answer map, wired as the daemon wires them.
#include "bench/steering/policy.h"

namespace bench::steering {
namespace {

using gslb::steer::Row;

class Proxima final : public Policy {
 public:
  Proxima(const Scene& scene, gslb::MonoTime start) : epoch_(scene.compiled, 1, start) {}

  void plan(const View& view) override {
    map_ = gslb::control::make_plan(epoch_, view.inputs, view.now).map;
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
        const auto choice = map_->choose(0, index, starts[i], health);
        const auto cluster =
            choice.cluster == gslb::fleet::kNoCluster ? choice.planned : choice.cluster;
        if (cluster == gslb::fleet::kNoCluster) { continue; }
        shares[unit * clusters + cluster] += static_cast<float>(end - starts[i]) / 256;
      }
    }
  }

  gslb::steer::DemandCounters* counters() override { return epoch_.demand.get(); }

 private:
  gslb::control::Epoch epoch_;
  std::shared_ptr<const gslb::steer::AnswerMap> map_;
};

}  // namespace

std::unique_ptr<Policy> make_proxima(const Scene& scene, gslb::MonoTime start) {
  return std::make_unique<Proxima>(scene, start);
}

std::vector<Contender> contenders() {
  std::vector<Contender> all = baselines();
  all.push_back({"proxima", "Proxima", make_proxima});
  return all;
}

}  // namespace bench::steering
