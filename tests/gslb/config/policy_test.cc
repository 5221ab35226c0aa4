// What the loader says of policies, pools, maps and hours that can't be meant.
#include <gtest/gtest.h>

#include "gslb/config/config.h"

namespace gslb::config {
namespace {

const char* const kBase = R"([[zone]]
name = "example."
file = "z"
[cluster.fra]
latitude = 1
longitude = 1
health = "none"
node = [{ id = "a", ipv4 = "192.0.2.1" }]
)";

// The problems of what is added, from "error" on, without their places.
std::string said(const std::string& text) {
  Problems problems;
  parse(kBase + text, "f", problems);
  std::string out;
  for (const Problem& problem : problems.list()) {
    out += problem.what + (problem.hint.empty() ? "" : " (" + problem.hint + ")") + '\n';
  }
  return out;
}

TEST(PolicyConfig, TakesEveryPolicy) {
  EXPECT_EQ(said(R"(
[pool.p]
clusters = "fra"
policy = "weighted"
weights = { fra = 2.5 }
[map.m]
default = ["p", "fra"]
[map.m.continent]
EU = "p"
[map.m.country]
DE = ["p"]
[map.m.subdivision]
DE-BE = ["p"]
GB-ENG = "fra"
SE-M = "fra"
[map.m.asn]
64500 = "fra"
[service.a]
policy = "geo"
map = "m"
[[service.a.scheduled]]
days = ["mon", "fri"]
from = "08:00"
to = "18:00"
utc_offset = "-03:30"
policy = "failover"
pools = ["p"]
[service.b]
policy = "nearest"
obey_capacity = true
[service.c]
policy = "sticky"
weights = { fra = 1 }
)"),
            "");
}

TEST(PolicyConfig, NamesWhatIsUnknown) {
  EXPECT_EQ(said("[service.a]\npolicy = 'fastest'\n").substr(0, 37),
            "'policy' is \"fastest\", not one of lat");
  EXPECT_EQ(said("[service.a]\npools = ['frq']\n"),
            "unknown pool or cluster 'frq' (did you mean 'fra'?)\n");
  EXPECT_EQ(said("[service.a]\npolicy = 'geo'\nmap = 'm'\n"),
            "unknown map 'm' (there is none in this file)\n");
  EXPECT_EQ(said("[service.a]\npolicy = 'weighted'\nweights = { frq = 1 }\n"),
            "unknown cluster 'frq' (did you mean 'fra'?)\n");
  EXPECT_EQ(said("[map.m]\ndefault = 'fra'\n[map.m.continent]\nXX = 'fra'\n"),
            "'XX' is not a continent (AF, AN, AS, EU, NA, OC or SA)\n");
  for (const std::string bad : {"US", "US-", "US-ca", "US-CALI", "USA-CA", "ZZ-", "us-CA"}) {
    EXPECT_EQ(
        said("[map.m]\ndefault = 'fra'\n[map.m.subdivision]\n" + bad + " = 'fra'\n"),
        "'" + bad + "' is not a subdivision of a country (a code of ISO 3166-2, such as US-CA)\n");
  }
  EXPECT_EQ(said("[map.m]\ndefault = 'fra'\n[map.m.asn]\nAS1 = 'fra'\n"),
            "'AS1' is not an ASN (1 to 4294967295)\n");
}

TEST(PolicyConfig, RefusesKeysThatWouldNotCount) {
  EXPECT_EQ(
      said("[service.a]\nweights = { fra = 1 }\n"),
      "'weights' is set but not used (they count with policy = \"weighted\" and \"sticky\")\n");
  EXPECT_EQ(said("[service.a]\npolicy = 'geo'\n"), "policy = \"geo\" needs 'map', a [map.ID]\n");
  EXPECT_EQ(said("[map.m]\ndefault = 'fra'\n[service.a]\nmap = 'm'\n"),
            "'map' is set but not used (set policy = \"geo\", or leave it out)\n");
  EXPECT_EQ(
      said("[service.a]\npolicy = 'round_robin'\nobey_capacity = true\n"),
      "policy \"round_robin\" goes by weights, not by capacity (leave it out, or use latency, "
      "nearest or failover)\n");
  EXPECT_EQ(said("[pool.fra]\nclusters = 'fra'\n"),
            "there is a cluster 'fra' as well (lists name pools and clusters alike: call the pool "
            "something else)\n");
  EXPECT_EQ(said("[pool.p]\n"), "pool 'p' has no 'clusters'\n");
  EXPECT_EQ(said("[map.m]\n"),
            "map 'm' has no 'default' (the pools of clients that no other entry is for)\n");
}

TEST(ServiceConfig, TheUsualTtlLiesBetweenTheOthers) {
  EXPECT_EQ(said("[service.a]\nttl = 60\nttl_min = 20\nttl_max = '5m'\n"), "");
  for (const char* range : {"ttl_min = 61\n", "ttl_max = 59\n"}) {
    EXPECT_EQ(said(std::string("[service.a]\nttl = 60\n") + range),
              "'ttl' is not between 'ttl_min' and 'ttl_max' ('ttl' is 60 s)\n");
  }
}

TEST(PolicyConfig, RefusesWindowsThatNeverHoldOrChangeNothing) {
  const std::string window = "[service.a]\n[[service.a.scheduled]]\n";
  EXPECT_EQ(said(window + "from = '08:00'\nto = '09:00'\n"),
            "the window changes nothing (set policy, pools, weights, map or obey_capacity)\n");
  EXPECT_EQ(said(window + "pools = 'fra'\nfrom = '08:00'\nto = '08:00'\n"),
            "the window is empty (from \"00:00\" to \"24:00\" is the whole day)\n");
  EXPECT_EQ(said(window + "pools = 'fra'\nfrom = '8:00'\n"),
            "'from' is \"8:00\", not a time of day (\"00:00\" to \"24:00\")\n");
  EXPECT_EQ(said(window + "pools = 'fra'\nto = '24:01'\n"),
            "'to' is \"24:01\", not a time of day (\"00:00\" to \"24:00\")\n");
  EXPECT_EQ(said(window + "pools = 'fra'\nutc_offset = 'CET'\n"),
            "'utc_offset' is \"CET\", not an offset from UTC (such as \"+01:00\"; it is fixed: "
            "summer time needs windows of its own)\n");
  EXPECT_EQ(said(window + "pools = 'fra'\ndays = 'monday'\n").substr(0, 20),
            "unknown day 'monday'");
}

}  // namespace
}  // namespace gslb::config
