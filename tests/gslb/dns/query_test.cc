#include "gslb/dns/query.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

#include "tests/gslb/dns/wire_testing.h"

namespace gslb::dns {
namespace {

using testing::append;
using testing::Buffer;
using testing::hex;

// www.example.com A IN, ID 0x1234, RD.
constexpr std::string_view kQuestion = "03777777 076578616d706c65 03636f6d 00 0001 0001";

Buffer message(std::string_view counts, std::string_view rest = "",
               std::string_view flags = "0100") {
  return hex("1234" + std::string(flags) + std::string(counts) + std::string(kQuestion) +
             std::string(rest));
}

// A query with one OPT whose RDATA is `options`.
Buffer with_options(std::string_view options, std::string_view ttl = "00000000") {
  Buffer octets = message("0001 0000 0000 0001", "00 0029 04d0" + std::string(ttl));
  const Buffer rdata = hex(options);
  octets.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
  octets.push_back(static_cast<std::uint8_t>(rdata.size()));
  append(octets, rdata);
  return octets;
}

// Parses a copy of exactly the right size, so that the address sanitizer sees a read past the end.
std::optional<QueryError> error_of(const Buffer& octets, Query& query) {
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[octets.size()]);
  std::copy(octets.begin(), octets.end(), exact.get());
  const auto parsed = parse_query({exact.get(), octets.size()}, query);
  if (parsed.has_value()) { return std::nullopt; }
  return parsed.error();
}

std::optional<QueryError> error_of(const Buffer& octets) {
  Query query;
  return error_of(octets, query);
}

Query parsed(const Buffer& octets) {
  Query query;
  EXPECT_EQ(error_of(octets, query), std::nullopt);
  return query;
}

TEST(ParseQuery, ReadsAQueryOfDigWithCookie) {
  const Query query =
      parsed(hex("12340120000100000000000103777777076578616d706c6503636f6d0000010001"
                 "00002904d000000000000c000a00087ecde5a9f0101122"));
  EXPECT_EQ(query.id, 0x1234);
  EXPECT_TRUE(query.recursion_desired);
  EXPECT_FALSE(query.checking_disabled);
  EXPECT_EQ(as_text(query.qname.wire()), as_text(testing::wire("www.example.com")));
  EXPECT_EQ(query.qtype, RrType::kA);
  EXPECT_EQ(query.qclass, RrClass::kIn);
  EXPECT_EQ(query.question_end, 33);
  EXPECT_TRUE(query.edns.present);
  EXPECT_EQ(query.edns.udp_payload, 1232);
  EXPECT_EQ(query.edns.cookie_size, 8);
  EXPECT_EQ(query.edns.cookie[0], 0x7e);
  EXPECT_FALSE(query.edns.ecs.has_value());
}

TEST(ParseQuery, ReadsAllOptionsOfOneQueryOfKdig) {
  const Query query =
      parsed(hex("81700120000100000000000103777777076578616d706c6503636f6d0000410001"
                 "0000291000000080000023 00030000 0008000700011800c00002 000a0008569f092c3821db2c"
                 "000c0000 000b0000"));
  EXPECT_EQ(query.qtype, RrType::kHttps);
  EXPECT_TRUE(query.edns.nsid);
  EXPECT_TRUE(query.edns.padding);
  EXPECT_TRUE(query.edns.tcp_keepalive);
  EXPECT_TRUE(query.edns.dnssec_ok);
  EXPECT_EQ(query.edns.udp_payload, 4096);
  ASSERT_TRUE(query.edns.ecs.has_value());
  EXPECT_EQ(query.edns.ecs->source_bits(), 24);
}

TEST(ParseQuery, ReadsAnIxfrOfDigWithItsSoaInTheAuthoritySection) {
  const Query query = parsed(
      hex("123400000001000000010001076578616d706c6503636f6d0000fb0001c00c0006000100000000001600"
          "0078a3f17500000000000000000000000000000000000029"
          "04d000000000000c000a0008fa1e056056444083"));
  EXPECT_EQ(query.qtype, RrType::kIxfr);
  EXPECT_TRUE(query.edns.present);
}

TEST(ParseQuery, ForgetsThePreviousQuery) {
  Query query;
  EXPECT_EQ(error_of(with_options("0003 0000 0008 0004 0001 00 00 000a 0008 0011223344556677 000b "
                                  "0000 000c 0000",
                                  "00008000"),
                     query),
            std::nullopt);
  EXPECT_TRUE(query.edns.ecs.has_value());
  EXPECT_EQ(error_of(message("0001 0000 0000 0000"), query), std::nullopt);
  EXPECT_FALSE(query.edns.present || query.edns.nsid || query.edns.tcp_keepalive ||
               query.edns.padding || query.edns.dnssec_ok || query.edns.ecs.has_value());
  EXPECT_EQ(query.edns.cookie_size, 0);
  EXPECT_EQ(query.edns.udp_payload, 0);
  EXPECT_EQ(error_of(hex("1234"), query), QueryError::kShort);
  EXPECT_EQ(query.question_end, kHeaderOctets);
}

TEST(ParseQuery, HeaderFaults) {
  EXPECT_EQ(error_of({}), QueryError::kShort);
  EXPECT_EQ(error_of(hex("1234 0100 0001 0000 0000 00")), QueryError::kShort);
  EXPECT_EQ(error_of(message("0001 0000 0000 0000", "", "8180")), QueryError::kResponse);
  EXPECT_EQ(error_of(hex("1234 0100 0000 0000 0000 0000")), QueryError::kQuestionCount);
  EXPECT_EQ(error_of(message("0002 0000 0000 0000", kQuestion)), QueryError::kQuestionCount);
}

TEST(ParseQuery, OtherOpcodesKeepTheQuestionWhenItIsWhole) {
  Query query;
  EXPECT_EQ(error_of(message("0001 0000 0000 0000", "", "2400"), query), QueryError::kOpcode);
  EXPECT_EQ(query.question_end, 33);
  EXPECT_EQ(error_of(hex("1234 2800 0001 0000 0000 0000 03 7777"), query), QueryError::kOpcode);
  EXPECT_EQ(query.question_end, kHeaderOctets);
  EXPECT_EQ(error_of(hex("1234 7800 0000 0000 0000 0000"), query), QueryError::kOpcode);
  EXPECT_EQ(query.question_end, kHeaderOctets);
  EXPECT_EQ(query.id, 0x1234);
}

TEST(ParseQuery, AnOptIsFoundBehindOtherFaults) {
  constexpr std::string_view kOpt = "00 0029 04d0 00008000 0000";
  const std::string two = std::string(kQuestion) + std::string(kOpt);
  const std::string record = "00 0001 0001 00000000 0004 7f000001" + std::string(kOpt);
  for (const Buffer& octets :
       {message("0001 0000 0000 0001", kOpt, "7800"), message("0002 0000 0000 0001", two),
        hex("1234 0100 0000 0000 0000 0001" + std::string(kOpt)),
        message("0001 0001 0000 0001", record), message("0001 0000 0000 0003", record)}) {
    Query query;
    EXPECT_NE(error_of(octets, query), std::nullopt);
    EXPECT_TRUE(query.edns.present);
    EXPECT_TRUE(query.edns.dnssec_ok);
    EXPECT_EQ(query.edns.udp_payload, 1232U);
  }
  Query query;
  EXPECT_NE(error_of(message("0001 0000 0000 0002", "c0"), query), std::nullopt);
  EXPECT_FALSE(query.edns.present);
}

TEST(ParseQuery, QuestionFaults) {
  const std::string header = "1234 0100 0001 0000 0000 0000";
  EXPECT_EQ(error_of(hex(header)), QueryError::kQuestion);
  EXPECT_EQ(error_of(hex(header + "c00c 0001 0001")), QueryError::kQuestion);
  EXPECT_EQ(error_of(hex(header + "03777777 c00c 0001 0001")), QueryError::kQuestion);
  EXPECT_EQ(error_of(hex(header + "4177 00 0001 0001")), QueryError::kQuestion);
  EXPECT_EQ(error_of(hex(header + "03777777")), QueryError::kQuestion);
  EXPECT_EQ(error_of(hex(header + "03777777 00 0001 00")), QueryError::kQuestion);
}

TEST(ParseQuery, SectionFaults) {
  EXPECT_EQ(error_of(message("0001 0001 0000 0000")), QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0001 0000")), QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0000 0001")), QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0000 ffff", "00 0029 04d0 00000000 0000")),
            QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", "00 0029 04d0 00000000 00")),
            QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", "00 0029 04d0 00000000 0001")),
            QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", "c0")), QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", "80 0001 0001 00000000 0000")),
            QueryError::kSections);
  EXPECT_EQ(error_of(message("0001 0000 0000 0000", "00")), QueryError::kSections);
  // Two SOAs in an IXFR are one too many.
  EXPECT_EQ(error_of(hex("1234 0100 0001 0000 0002 0000 00 00fb 0001"
                         "00 0006 0001 00000000 0000 00 0006 0001 00000000 0000")),
            QueryError::kSections);
}

