// What others do, in their own terms and with what they would be told or more: latency-only,
// on/off, shedding, stable allocation and the optimum know the true RTT, the latter two also true
// demand and capacity.
#include <algorithm>
#include <numeric>

#include "gslb/steer/assign.h"

#include "bench/steering/policy.h"

namespace bench::steering {
namespace {

using gslb::fleet::HealthBoard;

// Each unit's clusters, best first.
using Orders = std::vector<std::vector<std::uint16_t>>;

Orders order_by(const Scene& scene, const std::function<double(std::size_t, std::size_t)>& cost) {
  Orders orders(scene.units.size());
  for (std::size_t unit = 0; unit < orders.size(); ++unit) {
    orders[unit].resize(scene.clusters.size());
    std::iota(orders[unit].begin(), orders[unit].end(), 0);
    std::stable_sort(orders[unit].begin(), orders[unit].end(),
                     [&](std::size_t a, std::size_t b) { return cost(unit, a) < cost(unit, b); });
  }
  return orders;
}

Orders by_distance(const Scene& scene) {
  const auto& clusters = scene.compiled->config.clusters;
  return order_by(scene, [&](std::size_t unit, std::size_t cluster) {
    return gslb::geo::distance_km(scene.claimed[unit],
                                  {clusters[cluster].latitude, clusters[cluster].longitude});
  });
}

Orders by_rtt(const Scene& scene) {
  return order_by(scene, [&](std::size_t unit, std::size_t cluster) {
    return scene.units[unit].rtt_ms[cluster];
  });
}

// Base of all here: a part of each cluster's traffic is refused, and goes to the next in order.
class Ordered : public Policy {
 public:
  Ordered(Orders orders, std::size_t clusters)
      : orders_(std::move(orders)), clusters_(clusters), refused_(clusters, 0) {}

  void plan(const View&) override {}

  void answer(const HealthBoard& health, Shares& shares) const override {
    for (std::size_t unit = 0; unit < orders_.size(); ++unit) {
      double left = 1;
      std::uint16_t first = gslb::fleet::kNoCluster;
      for (const std::uint16_t cluster : orders_[unit]) {
        if (health.serving_nodes(cluster) == 0) { continue; }
        if (first == gslb::fleet::kNoCluster) { first = cluster; }
        const double taken = left * (1 - refused_[cluster]);
        shares[unit * clusters_ + cluster] += static_cast<float>(taken);
        left -= taken;
        if (left <= 0) { break; }
      }
      if (left > 0 && first != gslb::fleet::kNoCluster) {
        shares[unit * clusters_ + first] += static_cast<float>(left);
      }
    }
  }

 protected:
  Orders orders_;
  std::size_t clusters_;
  std::vector<double> refused_;  // share, by cluster
};

class OnOff final : public Ordered {
 public:
  using Ordered::Ordered;
  void plan(const View& view) override {
    for (std::size_t i = 0; i < clusters_; ++i) {
      const double use = view.inputs[i].utilisation * kTargetOfMax;
      if (use > 1) { refused_[i] = 1; }
      if (use < 0.8) { refused_[i] = 0; }
    }
  }
};

// FastRoute (Flavel et al., NSDI 2015): each proxy sheds a share of its names to the next layer,
// more while it is loaded, less when it isn't.
class Shedding final : public Ordered {
 public:
  using Ordered::Ordered;
  void plan(const View& view) override {
    for (std::size_t i = 0; i < clusters_; ++i) {
      const double use = view.inputs[i].utilisation * kTargetOfMax;
      if (use > 0.9) { refused_[i] = std::min(1.0, refused_[i] + 0.1 * (use - 0.85) / 0.1); }
      if (use < 0.8) { refused_[i] = std::max(0.0, refused_[i] - 0.02); }
    }
  }
};

// Weighted round robin: capacities as configured, over the five nearest by distance.
class Weighted final : public Policy {
 public:
  explicit Weighted(const Scene& scene) : orders_(by_distance(scene)) {
    for (const auto& cluster : scene.compiled->config.clusters) {
      weights_.push_back(cluster.capacity.front().target);
    }
  }
  void plan(const View&) override {}
  void answer(const HealthBoard& health, Shares& shares) const override {
    constexpr std::size_t kNearest = 5;
    for (std::size_t unit = 0; unit < orders_.size(); ++unit) {
      std::vector<std::uint16_t> pool;
      double total = 0;
      for (const std::uint16_t cluster : orders_[unit]) {
        if (health.serving_nodes(cluster) == 0 || pool.size() == kNearest) { continue; }
        pool.push_back(cluster);
        total += weights_[cluster];
      }
      for (const std::uint16_t cluster : pool) {
        shares[unit * weights_.size() + cluster] = static_cast<float>(weights_[cluster] / total);
      }
    }
  }

