#include "gslb/transfer/parent_query.h"

#include <gtest/gtest.h>

#include "wire.h"

namespace gslb::transfer {
namespace {

constexpr std::uint16_t kId = 4711;
constexpr const char* kDs =
    "child.example. 300 DS 12345 13 2 "
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
constexpr const char* kParentSoa = "example. 60 SOA ns. host. 1 2 3 4 5\n";

// The query with QR, AA and these sections.
Message answer_with(const std::string& answers, const std::string& authorities,
                    std::uint8_t flags = 0x84, std::uint8_t rcode = 0) {
  Message message =
      write_query({.apex = name_of("child.example."), .id = kId, .type = dns::RrType::kDs});
  message[2] = flags;
  message[3] = rcode;
  for (const Record& record : records(answers + authorities)) { put_record(message, record); }
  message[7] = static_cast<std::uint8_t>(records(answers).size());
  message[9] = static_cast<std::uint8_t>(records(authorities).size());
  return message;
}
Result<DsAnswer, SoaAnswerError> read(const Message& message, std::uint16_t id = kId) {
  return read_ds_answer(message, id, name_of("child.example."));
}

TEST(ParentQuery, ReadsTheDsOfAParent) {
  const auto answer = read(answer_with(std::string(kDs) + kDs, ""));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rdata.size(), 2U);
  EXPECT_EQ(answer->ttl_s, 300U);
  EXPECT_EQ(load_u16(answer->rdata[0].data()), 12345);
}

TEST(ParentQuery, NoDsIsWhatTheParentDeniesOnly) {
  const auto none = read(answer_with("", kParentSoa));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->rdata.empty());
  // The zone's own server denies it too, and knows nothing of it.
  EXPECT_EQ(read(answer_with("", "child.example. 60 SOA ns. host. 1 2 3 4 5\n")).error(),
            SoaAnswerError::kLame);
  EXPECT_EQ(read(answer_with("", "")).error(), SoaAnswerError::kLame);
  EXPECT_EQ(read(answer_with("", "other. 60 SOA ns. host. 1 2 3 4 5\n")).error(),
            SoaAnswerError::kLame);
}

TEST(ParentQuery, WhatIsNoAnswerOfTheParentIsNone) {
  EXPECT_EQ(read(answer_with(kDs, ""), kId + 1).error(), SoaAnswerError::kForeign);
  EXPECT_EQ(read(answer_with(kDs, "", 0x80)).error(), SoaAnswerError::kLame) << "a resolver";
  EXPECT_EQ(read(answer_with(kDs, "", 0x86)).error(), SoaAnswerError::kTruncated);
  EXPECT_EQ(read(answer_with("", kParentSoa, 0x84, 3)).error(), SoaAnswerError::kRcode);
  const Message whole = answer_with(kDs, kParentSoa);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read(Message(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
  }
}

}  // namespace
}  // namespace gslb::transfer