TEST(ParseQuery, SkipsOtherAdditionalRecordsWithoutFollowingTheirPointers) {
  // An owner that points to itself, one that points past the end, then OPT.
  const Query query = parsed(message("0001 0000 0000 0003",
                                     "c021 0001 0001 0000003c 0004 7f000001"
                                     "0161ffff 0010 0001 0000003c 0000"
                                     "00 0029 1000 00000000 0000"));
  EXPECT_TRUE(query.edns.present);
  EXPECT_EQ(query.edns.udp_payload, 4096);
}

TEST(ParseQuery, OptFaults) {
  EXPECT_EQ(error_of(message("0001 0000 0000 0002",
                             "00 0029 04d0 00000000 0000"
                             "00 0029 04d0 00000000 0000")),
            QueryError::kOptTwice);
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", "0161 00 0029 04d0 00000000 0000")),
            QueryError::kOptOwner);
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", "c01c 0029 04d0 00000000 0000")),
            QueryError::kOptOwner);
  EXPECT_EQ(error_of(with_options("0003 00")), QueryError::kOption);
  EXPECT_EQ(error_of(with_options("0003 0001")), QueryError::kOption);
  EXPECT_EQ(error_of(with_options("0003 0000 ffff ffff")), QueryError::kOption);
}

TEST(ParseQuery, KeepsWhatAnErrorResponseNeeds) {
  Query query;
  EXPECT_EQ(error_of(with_options("0008 0004 0001 18 00"), query), QueryError::kEcs);
  EXPECT_TRUE(query.edns.present);
  EXPECT_EQ(query.question_end, 33);
  EXPECT_EQ(query.id, 0x1234);
}

