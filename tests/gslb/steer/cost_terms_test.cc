// What service classes, delivery, the operator's cost file and the masks make of a cost.

#include <gtest/gtest.h>

#include "gslb/steer/cost.h"

#include "tests/support/folder.h"

namespace {

using namespace gslb::steer;
using gslb::geo::Unit;

const char* const kZone = "[[zone]]\nname = 'example.'\nfile = 'z'\n";

std::string cluster(const std::string& id, const std::string& more, const char* address) {
  return "[cluster." + id + "]\nlatitude = 52.5\nlongitude = 13.4\nhealth = 'none'\n" + more +
         "node = [{ id = 'a', " + address + " }]\n";
}
const char* const kV4 = "ipv4 = '192.0.2.1'";
const char* const kV6 = "ipv6 = '2001:db8::1'";

class Model {
 public:
  explicit Model(const std::string& text) {
    gslb::Problems problems;
    auto parsed = gslb::config::parse(kZone + text, "f", problems);
    if (!parsed) { throw std::runtime_error(problems.to_string()); }
    config = std::move(*parsed);
    services = compile_services(config, problems);
    model.emplace(config, *services);
  }
  // Of the first service.
  Cost operator()(const Unit& unit, gslb::fleet::ClusterIndex cluster,
                  std::optional<gslb::measure::RttEstimate> rtt = {}) const {
    return model->cost(0, unit, cluster, rtt);
  }

