#include "gslb/dns/compression.h"

#include <gtest/gtest.h>

#include "gslb/base/random.h"

#include "tests/gslb/dns/response_testing.h"

namespace gslb::dns {
namespace {

using testing::a_records;
using testing::Answering;
using testing::append;
using testing::Asked;
using testing::Buffer;
using testing::Decoded;
using testing::DecodedRecord;
using testing::hex;
using testing::named;
using testing::rdata_name;
using testing::Rrset;
using testing::wire;

TEST(Compression, TakesOwnersFromTheQuestionInAnyCase) {
  const Asked asked("a.b.Example.com");
  Answering made(asked);
  ASSERT_TRUE(made.answer("B.example.COM", a_records(1)));
  ASSERT_TRUE(made.answer("com", a_records(1)));
  const Decoded decoded = made.finish();
  EXPECT_EQ(decoded.sections[0][0].owner, "b.Example.com.");
  EXPECT_EQ(load_u16(made.out.data() + asked.query.question_end), 0xc00e);
  EXPECT_EQ(made.size, asked.query.question_end + 2 * 16U);
}

TEST(Compression, DoesNotPointIntoALabelThatLooksLikeTheName) {
  const Asked asked("x\\007example.com");
  Answering made(asked);
  ASSERT_TRUE(made.answer("example.com", a_records(1)));
  EXPECT_EQ(made.finish().sections[0][0].owner, "example.com.");
  EXPECT_EQ(made.out[asked.query.question_end], 7);
}

TEST(Compression, SharesSuffixesAmongOwnersAndRdata) {
  const Asked asked("www.example.com", "0002 0001");
  Answering made(asked);
  Rrset ns{RrType::kNs};
  ns.add(wire("ns1.dns.example.net")).add(wire("NS2.DNS.example.NET")).add(wire("ns1.example.com"));
  ASSERT_TRUE(made.writer.put_rrset(Section::kAuthority, wire("example.com"), ns.view()));
  ASSERT_TRUE(made.additional("ns1.dns.example.net", a_records(2)));
  ASSERT_TRUE(made.additional("x.ns2.dns.example.net", a_records(1)));
  const Decoded decoded = made.finish();
  const auto& authority = decoded.sections[1];
  ASSERT_EQ(authority.size(), 3U);
  EXPECT_EQ(authority[0].owner, "example.com.");
  EXPECT_EQ(rdata_name(made, authority[0]), "ns1.dns.example.net.");
  EXPECT_EQ(authority[0].rdata.size(), 21U);
  EXPECT_EQ(rdata_name(made, authority[1]), "NS2.dns.example.net.");
  EXPECT_EQ(authority[1].rdata.size(), 6U);
  EXPECT_EQ(rdata_name(made, authority[2]), "ns1.example.com.");
  EXPECT_EQ(authority[2].rdata.size(), 6U);
  EXPECT_EQ(decoded.sections[2][0].owner, "ns1.dns.example.net.");
  EXPECT_EQ(decoded.sections[2][2].owner, "x.NS2.dns.example.net.");
}

TEST(Compression, CompressesOnlyTheTypesOfRfc1035) {
  for (const RrType type : {RrType::kNs, RrType::kCname, RrType::kPtr, RrType::kMb, RrType::kMd,
                            RrType::kMf, RrType::kMg, RrType::kMr}) {
    const Asked asked("www.example.com");
    Answering made(asked);
    ASSERT_TRUE(made.answer("www.example.com", named(type, "example.com")));
    EXPECT_EQ(made.finish().sections[0][0].rdata, hex("c010")) << to_string(type);
  }
  for (const RrType type : {RrType::kDname, RrType::kNsec, RrType::kRrsig, RrType::kSrv,
                            RrType::kHttps, RrType::kRp, RrType::kAfsdb, RrType::kKx}) {
    const Asked asked("www.example.com");
    Answering made(asked);
    ASSERT_TRUE(made.answer("www.example.com", named(type, "Example.com")));
    EXPECT_EQ(made.finish().sections[0][0].rdata, wire("Example.com")) << to_string(type);
  }
}

TEST(Compression, FindsTheNamesOfMxSoaAndMinfo) {
  const Asked asked("example.com");
  Answering made(asked);
  Buffer mx = hex("000a");
  append(mx, wire("mail.example.com"));
  Buffer soa = wire("ns.example.com");
  append(soa, wire("hostmaster.mail.example.com"));
  append(soa, hex("00000001 00000002 00000003 00000004 00000005"));
  Buffer minfo = wire("mail.example.com");
  append(minfo, wire("."));
  ASSERT_TRUE(made.answer("example.com", Rrset{RrType::kMx}.add(mx)));
  ASSERT_TRUE(made.answer("example.com", Rrset{RrType::kSoa}.add(soa)));
  ASSERT_TRUE(made.answer("example.com", Rrset{RrType::kMinfo}.add(minfo)));
  const auto decoded = made.finish();
  const auto& answers = decoded.sections[0];
  EXPECT_EQ(rdata_name(made, answers[0], 2), "mail.example.com.");
  EXPECT_EQ(answers[0].rdata.size(), 9U);
  EXPECT_EQ(rdata_name(made, answers[1]), "ns.example.com.");
  EXPECT_EQ(rdata_name(made, answers[1], 5), "hostmaster.mail.example.com.");
  EXPECT_EQ(answers[1].rdata.size(), 5 + 13 + 20U);
  EXPECT_EQ(Buffer(answers[1].rdata.end() - 4, answers[1].rdata.end()), hex("00000005"));
  EXPECT_EQ(answers[2].rdata.size(), 3U);
}

TEST(Compression, CopiesRdataThatIsNotWhatItsTypePromises) {
  const Asked asked("example.com");
  Answering made(asked);
  ASSERT_TRUE(made.answer("example.com", Rrset{RrType::kMx}.add(hex("00"))));
  ASSERT_TRUE(made.answer("example.com", Rrset{RrType::kNs}.add(hex("c00c"))));
  ASSERT_TRUE(made.answer("example.com", Rrset{RrType::kNs}.add({})));
  const auto decoded = made.finish();
  EXPECT_EQ(decoded.sections[0][0].rdata, hex("00"));
  EXPECT_EQ(decoded.sections[0][1].rdata, hex("c00c"));
  EXPECT_TRUE(decoded.sections[0][2].rdata.empty());
}

TEST(Compression, WritesTheRootAsItself) {
  const Asked asked(".", "0002 0001");
  Answering made(asked);
  ASSERT_TRUE(made.answer(".", Rrset{RrType::kNs}.add(wire("a.ns")).add(wire("."))));
  const auto decoded = made.finish();
  EXPECT_EQ(decoded.sections[0][1].owner, ".");
  EXPECT_EQ(decoded.sections[0][1].rdata, hex("00"));
  EXPECT_EQ(rdata_name(made, decoded.sections[0][0]), "a.ns.");
}

TEST(Compression, LargeMessagesStayReadableBeyondThePointerRange) {
  const Asked asked("www.example.com", "0001 0001", false);
  Answering made(asked, 65535, 0);
  std::vector<std::string> owners;
  for (int i = 0; i < 900; ++i) {
    owners.push_back("host" + std::to_string(i) + ".zone" + std::to_string(i % 7) +
                     ".example.net.");
    Rrset set{RrType::kTxt};
    set.add(Buffer(10 + static_cast<std::size_t>(i % 30), 'x')).add(hex("0161"));
    ASSERT_TRUE(made.answer(owners.back(), set));
  }
  const auto decoded = made.finish();
  EXPECT_GT(made.size, 0x4000U + 10000U);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    ASSERT_EQ(Name::parse(decoded.sections[0][2 * i].owner).value(), testing::name(owners[i]));
    ASSERT_EQ(Name::parse(decoded.sections[0][2 * i + 1].owner).value(), testing::name(owners[i]));
  }
}

TEST(Compression, ALongQuestionLeavesRoomForOtherNames) {
  std::string many;
  for (std::size_t i = 0; i < kMaxLabels; ++i) { many += "a."; }
  const Asked asked(many);
  Answering made(asked);
  ASSERT_TRUE(made.answer("x.y", named(RrType::kCname, "z.x.y")));
  ASSERT_TRUE(made.answer(many, named(RrType::kCname, "b." + many.substr(4))));
  const auto decoded = made.finish();
  EXPECT_EQ(decoded.sections[0][0].rdata.size(), 4U);
  EXPECT_EQ(rdata_name(made, decoded.sections[0][1]), "b." + many.substr(4));
}

// Names forgotten by an RRset that did not fit must not be pointed at: fill to every size.
TEST(Compression, ForgetsNamesOfWhatDidNotFit) {
  const Asked asked("www.example.com");
  for (std::size_t filler = 300; filler < 480; ++filler) {
    Answering made(asked, 512);
    made.answer("www.example.com", Rrset{RrType::kTxt}.add(Buffer(filler - 50, 'x')));
    Rrset mx{RrType::kMx};
    for (const char* host : {"alpha.mail.test", "beta.mail.test", "gamma.alpha.mail.test"}) {
      Buffer rdata = hex("0001");
      append(rdata, wire(host));
      mx.add(rdata);
    }
    made.additional("mail.test", mx);
    made.additional("alpha.mail.test", a_records(1));
    made.additional("gamma.alpha.mail.test", a_records(1));
    for (const DecodedRecord& record : made.finish().sections[2]) {
      if (record.type == RrType::kA) {
        ASSERT_TRUE(testing::name(record.owner).is_at_or_below(testing::name("alpha.mail.test")));
      } else {
        ASSERT_EQ(record.owner, "mail.test.");
        ASSERT_TRUE(
            testing::name(rdata_name(made, record, 2)).is_at_or_below(testing::name("mail.test")));
      }
    }
  }
}

// Random zones of names from a small alphabet (so that suffixes collide often, in any case): what
// the independent decoder reads is what was put.
TEST(Compression, RandomResponsesDecodeToWhatWasPut) {
  Random random(6);
  const auto random_text = [&random] {
    std::string text;
    for (std::uint64_t labels = random.below(6); labels > 0; --labels) {
      text += std::string(1 + random.below(9), "aAbBcC"[random.below(6)]) + ".";
    }
    return text.empty() ? std::string(".") : text;
  };
  for (int round = 0; round < 2000; ++round) {
    const Asked asked(random_text());
    Answering made(asked, 512 + random.below(1500));
    std::vector<std::pair<std::string, std::string>> expected[3];
    for (std::size_t section = 0; section < 3; ++section) {
      for (std::uint64_t sets = random.below(6); sets > 0; --sets) {
        const std::string owner = random_text();
        Rrset set{RrType::kNs};
        std::vector<std::string> targets(1 + random.below(5));
        for (std::string& target : targets) {
          target = random_text();
          set.add(wire(target));
        }
        if (!made.writer.put_rrset(static_cast<Section>(section), wire(owner), set.view())) {
          continue;
        }
        for (const std::string& target : targets) { expected[section].emplace_back(owner, target); }
      }
    }
    const Decoded decoded = made.finish();
    for (std::size_t section = 0; section < 3; ++section) {
      ASSERT_EQ(decoded.sections[section].size(), expected[section].size());
      for (std::size_t i = 0; i < expected[section].size(); ++i) {
        const DecodedRecord& record = decoded.sections[section][i];
        ASSERT_EQ(testing::name(record.owner), testing::name(expected[section][i].first));
        ASSERT_EQ(testing::name(rdata_name(made, record)),
                  testing::name(expected[section][i].second));
      }
    }
  }
}

}  // namespace
}  // namespace gslb::dns
