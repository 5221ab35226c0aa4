#include "gslb/dns/response.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/gslb/dns/response_testing.h"

namespace gslb::dns {
namespace {

using testing::a_records;
using testing::Answering;
using testing::Asked;
using testing::Buffer;
using testing::Decoded;
using testing::DecodedRecord;
using testing::Decoder;
using testing::hex;
using testing::Rrset;
using testing::wire;

TEST(ResponseWriter, AnswersOctetForOctet) {
  const Asked asked("WwW.Example.com");
  Answering made(asked);
  ASSERT_TRUE(made.answer("www.example.COM", a_records(2)));
  const ResponseEdns edns;
  made.finish(Rcode::kNoError, &edns);
  made.out.resize(made.size);
  EXPECT_EQ(made.out, hex("1234 8510 0001 0002 0000 0001"
                          "03577757 074578616d706c65 03636f6d 00 0001 0001"
                          "c00c 0001 0001 0000012c 0004 c0000200"
                          "c00c 0001 0001 0000012c 0004 c0000201"
                          "00 0029 04d0 00000000 0000"));
}

TEST(ResponseWriter, EchoesTheQuestionWithItsCaseAndRdAndCdButNotAd) {
  Asked asked("WwW.Example", "0001 0001", true, "0130");
  Answering made(asked);
  EXPECT_EQ(made.finish().qname, "WwW.Example.");
  EXPECT_EQ(load_u16(made.out.data() + 2), 0x8510);
  Asked quiet("www.example", "0001 0001", true, "0000");
  Answering second(quiet);
  EXPECT_EQ(second.writer.finish(Rcode::kNxDomain, false, nullptr), quiet.query.question_end);
  EXPECT_EQ(load_u16(second.out.data() + 2), 0x8003);
}

TEST(ResponseWriter, RecordsCarryTheClassOfTheQuestion) {
  const Asked chaos("version.bind", "0010 0003");
  Answering made(chaos);
  ASSERT_TRUE(made.answer("version.bind", Rrset{RrType::kTxt}.add(hex("0161"))));
  EXPECT_EQ(made.finish().sections[0][0].klass, 3);
  const Asked any("www.example", "0001 00ff");
  Answering second(any);
  ASSERT_TRUE(second.answer("www.example", a_records(1)));
  EXPECT_EQ(second.finish().sections[0][0].klass, 1);
}

TEST(ResponseWriter, NeverWritesATtlWithTheTopBit) {
  const Asked asked("www.example");
  Answering made(asked);
  Rrset set = a_records(1);
  set.ttl_s = 0xffffffff;
  ASSERT_TRUE(made.answer("www.example", set));
  EXPECT_EQ(made.finish().sections[0][0].ttl, 0x7fffffffU);
}

TEST(Truncation, HappensAtRrsetBordersAndSetsTc) {
  const Asked asked("www.example.com");
  // Header and question 33, OPT 11: 468 octets are left, 29 records of 16.
  Answering fits(asked, 512);
  ASSERT_TRUE(fits.answer("www.example.com", a_records(29)));
  const ResponseEdns edns;
  EXPECT_EQ(fits.finish(Rcode::kNoError, &edns).sections[0].size(), 29U);
  EXPECT_FALSE(fits.writer.truncated());

  Answering over(asked, 512);
  EXPECT_FALSE(over.answer("www.example.com", a_records(30)));
  EXPECT_TRUE(over.writer.truncated());
  EXPECT_FALSE(over.answer("www.example.com", a_records(1)));
  const Decoded decoded = over.finish(Rcode::kNoError, &edns);
  EXPECT_TRUE(decoded.sections[0].empty());
  EXPECT_EQ(decoded.sections[2].size(), 1U);
  EXPECT_EQ(decoded.flags & 0x0200, 0x0200);
}

TEST(Truncation, KeepsTheRrsetsBeforeTheOneThatDoesNotFit) {
  const Asked asked("www.example.com");
  Answering made(asked, 512);
  ASSERT_TRUE(made.answer("www.example.com", a_records(5)));
  EXPECT_FALSE(made.answer("www.example.com", Rrset{RrType::kTxt}.add(Buffer(500, 'x'))));
  const Decoded decoded = made.finish();
  EXPECT_EQ(decoded.sections[0].size(), 5U);
  EXPECT_NE(decoded.flags & 0x0200, 0);
}

TEST(Truncation, LosesOptionalAdditionalDataSilently) {
  const Asked asked("www.example.com");
  Answering made(asked, 512);
  EXPECT_FALSE(made.additional("ns.other.example", a_records(40)));
  EXPECT_FALSE(made.writer.truncated());
  ASSERT_TRUE(made.additional("ns.other.example", a_records(1)));
  const Decoded decoded = made.finish();
  EXPECT_EQ(decoded.sections[2].size(), 1U);
  EXPECT_EQ(decoded.sections[2][0].owner, "ns.other.example.");
  EXPECT_EQ(decoded.flags & 0x0200, 0);
}

TEST(Truncation, MissingRequiredAdditionalDataSetsTc) {
  const Asked asked("www.example.com");
  Answering made(asked, 512);
  ASSERT_TRUE(made.writer.put_required_additional(wire("ns.example.com"), a_records(1).view()));
  EXPECT_FALSE(made.writer.put_required_additional(wire("ns.example.com"), a_records(40).view()));
  EXPECT_NE(made.finish().flags & 0x0200, 0);
}

ResponseEdns full_edns(const ClientSubnet& subnet) {
  ResponseEdns edns;
  edns.dnssec_ok = true;
  edns.ecs = &subnet;
  edns.ecs_scope_bits = 20;
  edns.tcp_keepalive_100ms = 300;
  edns.nsid = "fra1";
  edns.has_ede = true;
  edns.ede = EdeCode::kProhibited;
  edns.ede_text = "no";
  return edns;
}

constexpr std::string_view kEcsOption = "0008 0007 0001 18 14 cb0071";

TEST(ResponseOpt, CarriesEveryOptionAndTheUpperRcodeBits) {
  const Asked asked("www.example.com");
  const auto subnet = ClientSubnet::parse(hex("0001 18 00 cb0071"));
  const ResponseEdns edns = full_edns(*subnet);
  Answering made(asked, 512, ResponseWriter::edns_size(edns));
  const Decoded decoded = made.finish(Rcode::kBadCookie, &edns);
  EXPECT_EQ(decoded.flags & 0xf, 7);
  ASSERT_EQ(decoded.sections[2].size(), 1U);
  const DecodedRecord& opt = decoded.sections[2][0];
  EXPECT_EQ(opt.klass, 1232);
  EXPECT_EQ(opt.ttl, 0x01008000U);
  EXPECT_EQ(opt.rdata,
            hex(std::string(kEcsOption) + "000b 0002 012c 0003 0004 66726131 000f 0004 0012 6e6f"));
  EXPECT_EQ(opt.rdata.size() + 11, ResponseWriter::edns_size(edns));
}

TEST(ResponseOpt, IsNeverSentToAClientWithoutEdns) {
  const Asked asked("www.example.com", "0001 0001", false);
  Answering made(asked, 512, 0);
  const ResponseEdns edns;
  EXPECT_TRUE(made.finish(Rcode::kNoError, &edns).sections[2].empty());
}

TEST(ResponseOpt, DropsExtraTextThenTheEdeThenNsidWhenShort) {
  const Asked asked("www.example.com");
  const auto subnet = ClientSubnet::parse(hex("0001 18 00 cb0071"));
  const ResponseEdns edns = full_edns(*subnet);
  const std::size_t whole = ResponseWriter::edns_size(edns);
  for (std::size_t room = 11; room <= whole; ++room) {
    Answering made(asked, 512, room);
    // One TXT record that leaves just `room` octets.
    const std::size_t filler = 512 - asked.query.question_end - 12 - room;
    ASSERT_TRUE(made.answer("www.example.com", Rrset{RrType::kTxt}.add(Buffer(filler, 'x'))));
    const Buffer rdata = made.finish(Rcode::kNoError, &edns).sections[2][0].rdata;
    std::size_t expected = 0;
    if (room >= 22) { expected = 11; }
    if (room >= 17 && room < 22) { expected = 6; }
    if (room >= 28) { expected = 17; }
    if (room >= 36) { expected = 25; }
    if (room >= 42) { expected = 31; }
    if (room >= 44) { expected = 33; }
    if (room >= 28 && room < 36) { expected = room >= 34 ? 23 : 17; }  // EDE where NSID is too long
    EXPECT_EQ(rdata.size(), expected) << room;
  }
}

TEST(ResponseOpt, PadsTheWholeResponseToItsBlock) {
  const Asked asked("www.example.com");
  ResponseEdns edns;
  edns.padding_block = 128;
  for (std::size_t filler = 1; filler < 300; ++filler) {
    Answering made(asked, 4096, ResponseWriter::edns_size(edns));
    ASSERT_TRUE(made.answer("www.example.com", Rrset{RrType::kTxt}.add(Buffer(filler, 'x'))));
    const Buffer rdata = made.finish(Rcode::kNoError, &edns).sections[2][0].rdata;
    EXPECT_EQ(made.size % 128, 0U) << filler;
    ASSERT_LT(rdata.size(), 128U + 4U);
    EXPECT_EQ(load_u16(rdata.data()), 12);
    EXPECT_EQ(load_u16(rdata.data() + 2), rdata.size() - 4);
    EXPECT_TRUE(std::all_of(rdata.begin() + 4, rdata.end(), [](auto octet) { return octet == 0; }));
  }
}

TEST(ResponseOpt, PaddingStopsAtTheLimit) {
  const Asked asked("www.example.com");
  ResponseEdns edns;
  edns.padding_block = 468;
  for (std::size_t left = 0; left < 20; ++left) {
    Answering made(asked, 512, 11);
    const std::size_t filler = 512 - asked.query.question_end - 12 - 11 - left;
    ASSERT_TRUE(made.answer("www.example.com", Rrset{RrType::kTxt}.add(Buffer(filler, 'x'))));
    made.finish(Rcode::kNoError, &edns);
    EXPECT_EQ(made.size, left < 4 ? 512U - left : 512U);
  }
}

TEST(ResponseOpt, CarriesTheCookie) {
  const Asked asked("www.example.com");
  const Buffer cookie = hex("0102030405060708 0100000000000000 1112131415161718");
  ResponseEdns edns;
  edns.cookie = cookie;
  Answering made(asked, 512, ResponseWriter::edns_size(edns));
  const Buffer rdata = made.finish(Rcode::kNoError, &edns).sections[2][0].rdata;
  EXPECT_EQ(rdata, hex("000a 0018 0102030405060708 0100000000000000 1112131415161718"));
  EXPECT_EQ(rdata.size() + 11, ResponseWriter::edns_size(edns));
}

TEST(ResponseOpt, AnEnormousNsidCostsTheNsidNotTheAnswer) {
  const Asked asked("www.example.com");
  const std::string nsid(2000, 'n');
  ResponseEdns edns;
  edns.nsid = nsid;
  Answering made(asked, 512, ResponseWriter::edns_size(edns));
  const Decoded decoded = made.finish(Rcode::kNoError, &edns);
  ASSERT_EQ(decoded.sections[2].size(), 1U);
  EXPECT_TRUE(decoded.sections[2][0].rdata.empty());
}

TEST(ErrorResponse, EchoesOpcodeQuestionAndOpt) {
  Asked asked("WWW.example.com");
  Buffer out(512, 0xee);
  const ResponseEdns edns;
  const std::size_t size =
      write_error_response(out, asked.octets, asked.query, Rcode::kBadVers, &edns);
  const Decoded decoded = Decoder({out.data(), size}).decode();
  EXPECT_EQ(decoded.id, 0x1234);
  EXPECT_EQ(decoded.qname, "WWW.example.com.");
  EXPECT_EQ(decoded.flags, 0x8110);
  EXPECT_EQ(decoded.sections[2][0].ttl, 0x01000000U);
}

TEST(ErrorResponse, KeepsTheOpcodeAndGoesWithoutABrokenQuestion) {
  const Buffer message = hex("1234 2900 0001 0000 0000 0005 03 77");
  Query query;
  EXPECT_EQ(parse_query(message, query).error(), QueryError::kOpcode);
  Buffer out(512, 0xee);
  const ResponseEdns edns;
  const std::size_t size = write_error_response(out, message, query, Rcode::kNotImp, &edns);
  out.resize(size);
  EXPECT_EQ(out, hex("1234 a904 0000 0000 0000 0000"));
}

}  // namespace
}  // namespace gslb::dns