 private:
  Orders orders_;
  std::vector<double> weights_;
};

// Deferred acceptance (Maggs and Sitaraman, CCR 2015): units propose in their order of RTT, a full
// cluster keeps those who are nearest to it.
class Stable final : public Policy {
 public:
  explicit Stable(const Scene& scene) : scene_(scene), orders_(by_rtt(scene)) {}

  void plan(const View& view) override {
    const std::size_t clusters = scene_.clusters.size();
    held_.assign(clusters, {});
    std::vector<double> load(clusters, 0);
    std::vector<std::size_t> next(orders_.size(), 0);
    std::vector<Share> proposing;
    for (std::uint32_t unit = 0; unit < orders_.size(); ++unit) {
      if (view.demand[unit] > 0) { proposing.push_back({unit, view.demand[unit]}); }
    }
    while (!proposing.empty()) {
      const Share share = proposing.back();
      proposing.pop_back();
      std::size_t& at = next[share.unit];
      while (at < clusters && !view.inputs[orders_[share.unit][at]].serving) { ++at; }
      if (at == clusters) { continue; }  // nobody has room: stays unassigned
      const std::uint16_t cluster = orders_[share.unit][at];
      held_[cluster].push_back(share);
      load[cluster] += share.demand;
      refuse_excess(cluster, load[cluster], proposing, next);
    }
  }

  void answer(const HealthBoard& health, Shares& shares) const override {
    const std::size_t clusters = held_.size();
    std::vector<double> given(orders_.size(), 0);
    for (std::size_t cluster = 0; cluster < clusters; ++cluster) {
      if (health.serving_nodes(static_cast<std::uint16_t>(cluster)) == 0) { continue; }
      for (const Share& share : held_[cluster]) {
        shares[share.unit * clusters + cluster] += static_cast<float>(share.demand);
        given[share.unit] += share.demand;
      }
    }
    for (std::size_t unit = 0; unit < given.size(); ++unit) {
      if (given[unit] <= 0) {
        for (const std::uint16_t cluster : orders_[unit]) {
          if (health.serving_nodes(cluster) == 0) { continue; }
          shares[unit * clusters + cluster] = 1;
          break;
        }
        continue;
      }
      for (std::size_t i = 0; i < clusters; ++i) {
        shares[unit * clusters + i] /= static_cast<float>(given[unit]);
      }
    }
  }

 private:
  struct Share {
    std::uint32_t unit;
    double demand;
  };

  void refuse_excess(std::uint16_t cluster, double& load, std::vector<Share>& proposing,
                     std::vector<std::size_t>& next) {
    const double room = scene_.clusters[cluster].capacity * kTargetOfMax;
    std::vector<Share>& held = held_[cluster];
    while (load > room * (1 + 1e-9) && !held.empty()) {
      const auto worst = std::max_element(held.begin(), held.end(), [&](auto& a, auto& b) {
        return scene_.units[a.unit].rtt_ms[cluster] < scene_.units[b.unit].rtt_ms[cluster];
      });
      const double refused = std::min(worst->demand, load - room);
      // What it is refused here it proposes from the cluster after this one in its order.
      const auto& order = orders_[worst->unit];
      const auto rank =
          static_cast<std::size_t>(std::find(order.begin(), order.end(), cluster) - order.begin());
      next[worst->unit] = std::max(next[worst->unit], rank + 1);
      proposing.push_back({worst->unit, refused});
      load -= refused;
      worst->demand -= refused;
      if (worst->demand <= 1e-9) { held.erase(worst); }
    }
  }

