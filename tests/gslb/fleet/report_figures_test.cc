// What heartbeats say of the node itself.
#include <gtest/gtest.h>

#include "gslb/fleet/report.h"

namespace gslb::fleet {
namespace {

std::string with(const std::string& member) {
  return R"({"version":1,"cluster":"fra","node":"n","incarnation":1,"sequence":1,"state":"up",)"
         R"("interval_ms":1000,)" +
         member + "}";
}

ReportError refusal(const std::string& member) {
  const auto report = parse_report(with(member));
  EXPECT_FALSE(report.has_value()) << member;
  return report ? ReportError{} : report.error();
}

std::string host(const std::string& rest) {
  return R"("hosts":[{"hosts":"*.example.com",)" + rest + "}]";
}

Report full() {
  Report report;
  report.cluster = "fra";
  report.node = "n";
  report.figures.span_ms = 1000;
  report.figures.hosts = {{"*.video.example.com", 120, 100, 9'000'000, 8'000'000, 5'500},
                          {"*", 1, 0, 0, 0, 0}};
  report.figures.store = {100, 200, 300, 400, true};
  report.figures.conditions = {{"overloaded", "connections"}, {"disk", ""}};
  report.figures.siblings = {{"b", true}, {"c", false}};
  return report;
}

TEST(ReportFigures, ParsesWhatItWrites) {
  const auto read = parse_report(write_report(full()));
  ASSERT_TRUE(read.has_value()) << describe(read.error());
  const NodeFigures& figures = read->figures;
  EXPECT_EQ(figures.span_ms, 1000U);
  ASSERT_EQ(figures.hosts.size(), 2U);
  EXPECT_EQ(figures.hosts[0].hosts, "*.video.example.com");
  EXPECT_EQ(figures.hosts[0].requests, 120U);
  EXPECT_EQ(figures.hosts[0].hits, 100U);
  EXPECT_EQ(figures.hosts[0].octets, 9'000'000U);
  EXPECT_EQ(figures.hosts[0].hit_octets, 8'000'000U);
  EXPECT_EQ(figures.hosts[0].origin_us, 5'500U);
  EXPECT_EQ(figures.store.memory_octets, 100U);
  EXPECT_EQ(figures.store.memory_budget, 200U);
  EXPECT_EQ(figures.store.disk_octets, 300U);
  EXPECT_EQ(figures.store.disk_budget, 400U);
  EXPECT_TRUE(figures.store.disk_writable);
  EXPECT_EQ(figures.conditions, full().figures.conditions);
  ASSERT_EQ(figures.siblings.size(), 2U);
  EXPECT_EQ(figures.siblings[1].node, "c");
  EXPECT_FALSE(figures.siblings[1].up);
}

TEST(ReportFigures, AnEdgeThatSaysNothingOfThemIsHeard) {
  const auto read = parse_report(with(R"("reason":"")"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->figures.span_ms, 0U);
  EXPECT_TRUE(read->figures.hosts.empty());
  const std::string again = write_report(*read);
  for (const char* name : {"span_ms", "hosts", "store", "conditions", "siblings"}) {
    EXPECT_EQ(again.find(name), std::string::npos) << name;
  }
}

TEST(ReportFigures, UnknownKindsOfConditionsAreNoFault) {
  const auto read = parse_report(with(R"("conditions":[{"kind":"haunted"}])"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->figures.conditions[0].kind, "haunted");
}

TEST(ReportFigures, RefusesWhatCannotBe) {
  const std::string counts = R"("requests":1,"hits":1,"octets":1)";
  EXPECT_TRUE(parse_report(with(host(counts))).has_value());
  for (const std::string& member : {
           host(R"("requests":1,"hits":2,"octets":1)"),
           host(counts + R"(,"hit_octets":2)"),
           host(R"("requests":-1,"hits":0,"octets":1)"),
           R"("hosts":[{"hosts":"",)" + counts + "}]",
           R"("hosts":[{"hosts":"*.",)" + counts + "}]",
           R"("hosts":[{"hosts":"a b",)" + counts + "}]",
           R"("hosts":[{"hosts":"a.*.b",)" + counts + "}]",
           R"("hosts":[{"hosts":")" + std::string(300, 'a') + "\"," + counts + "}]",
           std::string(R"("conditions":[{"kind":"a b"}])"),
           R"("conditions":[{"kind":"a","detail":")" + std::string(129, 'd') + "\"}]",
           std::string(R"("siblings":[{"node":"","up":true}])"),
           std::string(R"("span_ms":9007199254740993)"),
       }) {
    EXPECT_EQ(refusal(member), ReportError::kOutOfRange) << member;
  }
  EXPECT_EQ(refusal(host(R"("hits":1,"octets":1)")), ReportError::kMissingField);
  EXPECT_EQ(refusal(R"("siblings":[{"node":"b","up":1}])"), ReportError::kWrongType);
  EXPECT_EQ(refusal(R"("store":[])"), ReportError::kWrongType);
}

TEST(ReportFigures, ListsAreBounded) {
  std::string list;
  for (std::size_t i = 0; i <= kMaxReportConditions; ++i) {
    list += std::string(i == 0 ? "" : ",") + R"({"kind":"a"})";
  }
  EXPECT_EQ(refusal("\"conditions\":[" + list + "]"), ReportError::kOutOfRange);
}

TEST(ReportFigures, WriterLeavesOutWhatTheParserWouldRefuse) {
  Report report = full();
  report.figures.hosts.front().hits = 1000;
  report.figures.hosts.resize(2 * kMaxReportHosts, {"*", 1, 1, 0, 0, 0});
  report.figures.conditions.push_back({"", "of nothing"});
  report.figures.conditions.push_back({"origin", std::string(1000, '\n')});
  report.figures.siblings.push_back({std::string(64, 's'), true});
  const auto read = parse_report(write_report(report));
  ASSERT_TRUE(read.has_value()) << describe(read.error());
  EXPECT_EQ(read->figures.hosts.size(), kMaxReportHosts);
  EXPECT_EQ(read->figures.hosts.front().hosts, "*");
  ASSERT_EQ(read->figures.conditions.size(), 3U);
  EXPECT_EQ(read->figures.conditions[2].detail, std::string(kMaxReportDetailOctets, '?'));
  EXPECT_EQ(read->figures.siblings.size(), 2U);
}

}  // namespace
}  // namespace gslb::fleet
