// What DNS answers become: aliases, and the order addresses are tried in.
#include <gtest/gtest.h>

#include "edge/origin/address_book.h"
#include "edge/origin/resolver.h"

namespace edge::origin {
namespace {

using Status = Lookup::Status;

gslb::Address at(const char* text) { return *gslb::Address::parse(text); }

constexpr gslb::MonoTime kNow{std::chrono::hours(1)};

TEST(AddressOrder, FamiliesTakeTurnsAndEveryAddressIsOnceTheFirst) {
  const std::vector<gslb::Address> known = {at("2001:db8::1"), at("2001:db8::2"), at("192.0.2.1")};
  EXPECT_EQ(in_turn(known, {}, 0, kNow),
            (std::vector{at("2001:db8::1"), at("192.0.2.1"), at("2001:db8::2")}));
  EXPECT_EQ(in_turn(known, {}, 1, kNow),
            (std::vector{at("2001:db8::2"), at("192.0.2.1"), at("2001:db8::1")}));
  EXPECT_TRUE(in_turn({}, {}, 7, kNow).empty());
}

TEST(AddressOrder, WhatFailedOfLateIsTriedLast) {
  const std::vector<gslb::Address> known = {at("192.0.2.1"), at("192.0.2.2")};
  EXPECT_EQ(in_turn(known, {{at("192.0.2.1"), kNow + std::chrono::seconds(1)}}, 0, kNow).front(),
            at("192.0.2.2"));
  EXPECT_EQ(in_turn(known, {{at("192.0.2.1"), kNow}}, 0, kNow).front(), at("192.0.2.1"));
}

// A response to a question for CNAME of www.example, with these octets of answers.
std::vector<std::uint8_t> message(char code, char answers, std::string_view rest) {
  std::string text("\0\1\x81\x80\0\1\0\0\0\0\0\0\3www\7example\0\0\5\0\1", 29);
  text[3] = static_cast<char>(text[3] | code);
  text[7] = answers;
  text += rest;
  return {text.begin(), text.end()};
}

constexpr std::string_view kAlias("\xc0\x0c\0\5\0\1\0\0\1\x2c\0\7\4Edge\xc0\x10", 19);

TEST(AliasAnswer, SaysWhatTheNameStandsForAndHowLong) {
  const Lookup lookup = parse_alias(message(0, 1, kAlias), "www.example");
  EXPECT_EQ(lookup.status, Status::kFound);
  EXPECT_EQ(lookup.alias, "edge.example");
  EXPECT_EQ(lookup.ttl_s, 300);
}

TEST(AliasAnswer, OfAnotherNameOrNoneIsNone) {
  EXPECT_EQ(parse_alias(message(0, 1, kAlias), "other.example").status, Status::kNone);
  EXPECT_EQ(parse_alias(message(0, 0, ""), "www.example").status, Status::kNone);
  EXPECT_EQ(parse_alias(message(3, 0, ""), "www.example").status, Status::kNone);
  EXPECT_EQ(parse_alias(message(2, 0, ""), "www.example").status, Status::kFailed);
}

TEST(AliasAnswer, CutAnywhereIsNoAnswerAndNeverReadBeyond) {
  const std::vector<std::uint8_t> whole = message(0, 1, kAlias);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of that size, so that a sanitizer sees a step beyond.
    const std::vector<std::uint8_t> cut(whole.begin(),
                                        whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(parse_alias(cut, "www.example").status, Status::kFound) << size;
  }
  EXPECT_EQ(parse_alias(message(0, 1, "\xc0\x1d"), "www.example").status, Status::kFailed)
      << "a pointer to itself";
}

}  // namespace
}  // namespace edge::origin