  const Scene& scene_;
  Orders orders_;
  std::vector<std::vector<Share>> held_;  // by cluster
};

// What nobody can do better at a moment: the transportation problem, told the true RTT, demand and
// capacity, whatever it moves.  The solver is the shipped one; `--gap` shows that it is exact.
class Optimum final : public Policy {
 public:
  explicit Optimum(const Scene& scene) : scene_(scene), orders_(by_rtt(scene)) {}

  void plan(const View& view) override {
    std::vector<gslb::steer::Candidate> candidates;
    std::vector<std::uint32_t> offsets = {0};
    for (std::size_t unit = 0; unit < orders_.size(); ++unit) {
      for (const std::uint16_t cluster : orders_[unit]) {
        if (!view.inputs[cluster].serving) { continue; }
        const double rtt_ms = scene_.units[unit].rtt_ms[cluster];
        candidates.push_back({cluster, static_cast<float>(rtt_ms)});
      }
      offsets.push_back(static_cast<std::uint32_t>(candidates.size()));
    }
    std::vector<double> capacity;
    for (const ClusterTruth& cluster : scene_.clusters) {
      capacity.push_back(cluster.capacity * kTargetOfMax);
    }
    rows_ = gslb::steer::assign({candidates, offsets, view.demand, capacity}).rows;
  }

  void answer(const HealthBoard& health, Shares& shares) const override {
    const std::size_t clusters = scene_.clusters.size();
    for (std::size_t unit = 0; unit < rows_.size(); ++unit) {
      for (std::size_t i = 0; i < rows_[unit].count; ++i) {
        const gslb::steer::Share& share = rows_[unit].shares[i];
        shares[unit * clusters + living(health, unit, share.cluster)] +=
            static_cast<float>(share.fraction);
      }
    }
  }

 private:
  // The cluster, or when it is dead the nearest one that is not.
  std::uint16_t living(const HealthBoard& health, std::size_t unit, std::uint16_t cluster) const {
    if (health.serving_nodes(cluster) != 0) { return cluster; }
    const auto& order = orders_[unit];
    const auto other = std::find_if(order.begin(), order.end(), [&](std::uint16_t each) {
      return health.serving_nodes(each) != 0;
    });
    return other == order.end() ? cluster : *other;
  }

  const Scene& scene_;
  Orders orders_;
  std::vector<gslb::steer::Assigned> rows_;
};

template <typename Kind>
MakePolicy ordered(Orders (*order)(const Scene&)) {
  return [order](const Scene& scene, gslb::MonoTime) {
    return std::make_unique<Kind>(order(scene), scene.clusters.size());
  };
}

template <typename Kind>
std::unique_ptr<Policy> make(const Scene& scene, gslb::MonoTime) {
  return std::make_unique<Kind>(scene);
}

}  // namespace

std::vector<Contender> baselines() {
  return {{"distance", "nearest by distance", ordered<Ordered>(by_distance)},
          {"latency", "latency only", ordered<Ordered>(by_rtt)},
          {"weighted", "capacity-weighted", make<Weighted>},
          {"onoff", "on/off overload", ordered<OnOff>(by_rtt)},
          {"fastroute", "shedding (FastRoute)", ordered<Shedding>(by_rtt)},
          {"stable", "stable allocation", make<Stable>},
          {"optimum", "optimum, told the truth", make<Optimum>}};
}

}  // namespace bench::steering
