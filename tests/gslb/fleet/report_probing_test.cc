// The optional members of heartbeats about histograms, probes and beacons, and the reply's orders.
#include <gtest/gtest.h>

#include "gslb/fleet/report.h"

namespace gslb::fleet {
namespace {

constexpr std::string_view kPlain =
    R"("version":1,"cluster":"fra","node":"n","incarnation":1,"sequence":1,"state":"up",)"
    R"("interval_ms":250)";

std::string with(std::string_view members) {
  return "{" + std::string(kPlain) + "," + std::string(members) + "}";
}

std::string with_rtt(std::string_view members) {
  return with(R"("rtt":[{"client":"198.51.100.0/24","rtt_us":12500,"count":9)" +
              std::string(members) + "}]");
}

ReportError refusal(const std::string& body) {
  const auto report = parse_report(body);
  EXPECT_FALSE(report.has_value()) << body;
  return report ? ReportError{} : report.error();
}

TEST(ReportProbing, TheOldFormStands) {
  const auto report = parse_report("{" + std::string(kPlain) + "}");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->probe_room, 0U) << "an edge that says nothing gets no orders";
  EXPECT_EQ(write_report(*report).find("probe"), std::string::npos);
  const auto sample = parse_report(with_rtt(""));
  ASSERT_TRUE(sample.has_value());
  EXPECT_TRUE(sample->rtt[0].bins.empty());
}

TEST(ReportProbing, ParsesWhatItWrites) {
  Report report;
  report.cluster = "fra";
  report.node = "n";
  report.rtt = {{.client = *Prefix::parse("198.51.100.0/24"),
                 .rtt_us = 12'500,
                 .count = 9,
                 .bins = {{55, 4}, {159, 5}},
                 .sent = 900,
                 .retransmitted = 3,
                 .bits_per_s = 12'000'000,
                 .requests = 40,
                 .failed = 7}};
  report.cache = {1200, 1100};
  report.probe_room = 64;
  report.probes = {{7, 1200, ProbeFailure::kNone}, {8, 0, ProbeFailure::kTimeout}};
  report.beacons = {{"k3xq9-0001", *Prefix::parse("2001:db8:1::/48")}};
  const std::string text = write_report(report);
  const auto read = parse_report(text);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->rtt.size(), 1U);
  ASSERT_EQ(read->rtt[0].bins.size(), 2U);
  EXPECT_EQ(read->rtt[0].bins[1].bin, 159);
  EXPECT_EQ(read->rtt[0].bits_per_s, 12'000'000U);
  EXPECT_EQ(read->rtt[0].requests, 40U);
  EXPECT_EQ(read->rtt[0].failed, 7U);
  EXPECT_EQ(read->cache.requests, 1200U);
  EXPECT_EQ(read->cache.hits, 1100U);
  EXPECT_EQ(read->probes[1].failure, ProbeFailure::kTimeout);
  EXPECT_EQ(read->beacons[0].nonce, "k3xq9-0001");
  EXPECT_EQ(write_report(*read), text);
}

TEST(ReportProbing, RefusesBinsThatCannotBe) {
  for (const char* bins : {"[[55,4],[55,1]]", "[[56,1],[55,1]]", "[[160,1]]", "[[5,0]]", "[[5,10]]",
                           "[[5,5],[6,5]]", "[[-1,1]]"}) {
    EXPECT_EQ(refusal(with_rtt(R"(,"bins":)" + std::string(bins))), ReportError::kOutOfRange)
        << bins;
  }
  EXPECT_EQ(refusal(with_rtt(R"(,"bins":[[1,1],[2,1],[3,1],[4,1],[5,1],[6,1],[7,1],[8,1],[9,1]])")),
            ReportError::kOutOfRange);
  for (const char* bins : {"[5]", "[[5]]", "[[5,1,1]]", "[[5.5,1]]", "[[\"5\",1]]", "{}"}) {
    EXPECT_EQ(refusal(with_rtt(R"(,"bins":)" + std::string(bins))), ReportError::kWrongType)
        << bins;
  }
}

