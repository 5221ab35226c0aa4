#include "gslb/dns/types.h"

#include <gtest/gtest.h>

namespace gslb::dns {
namespace {

TEST(RrTypeNames, EveryNumberRoundTrips) {
  for (unsigned number = 0; number <= 0xffff; ++number) {
    const auto type = static_cast<RrType>(number);
    ASSERT_EQ(parse_rr_type(to_string(type)), type) << number;
  }
}

TEST(RrTypeNames, KnownTypesHaveTheirMnemonics) {
  EXPECT_EQ(to_string(RrType::kA), "A");
  EXPECT_EQ(to_string(RrType::kHttps), "HTTPS");
  EXPECT_EQ(to_string(RrType::kNsec3param), "NSEC3PARAM");
  EXPECT_EQ(to_string(static_cast<RrType>(65280)), "TYPE65280");
}

TEST(RrTypeNames, ParseIgnoresCaseAndTakesGenericNames) {
  EXPECT_EQ(parse_rr_type("aaaa"), RrType::kAaaa);
  EXPECT_EQ(parse_rr_type("Type28"), RrType::kAaaa);
  EXPECT_EQ(parse_rr_type("TYPE0"), static_cast<RrType>(0));
}

TEST(RrTypeNames, ParseRefusesWhatIsNoType) {
  for (const char* text : {"", "AA", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "TYPE 1", "A "}) {
    EXPECT_EQ(parse_rr_type(text), std::nullopt) << text;
  }
}

TEST(RcodeNames, UnknownOnesShowTheirNumber) {
  EXPECT_EQ(to_string(Rcode::kNxDomain), "NXDOMAIN");
  EXPECT_EQ(to_string(static_cast<Rcode>(4000)), "RCODE4000");
}

TEST(RrClassNames, UnknownOnesShowTheirNumber) {
  EXPECT_EQ(to_string(RrClass::kIn), "IN");
  EXPECT_EQ(to_string(RrClass::kCh), "CH");
  EXPECT_EQ(to_string(static_cast<RrClass>(7)), "CLASS7");
}

TEST(MetaTypes, AreThoseNeverStored) {
  for (const RrType type : {RrType::kOpt, RrType::kTsig, RrType::kAny, RrType::kAxfr,
                            static_cast<RrType>(0), static_cast<RrType>(128)}) {
    EXPECT_TRUE(is_meta(type)) << to_string(type);
  }
  for (const RrType type : {RrType::kA, RrType::kUri, RrType::kEui64, RrType::kCaa}) {
    EXPECT_FALSE(is_meta(type)) << to_string(type);
  }
}

}  // namespace
}  // namespace gslb::dns