TEST(ParseQuery, OptionFaults) {
  EXPECT_EQ(error_of(with_options("0008 0000")), QueryError::kEcs);
  EXPECT_EQ(error_of(with_options("0008 0007 0001 18 18 cb0071")), QueryError::kEcs);
  for (const std::size_t size : {0, 7, 9, 15, 41}) {
    Buffer cookie = hex("000a 0000");
    cookie[3] = static_cast<std::uint8_t>(size);
    cookie.resize(4 + size);
    Buffer octets = message("0001 0000 0000 0001", "00 0029 04d0 00000000 00");
    octets.push_back(static_cast<std::uint8_t>(cookie.size()));
    append(octets, cookie);
    EXPECT_EQ(error_of(octets), QueryError::kCookie) << size;
  }
}

TEST(ParseQuery, TakesUnknownOptionsAndFlags) {
  const Query query = parsed(with_options("fde9 0003 010203 0003 0000", "00007fff"));
  EXPECT_TRUE(query.edns.nsid);
  EXPECT_FALSE(query.edns.dnssec_ok);
}

TEST(ParseQuery, TheFirstOfTwoEqualOptionsCounts) {
  const Query query = parsed(with_options(
      "0008 0007 0001 18 00 cb0071 0008 0001 00 000a 0008 0011223344556677 000a 0001 00"));
  EXPECT_EQ(query.edns.ecs->source_bits(), 24);
  EXPECT_EQ(query.edns.cookie_size, 8);
}

TEST(ParseQuery, OptionsOfAnUnknownEdnsVersionAreNotJudged) {
  const Query query = parsed(with_options("0008 ffff 00", "00018000"));
  EXPECT_EQ(query.edns.version, 1);
  EXPECT_TRUE(query.edns.dnssec_ok);
  EXPECT_FALSE(query.edns.ecs.has_value());
}