TEST(ReportProbing, RefusesMoreRetransmittedThanSent) {
  EXPECT_EQ(refusal(with_rtt(R"(,"sent":2,"retransmitted":3)")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with_rtt(R"(,"retransmitted":3)")), ReportError::kOutOfRange);
  EXPECT_TRUE(parse_report(with_rtt(R"(,"sent":3,"retransmitted":3)")).has_value());
}

TEST(ReportProbing, RefusesBadResults) {
  EXPECT_EQ(refusal(with(R"("probes":[{"id":1}])")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with(R"("probes":[{"id":1,"rtt_us":5,"failure":"timeout"}])")),
            ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with(R"("probes":[{"id":1,"failure":"tired"}])")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with(R"("probes":[{"rtt_us":5}])")), ReportError::kMissingField);
  EXPECT_EQ(refusal(with(R"("probes":[{"id":1,"rtt_us":0}])")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(with(R"("probe_room":-1)")), ReportError::kOutOfRange);
  std::string many;
  for (std::size_t i = 0; i <= kMaxReportProbes; ++i) {
    many += (i == 0 ? "" : ",") + std::string(R"({"id":1,"rtt_us":5})");
  }
  EXPECT_EQ(refusal(with("\"probes\":[" + many + "]")), ReportError::kOutOfRange);
}