  gslb::config::Config config;
  std::shared_ptr<const ServiceTable> services;
  std::optional<CostModel> model;
};

Unit unit_of(const char* country, std::uint32_t asn = 0) {
  Unit unit;
  unit.asn = asn;
  unit.country = {country[0], country[1]};
  unit.has_place = true;
  unit.place = {52.5, 13.4};
  return unit;
}

constexpr gslb::measure::RttEstimate kTenMs{10, 0, gslb::measure::RttSource::kMeasured};

TEST(ServiceClass, CountsRoundTripsSizeAndMoney) {
  const std::string fleet = cluster("a", "cost_per_gb = 0.5\nbandwidth_mbps = 20\n", kV4);
  const Cost plain = Model(fleet + "[service.s]\n")(unit_of("DE"), 0, kTenMs);
  EXPECT_DOUBLE_EQ(plain.total_ms, 10 + 5) << "as ever: one round trip, money at 10 ms";
  EXPECT_EQ(plain.transfer_ms, 0);
  const Cost web = Model(fleet + "[service.s]\nclass = 'web'\n")(unit_of("DE"), 0, kTenMs);
  EXPECT_DOUBLE_EQ(web.total_ms, 4 * 10 + 100 * 8 / 20.0 + 5);
  const Cost video = Model(fleet + "[service.s]\nclass = 'video'\n")(unit_of("DE"), 0, kTenMs);
  EXPECT_DOUBLE_EQ(video.total_ms, 2 * 10 + 2000 * 8 / 20.0 + 50);
  const Cost own = Model(fleet + "[service.s]\nclass = 'video'\nobject_kb = 0\nms_per_cost = 0\n")(
      unit_of("DE"), 0, kTenMs);
  EXPECT_DOUBLE_EQ(own.total_ms, 2 * 10) << "keys beside the class count";
}

TEST(ServiceClass, LossCountsForLargeObjectsAndLongPaths) {
  const std::string fleet =
      cluster("clean", "", kV4) + cluster("lossy", "loss = 0.01\n", kV4) + "[service.s]\n";
  const Model api(fleet + "class = 'api'\n");
  const Model video(fleet + "class = 'video'\n");
  EXPECT_EQ(video(unit_of("DE"), 0, kTenMs).loss_ms, 0);
  // 2 MB are 1,370 segments; 12.2 a round trip.
  EXPECT_NEAR(video(unit_of("DE"), 1, kTenMs).loss_ms, 2e6 / 1460 / 12.2 * 10, 0.01);
  EXPECT_LT(api(unit_of("DE"), 1, kTenMs).loss_ms, 3);
  const gslb::measure::RttEstimate far{100, 0, gslb::measure::RttSource::kMeasured};
  EXPECT_NEAR(api(unit_of("DE"), 1, far).loss_ms, 10 * api(unit_of("DE"), 1, kTenMs).loss_ms, 1e-9);
}

TEST(ServiceClass, AMissCostsItsFillAsOftenAsThereIsOne) {
  const Model it(cluster("a", "hit_ratio = 0.9\nfill_ms = 150\n", kV4) + "[service.s]\n");
  EXPECT_NEAR(it(unit_of("DE"), 0, kTenMs).fill_ms, 15, 1e-9);
  EXPECT_NEAR(it(unit_of("DE"), 0, kTenMs).total_ms, 25, 1e-9);
}

TEST(ServiceClass, MeasuredLossStandsBeforeConfiguredOnceThePairHasShownIt) {
  using gslb::measure::LossSource;
  const Model it(cluster("plain", "", kV4) + cluster("told", "loss = 0.04\n", kV4) +
                 "[service.s]\nclass = 'video'\n");
  gslb::measure::RttEstimate estimate = kTenMs;
  const auto loss = [&](gslb::fleet::ClusterIndex to) {
    return it(unit_of("DE"), to, estimate).loss;
  };
  EXPECT_EQ(loss(0), 0);
  EXPECT_EQ(loss(1), 0.04);
  estimate.path = {.loss = 0.01, .loss_source = LossSource::kUnit};
  EXPECT_EQ(loss(0), 0.01);
  EXPECT_EQ(loss(1), 0.04) << "what the operator says of the cluster is more than a guess";
  estimate.path.loss_source = LossSource::kPair;
  EXPECT_EQ(loss(1), 0.01);
  estimate.path.loss = 0.9;
  EXPECT_EQ(loss(1), 0.5) << "the formula is none for more";
  EXPECT_EQ(it(unit_of("DE"), 1, estimate).loss_source, LossSource::kPair);
}

TEST(ServiceClass, AMeasuredHitRatioAndABrokenWayCount) {
  const Model it(cluster("a", "hit_ratio = 0.9\nfill_ms = 150\n", kV4) + "[service.s]\n");
  gslb::measure::RttEstimate estimate = kTenMs;
  estimate.path.hit_ratio = 0.5;
  EXPECT_NEAR(it(unit_of("DE"), 0, estimate).fill_ms, 75, 1e-9);
  EXPECT_TRUE(it(unit_of("DE"), 0, estimate).is_hit_ratio_measured);
  estimate.path.trouble_ms = 1500;
  EXPECT_NEAR(it(unit_of("DE"), 0, estimate).total_ms, 10 + 75 + 1500, 1e-9);
}

TEST(Policies, ThatAskForDistanceAloneDoNotSeeABrokenWay) {
  const Model it(cluster("a", "fill_ms = 150\n", kV4) + "[service.s]\npolicy = 'nearest'\n");
  gslb::measure::RttEstimate estimate = kTenMs;
  estimate.path = {.trouble_ms = 1500, .hit_ratio = 0.5};
  EXPECT_LT(it(unit_of("DE"), 0, estimate).total_ms, 20);
}

TEST(ServiceClass, TheNetworkNeverMakesUpForATier) {
  const Model it(cluster("bad", "tiers = ['gold']\nloss = 0.5\n", kV4) +
                 cluster("good", "tiers = ['bronze']\n", kV4) +
                 "[service.s]\nclass = 'video'\ntiers = ['gold', 'bronze']\n");
  const gslb::measure::RttEstimate far{60'000, 60'000, gslb::measure::RttSource::kMeasured};
  EXPECT_LT(it(unit_of("DE"), 0, far).total_ms, it(unit_of("DE"), 1, kTenMs).total_ms);
}

class CostFile : public testing::Test {
 protected:
  static Model with(const std::string& lines, const std::string& more = "") {
    const tests::Folder folder;
    const std::string path = folder.write("costs.csv", lines);
    return Model(cluster("a", "", kV4) + cluster("b", "", kV4) +
                 "[service.s]\n[steering]\ncost_file = '" + path + "'\n" + more);
  }
};

TEST_F(CostFile, TheMostExactLineHoldsForAPair) {
  const Model it = with("# ours\na,DE,12.5\na,AS64500,-3\nb,AS64500,7\n\na,192.0.2.0/24,40\r\n");
  EXPECT_DOUBLE_EQ(it(unit_of("DE"), 0, kTenMs).file_ms, 12.5);
  EXPECT_DOUBLE_EQ(it(unit_of("DE", 64500), 0, kTenMs).file_ms, -3);
  EXPECT_DOUBLE_EQ(it(unit_of("FR"), 0, kTenMs).file_ms, 0);
  EXPECT_DOUBLE_EQ(it(unit_of("DE"), 1, kTenMs).file_ms, 0);
  Unit own = unit_of("DE", 64500);
  own.override_index = 0;  // the prefix has made one
  ASSERT_EQ(it.config.overrides.size(), 1U);
  EXPECT_DOUBLE_EQ(it(own, 0, kTenMs).file_ms, 40);
  EXPECT_DOUBLE_EQ(it(own, 1, kTenMs).file_ms, 7) << "of this cluster the file says so much";
  EXPECT_DOUBLE_EQ(it(own, 0, kTenMs).total_ms, 50);
}

TEST_F(CostFile, AnOverrideAroundAPrefixStillHoldsInIt) {
  const Model it = with("a,192.0.2.0/25,40\na,192.0.0.0/8,1\n",
                        "[[override]]\nprefix = '192.0.2.0/24'\nprefer = 'b'\n");
  ASSERT_EQ(it.config.overrides.size(), 3U);
  Unit inside = unit_of("DE");
  inside.override_index = 1;
  EXPECT_DOUBLE_EQ(it(inside, 0, kTenMs).file_ms, 40);
  EXPECT_LT(it(inside, 1, kTenMs).prefer_ms, 0);
  inside.override_index = 0;  // the rest of the /24
  EXPECT_DOUBLE_EQ(it(inside, 0, kTenMs).file_ms, 1);
}

TEST_F(CostFile, SaysWhichLineIsWrong) {
  const auto said = [](const std::string& line) {
    try {
      with("a,DE,1\n" + line + "\n");
    } catch (const std::runtime_error& problem) {
      const std::string text = problem.what();
      const std::size_t at = text.find(".csv:2:1: error: the line ");
      return at == std::string::npos ? text : text.substr(at + 26, 24);
    }
    return std::string("nothing");
  };
  EXPECT_EQ(said("c,DE,1"), "names no cluster: 'c' (s");
  EXPECT_EQ(said("a,DE"), "is not cluster,client,ms");
  EXPECT_EQ(said("a,DE,1001"), "has '1001' for ms, not a");
  EXPECT_EQ(said("a,DE,nan"), "has 'nan' for ms, not a ");
  EXPECT_EQ(said("a,DE,1x"), "has '1x' for ms, not a n");
  EXPECT_EQ(said("a,Germany,1"), "has 'Germany' for the cl");
  EXPECT_EQ(said("a,ASx,1"), "has 'ASx' for the client");
  EXPECT_EQ(said("a,192.0.2.1/24,1"), "has '192.0.2.1/24' for t");
}

TEST(Masks, GeofencesGoByCountryAndContinent) {
  const Model it(cluster("eu", "only_continents = ['EU']\nnot_countries = ['RU']\n", kV4) +
                 cluster("ch", "only_countries = ['CH', 'US']\n", kV4) +
                 cluster("rest", "not_continents = ['EU']\n", kV4) + "[service.s]\n");
  const auto masks = [&](const char* country) {
    std::string out;
    for (gslb::fleet::ClusterIndex i = 0; i < 3; ++i) {
      const Mask mask = it(unit_of(country), i).mask;
      out += mask == Mask::kNone ? '+' : (mask == Mask::kGeofence ? '-' : '?');
    }
    return out;
  };
  EXPECT_EQ(masks("DE"), "+--");
  EXPECT_EQ(masks("CH"), "++-");
  EXPECT_EQ(masks("RU"), "---");
  EXPECT_EQ(masks("US"), "-++");
  EXPECT_EQ(masks("\0\0"), "--+") << "an unknown country is in no list";
  EXPECT_EQ(to_string(Mask::kGeofence), "geofence");
}

TEST(Masks, CapabilitiesFamiliesAndWhereClustersAre) {
  const std::string fleet = cluster("a", "country = 'DE'\ncapabilities = ['drm', 'h3']\n", kV4) +
                            cluster("b", "country = 'US'\ncapabilities = ['h3']\n", kV6);
  const auto masks = [&](const std::string& service) {
    const Model it(fleet + "[service.s]\n" + service);
    return std::string(to_string(it(unit_of("DE"), 0).mask)) + '/' +
           std::string(to_string(it(unit_of("DE"), 1).mask));
  };
  EXPECT_EQ(masks("needs = ['h3']\n"), "/");
  EXPECT_EQ(masks("needs = ['h3', 'drm']\n"), "/capability");
  EXPECT_EQ(masks("needs_family = 'ipv4'\n"), "/family");
  EXPECT_EQ(masks("needs_family = 'ipv6'\n"), "family/");
  EXPECT_EQ(masks("needs_family = 'both'\n"), "family/family");
  EXPECT_EQ(masks("cluster_countries = ['US', 'CA']\n"), "cluster-country/");
  EXPECT_EQ(masks("on_net_only = true\n"), "on-net-only/on-net-only");
  EXPECT_THROW(masks("needs = ['h4']\n"), std::runtime_error);
}

}  // namespace