TEST(ParseQuery, TellsTransactionSignatures) {
  Query query;
  EXPECT_EQ(error_of(message("0001 0000 0000 0002",
                             "00 0029 04d0 00008000 0000"
                             "016b00 00fa 00ff 00000000 0000"),
                     query),
            QueryError::kTransactionSig);
  EXPECT_TRUE(query.edns.present);
  // SIG(0) is not looked at (RFC 2931 3).
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", "00 0018 00ff 00000000 0002 0000")),
            std::nullopt);
  EXPECT_EQ(error_of(message("0001 0000 0000 0002",
                             "016b00 00fa 00ff 00000000 0000"
                             "00 0029 04d0 00000000 0000")),
            QueryError::kSections);
}

TEST(ParseQuery, FindsATransactionSignatureBehindOtherFaults) {
  const std::string tsig = "016b00 00fa 00ff 00000000 0000";
  const std::string bad_option = "00 0029 04d0 00000000 0005 0008 0001 00";
  Query query;
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", tsig, "1000"), query), QueryError::kOpcode);
  EXPECT_TRUE(query.ends_with_tsig);
  EXPECT_EQ(error_of(message("0002 0000 0000 0001", std::string(kQuestion) + tsig), query),
            QueryError::kQuestionCount);
  EXPECT_TRUE(query.ends_with_tsig);
  EXPECT_EQ(error_of(message("0001 0000 0000 0002", bad_option + tsig), query), QueryError::kEcs);
  EXPECT_TRUE(query.ends_with_tsig);
  EXPECT_EQ(error_of(message("0001 0000 0000 0002", tsig + bad_option), query),
            QueryError::kSections);
  EXPECT_FALSE(query.ends_with_tsig) << "not last";
  EXPECT_EQ(error_of(message("0001 0000 0000 0001", tsig + "00", "1000"), query),
            QueryError::kOpcode);
  EXPECT_FALSE(query.ends_with_tsig) << "octets follow";
}

TEST(UdpLimit, IsAtLeast512AndAtMostTheServers) {
  Query query;
  EXPECT_EQ(query.udp_limit(1232), 512U);
  query.edns.present = true;
  for (const auto& [sent, limit] : {std::pair{0, 512}, {511, 512}, {513, 513}, {4096, 1232}}) {
    query.edns.udp_payload = static_cast<std::uint16_t>(sent);
    EXPECT_EQ(query.udp_limit(1232), static_cast<std::size_t>(limit));
  }
}

// Every file of the fuzzing corpus, cut at every place and with octets replaced, parses or does
// not, and never leaves question_end outside the message.
TEST(ParseQuery, SurvivesMutationsOfTheCorpus) {
  Random random(4);
  Query query;
  std::set<std::optional<QueryError>> seen;
  const auto corpus =
      std::filesystem::path(TEST_SOURCE_DIR) / "tests" / "fuzz" / "corpus" / "query_parser";
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const Buffer whole(text.begin(), text.end());
    seen.insert(error_of(whole, query));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      error_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}, query);
      ASSERT_LE(query.question_end, std::max(size, kHeaderOctets));
    }
    for (int round = 0; round < 300 && !whole.empty(); ++round) {
      Buffer mutated = whole;
      for (std::uint64_t hits = 1 + random.below(4); hits > 0; --hits) {
        mutated[random.below(mutated.size())] = static_cast<std::uint8_t>(random.next());
      }
      error_of(mutated, query);
      ASSERT_LE(query.question_end, std::max(mutated.size(), kHeaderOctets));
    }
  }
  // Success and each of the twelve reasons.
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(QueryError::kTransactionSig) + 2);
}

TEST(ParseQuery, SurvivesGarbage) {
  Random random(5);
  Query query;
  for (int round = 0; round < 20000; ++round) {
    Buffer octets(random.below(120));
    for (std::uint8_t& octet : octets) { octet = static_cast<std::uint8_t>(random.next()); }
    if (octets.size() > 12 && round % 2 == 0) {
      const Buffer header = hex("1234 0000 0001 0000 0000 0002");
      std::copy(header.begin(), header.end(), octets.begin());
    }
    error_of(octets, query);
    ASSERT_LE(query.question_end, std::max(octets.size(), kHeaderOctets));
  }
}

}  // namespace
}  // namespace gslb::dns