TEST(ReportProbing, RefusesBadBeacons) {
  const auto hit = [](std::string_view nonce, std::string_view client) {
    return with(R"("beacons":[{"nonce":")" + std::string(nonce) + R"(","client":")" +
                std::string(client) + R"("}])");
  };
  EXPECT_TRUE(parse_report(hit("abcdefgh", "192.0.2.0/24")).has_value());
  EXPECT_EQ(refusal(hit("short", "192.0.2.0/24")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(hit("UPPERCASE", "192.0.2.0/24")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(hit(std::string(64, 'a'), "192.0.2.0/24")), ReportError::kOutOfRange);
  EXPECT_EQ(refusal(hit("abcdefgh", "192.0.2.1/32")), ReportError::kOutOfRange)
      << "whose client it was is nobody's business";
  EXPECT_EQ(refusal(hit("abcdefgh", "nowhere")), ReportError::kOutOfRange);
}

TEST(ReportProbing, TheLongestReportIsShortEnoughToBeTaken) {
  Report report;
  report.cluster = report.node = std::string(kMaxReportIdOctets, 'c');
  RttSample sample{.client = *Prefix::parse("2001:db8:ffff::/48"),
                   .rtt_us = kMaxReportRttUs,
                   .count = 4'000'000'000,
                   .sent = kMaxReportInteger,
                   .retransmitted = kMaxReportInteger,
                   .bits_per_s = kMaxReportInteger};
  for (std::uint8_t i = 0; i < kMaxReportRttBins; ++i) {
    sample.bins.push_back({static_cast<std::uint8_t>(150 + i), 400'000'000});
  }
  report.rtt.assign(kMaxReportRttSamples, sample);
  report.probes.assign(kMaxReportProbes, {kMaxReportInteger, 0, ProbeFailure::kUnsupported});
  report.beacons.assign(kMaxReportBeacons, {std::string(kMaxNonceOctets, 'n'), sample.client});
  constexpr std::uint64_t kMost = kMaxReportInteger;
  report.figures.span_ms = kMost;
  const std::string host(kMaxHostOctets, 'h');
  report.figures.hosts.assign(kMaxReportHosts, {host, kMost, kMost, kMost, kMost, kMost});
  report.figures.store = {kMost, kMost, kMost, kMost, false};
  report.figures.conditions.assign(
      kMaxReportConditions,
      {std::string(kMaxReportIdOctets, 'k'), std::string(kMaxReportDetailOctets, '"')});
  report.figures.siblings.assign(kMaxReportSiblings, {report.node, false});
  const auto read = parse_report(write_report(report));
  ASSERT_TRUE(read.has_value()) << describe(read.error());
  EXPECT_EQ(read->figures.hosts.size(), kMaxReportHosts);
  EXPECT_EQ(read->rtt.size(), kMaxReportRttSamples);
  EXPECT_EQ(read->rtt.front().bins.size(), kMaxReportRttBins);
  EXPECT_TRUE(read->rtt.back().bins.empty()) << "details of the last are left out";
}

TEST(RttBins, AreAScaleThatHoldsItsValues) {
  EXPECT_EQ(rtt_bin(0), 0);
  EXPECT_EQ(rtt_bin(100), 0);
  EXPECT_EQ(rtt_bin(200), 8);
  EXPECT_EQ(rtt_bin(kMaxReportRttUs), 153);
  for (std::uint32_t rtt_us = 100; rtt_us < 1'000'000; rtt_us += rtt_us / 7) {
    EXPECT_NEAR(rtt_bin_ms(rtt_bin(rtt_us)), rtt_us / 1e3, 0.05 * rtt_us / 1e3) << rtt_us;
  }
}

TEST(Orders, ParsesWhatItWrites) {
  const std::vector<Probe> orders = {{1, ProbeKind::kTcpSyn, *Address::parse("192.0.2.1"), 443},
                                     {2, ProbeKind::kIcmp, *Address::parse("2001:db8::1"), 0},
                                     {3, ProbeKind::kDns, *Address::parse("192.0.2.53"), 53}};
  const std::string text = write_orders({orders, {}});
  EXPECT_EQ(text, R"({"version":1,"probes":[)"
                  R"({"id":1,"kind":"tcp-syn","target":"192.0.2.1","port":443},)"
                  R"({"id":2,"kind":"icmp","target":"2001:db8::1"},)"
                  R"({"id":3,"kind":"dns","target":"192.0.2.53","port":53}]})");
  const auto read = parse_orders(text);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(write_orders(*read), text);
}

TEST(Orders, RefusesWhatCannotBeCarriedOutAndSkipsNewKinds) {
  const auto one = [](std::string_view order) {
    return parse_orders(R"({"version":1,"probes":[)" + std::string(order) + "]}");
  };
  EXPECT_TRUE(one(R"({"id":1,"kind":"quic","target":"192.0.2.1","port":443})")->empty());
  for (const char* order : {R"({"id":1,"kind":"icmp","target":"192.0.2.1","port":7})",
                            R"({"id":1,"kind":"dns","target":"192.0.2.1"})",
                            R"({"id":1,"kind":"dns","target":"resolver.example","port":53})",
                            R"({"id":1,"kind":"dns","target":"192.0.2.1","port":65536})"}) {
    EXPECT_FALSE(one(order).has_value()) << order;
  }
  EXPECT_FALSE(parse_orders("").has_value());
  EXPECT_FALSE(parse_orders("{}").has_value());
  EXPECT_EQ(parse_orders(R"({"version":2})").error(), ReportError::kVersion);
  EXPECT_TRUE(parse_orders(R"({"version":1})")->empty());
  EXPECT_EQ(parse_orders(std::string(kMaxOrdersOctets + 1, ' ')).error(), ReportError::kTooLong);
  std::vector<Probe> many(kMaxOrders + 1, {1, ProbeKind::kIcmp, *Address::parse("2001:db8::1"), 0});
  EXPECT_EQ(parse_orders(write_orders({many, {}}))->probes.size(), kMaxOrders);
}

TEST(Orders, ASignatureHoldsForOneHeartbeatOneKeyAndOneText) {
  const std::string signature = sign_orders("key", "1790000000250", "body");
  EXPECT_TRUE(verify_orders("key", "1790000000250", "body", signature));
  EXPECT_FALSE(verify_orders("key", "1790000000251", "body", signature));
  EXPECT_FALSE(verify_orders("other", "1790000000250", "body", signature));
  EXPECT_FALSE(verify_orders("key", "1790000000250", "Body", signature));
  EXPECT_FALSE(verify_orders("key", "1790000000250", "body", ""));
  EXPECT_FALSE(
      verify_orders("", "1790000000250", "body", sign_orders("", "1790000000250", "body")));
  EXPECT_FALSE(
      verify_orders("key", "1790000000250", "body", sign_report("key", "1790000000250", "body")))
      << "a heartbeat can't be played back to its sender as orders";
}

}  // namespace
}  // namespace gslb::fleet
