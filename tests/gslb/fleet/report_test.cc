#include "gslb/fleet/report.h"

#include <limits>

#include <gtest/gtest.h>

namespace gslb::fleet {
namespace {

Report sample_report() {
  Report report;
  report.cluster = "fra";
  report.node = "node-1";
  report.incarnation = 1'790'000'000'000;
  report.sequence = 42;
  report.interval_ms = 250;
  report.load = {{"requests_per_s", 120.5, 800, 1000}, {"connections", 7, 0, 0}};
  report.rtt = {{*Prefix::parse("198.51.100.0/24"), 12'500, 3}};
  return report;
}

// `member` replaced by `value` (JSON text) in an otherwise good report.
std::string with(const std::string& member, const std::string& value) {
  const std::pair<const char*, const char*> members[] = {
      {"version", "1"},       {"cluster", R"("fra")"}, {"node", R"("node-1")"},
      {"incarnation", "5"},   {"sequence", "42"},      {"state", R"("up")"},
      {"interval_ms", "250"}, {"reason", R"("")"},     {"load", "[]"},
      {"rtt", "[]"}};
  std::string text;
  for (const auto& [name, usual] : members) {
    const std::string& shown = name == member ? value : usual;
    if (shown.empty()) { continue; }  // left out
    text += (text.empty() ? "{\"" : ",\"") + std::string(name) + "\":" + shown;
  }
  return text + "}";
}

ReportError refusal(const std::string& body) {
  const auto report = parse_report(body);
  EXPECT_FALSE(report.has_value()) << body;
  return report ? ReportError{} : report.error();
}

TEST(Report, WrittenFormIsTheSpecifiedOne) {
  EXPECT_EQ(write_report(sample_report()),
            R"({"version":1,"cluster":"fra","node":"node-1","incarnation":1790000000000,)"
            R"("sequence":42,"state":"up","reason":"","interval_ms":250,)"
            R"("load":[{"resource":"requests_per_s","current":1.205E2,"target":800,"max":1000},)"
            R"({"resource":"connections","current":7}],)"
            R"("rtt":[{"client":"198.51.100.0/24","rtt_us":12500,"count":3}]})");
}

TEST(Report, ParsesWhatItWrites) {
  Report report = sample_report();
  report.state = NodeState::kDraining;
  report.reason = "disk \"sdb\" fails";
  report.rtt.push_back({*Prefix::parse("2001:db8:1::/48"), 80'000, 1});
  const auto read = parse_report(write_report(report));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->cluster, "fra");
  EXPECT_EQ(read->node, "node-1");
  EXPECT_EQ(read->incarnation, 1'790'000'000'000U);
  EXPECT_EQ(read->sequence, 42U);
  EXPECT_EQ(read->state, NodeState::kDraining);
  EXPECT_EQ(read->reason, report.reason);
  EXPECT_EQ(read->interval_ms, 250U);
  ASSERT_EQ(read->load.size(), 2U);
  EXPECT_EQ(read->load[0].resource, "requests_per_s");
  EXPECT_EQ(read->load[0].current, 120.5);
  EXPECT_EQ(read->load[0].max, 1000);
  EXPECT_EQ(read->load[1].target, 0);
  ASSERT_EQ(read->rtt.size(), 2U);
  EXPECT_EQ(read->rtt[1].client.to_string(), "2001:db8:1::/48");
  EXPECT_EQ(read->rtt[1].rtt_us, 80'000U);
  EXPECT_EQ(write_report(*read), write_report(report));
}

TEST(Report, WriterLeavesOutWhatTheParserWouldRefuse) {
  Report report = sample_report();
  report.reason = "bad \xff\n" + std::string(1000, 'x');
  report.load.push_back({"broken", std::numeric_limits<double>::quiet_NaN(), 0, 0});
  report.load.push_back({"negative", -1, 0, 0});
  report.load.push_back({"huge", 1e300, 0, 0});
  report.rtt.push_back({*Prefix::parse("192.0.2.1/32"), 100, 1});
  report.rtt.push_back({*Prefix::parse("192.0.2.0/24"), 0, 1});
  report.rtt.resize(3 * kMaxReportRttSamples, sample_report().rtt[0]);
  const auto read = parse_report(write_report(report));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->load.size(), 2U);
  EXPECT_EQ(read->rtt.size(), kMaxReportRttSamples);
  EXPECT_EQ(read->reason.size(), kMaxReportReasonOctets);
  EXPECT_EQ(read->reason.substr(0, 7), "bad ??x");
}

TEST(Report, OptionalMembersMayBeAbsentAndUnknownOnesAreIgnored) {
  EXPECT_TRUE(parse_report(with("reason", "")).has_value());
  EXPECT_TRUE(parse_report(with("load", "")).has_value());
  EXPECT_TRUE(parse_report(with("rtt", "")).has_value());
  EXPECT_TRUE(parse_report(with("load", R"([],"disk":{"free":0.9})")).has_value());
}

TEST(Report, RefusesEachMissingRequiredMember) {
  for (const char* name :
       {"version", "cluster", "node", "incarnation", "sequence", "state", "interval_ms"}) {
    EXPECT_EQ(refusal(with(name, "")), ReportError::kMissingField) << name;
  }
}

TEST(Report, RefusesOtherVersionsBeforeLookingAtTheRest) {
  EXPECT_EQ(refusal(with("version", "2")), ReportError::kVersion);
  EXPECT_EQ(refusal(R"({"version":2})"), ReportError::kVersion);
}

TEST(Report, RefusesWrongTypes) {
  EXPECT_EQ(refusal("[]"), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("version", "\"1\"")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("cluster", "1")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("sequence", "1.5")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("sequence", "1e3")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("state", "true")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("reason", "null")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("load", "{}")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("load", "[1]")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("load", R"([{"resource":"a","current":"1"}])")), ReportError::kWrongType);
  EXPECT_EQ(refusal(with("rtt", "[[]]")), ReportError::kWrongType);
}

TEST(Report, RefusesValuesOutOfRange) {
  EXPECT_EQ(refusal(with("cluster", R"("")")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("cluster", R"("fra/x")")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("node", '"' + std::string(64, 'n') + '"')), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("incarnation", "-1")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("sequence", "9007199254740992")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("sequence", "18446744073709551615")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("state", R"("sleepy")")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("interval_ms", "0")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("interval_ms", "3600001")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with("reason", '"' + std::string(257, 'r') + '"')), ReportError::kOutOfRange);
}

TEST(Report, RefusesBadLoads) {
  const auto load = [](const std::string& entry) { return with("load", "[" + entry + "]"); };
  EXPECT_EQ(refusal(load(R"({"resource":"a","current":-1})")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(load(R"({"resource":"a","current":1e999})")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(load(R"({"resource":"","current":1})")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(load(R"({"current":1})")), ReportError::kMissingField);
  EXPECT_EQ(refusal(load(R"({"resource":"a","current":1},{"resource":"a","current":1})")),
            ReportError::kOutOfRange);
  std::string many;
  for (std::size_t i = 0; i <= kMaxReportResources; ++i) {
    many += (i == 0 ? "" : ",") + (R"({"resource":"r)" + std::to_string(i)) + R"(","current":1})";
  }
  EXPECT_EQ(refusal(load(many)), ReportError::kOutOfRange);
}

TEST(Report, RefusesBadRttSamples) {
  const auto rtt = [](const std::string& client, const std::string& rtt_us) {
    return with("rtt", R"([{"client":")" + client + R"(","count":1,"rtt_us":)" + rtt_us + "}]");
  };
  EXPECT_TRUE(parse_report(rtt("192.0.2.0/24", "1")).has_value());
  EXPECT_EQ(refusal(rtt("192.0.2.0/25", "1")), ReportError::kOutOfRange);   // names a customer
  EXPECT_EQ(refusal(rtt("192.0.2.1/24", "1")), ReportError::kOutOfRange);   // host bits
  EXPECT_EQ(refusal(rtt("2001:db8::/49", "1")), ReportError::kOutOfRange);  // over /48
  EXPECT_EQ(refusal(rtt("0.0.0.0/0", "1")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(rtt("here", "1")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(rtt("192.0.2.0/24", "0")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(rtt("192.0.2.0/24", "60000001")), ReportError::kOutOfRange);
}

TEST(Report, RefusesWhatIsNotJson) {
  for (const char* body : {"", "{", "{}x", "\xff", "{\"a\":\"\xff\"}", "NaN", "{\"a\":1,}"}) {
    EXPECT_EQ(refusal(body), ReportError::kNotJson) << body;
  }
  EXPECT_EQ(refusal(with("load", std::string(100, '['))), ReportError::kNotJson);  // too deep
}

TEST(Report, RefusesBodiesOverTheLimitUnread) {
  EXPECT_EQ(refusal(std::string(kMaxReportOctets + 1, ' ')), ReportError::kTooLong);
  EXPECT_EQ(refusal(std::string(kMaxReportOctets, ' ')), ReportError::kNotJson);
}

}  // namespace
}  // namespace gslb::fleet
