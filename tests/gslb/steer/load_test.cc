// A tenant that costs more a request: planned for what it takes, where the configuration says so.
#include <gtest/gtest.h>

#include "gslb/steer/planner.h"

#include "tests/support/world.h"

namespace {

using namespace gslb::steer;

constexpr double kHeavy = 5;  // what a request of the heavy tenant really takes
constexpr std::size_t kPlaces = 8;

std::string config(double load) {
  std::string text = tests::text_of_zone("example.", "z");
  text += tests::text_of({.id = "near", .nodes = {"203.0.113.1"}});
  text += tests::text_of(
      {.id = "far", .nodes = {"203.0.113.2"}, .place = "latitude = 50\nlongitude = 60"});
  text += "[service.light]\n[service.heavy]\nload = " + std::to_string(load) + "\n";
  for (std::size_t i = 0; i < kPlaces; ++i) {
    text += "[[override]]\nprefix = '10.0." + std::to_string(i) + ".0/24'\nlatitude = 50\n" +
            "longitude = " + std::to_string(8 + 2 * i) + "\n";
  }
  return text;
}

// The daemon's loop without caches: what is planned is what is asked next.
class Tenants {
 public:
  explicit Tenants(double load)
      : world_(config(load),
               {{"z", "$ORIGIN example.\n@ 60 SOA ns. ns. 1 1 1 1 1\n@ 60 NS ns.\n"}}),
        planner_(world_.epoch->costs, *world_.epoch->compiled->services,
                 *world_.epoch->compiled->geo) {
    planner_.set_load_factor(0, 1.0 / 100);
    planner_.set_load_factor(1, 1.0 / 1000);
  }

  // Edges say what they served.
  void tell(double light, double heavy) {
    planner_.service_loads().learn({{{0, light, 1e3 * light}, {1, kHeavy * heavy, 1e3}}, 0},
                                   std::vector{light, heavy});
  }

  // Of each tenant so many requests a second in all; returns how full the near cluster then is.
  double plan(double light, double heavy) {
    const auto& geo = *world_.epoch->compiled->geo;
    const std::size_t units = geo.units().size();
    Demand demand{.expected = std::vector<double>(2 * units, 0), .recent = {}, .at = now_};
    for (std::size_t i = 0; i < kPlaces; ++i) {
      const std::string client = "10.0." + std::to_string(i) + ".1";
      const auto unit = geo.find(gslb::Address::parse(client).value()).unit;
      demand.expected[unit] = light / kPlaces;
      demand.expected[units + unit] = heavy / kPlaces;
    }
    demand.recent.assign(demand.expected.begin(), demand.expected.end());
    now_ += std::chrono::seconds(15);
    const Plan made = planner_.plan(demand, inputs_);
    std::array<double, 2> taken{};
    for (std::size_t row = 0; row < demand.expected.size(); ++row) {
      const Row planned = made.map->row(static_cast<ServiceIndex>(row / units),
                                        static_cast<gslb::geo::UnitIndex>(row % units));
      for (std::size_t rank = 0; rank <= planned.thresholds.size(); ++rank) {
        taken[planned.choices[rank]] +=
            demand.expected[row] * planned.share(rank) * (row < units ? 1 : kHeavy);
      }
    }
    inputs_[0].utilisation = taken[0] / 100;
    inputs_[1].utilisation = taken[1] / 1000;
    return inputs_[0].utilisation;
  }

 private:
  tests::World world_;
  Planner planner_;
  gslb::MonoTime now_ = gslb::MonoTime(std::chrono::hours(1));
  std::vector<ClusterInput> inputs_ =
      std::vector<ClusterInput>(2, {.serving = true, .has_capacity = true});
};

TEST(Load, ATenantThatCostsMoreIsPlannedForWhatItTakes) {
  Tenants told(kHeavy);
  Tenants untold(1);
  for (int i = 0; i < 120; ++i) {
    told.plan(60, 16);
    untold.plan(60, 16);
  }
  EXPECT_NEAR(told.plan(60, 16), 1, 0.04);
  EXPECT_NEAR(untold.plan(60, 16), 1, 0.1) << "the slow factor has learnt of it";
  // The heavy tenant's demand doubles, the other's falls: as many requests as before.
  const double at_once = told.plan(44, 32);
  EXPECT_LE(at_once, 1.04);
  EXPECT_GT(untold.plan(44, 32), at_once + 0.1) << "who isn't told finds out too late";
}

TEST(Load, ATenantThatEdgesTellOfNeedNotBeConfigured) {
  Tenants told(1);
  for (int i = 0; i < 400; ++i) {
    told.tell(60, 16);
    told.plan(60, 16);
  }
  EXPECT_NEAR(told.plan(60, 16), 1, 0.05);
  EXPECT_LE(told.plan(44, 32), 1.1) << "nearly as if configured";
}

}  // namespace
