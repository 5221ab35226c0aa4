#include <gtest/gtest.h>

#include "gslb/fleet/report.h"

namespace gslb::fleet {
namespace {

// printf 'v1\n1790000000250\n{"version":1}' | openssl dgst -sha256 -hmac 'fra-secret'
constexpr std::string_view kKey = "fra-secret";
constexpr std::string_view kTime = "1790000000250";
constexpr std::string_view kBody = R"({"version":1})";
constexpr std::string_view kSignature =
    "b6aad9751593ced9d7d6dc55b08f8a7d062ff7fb3ff7234dad6909f1c0bb84b4";
constexpr milliseconds kSkew{30'000};

const WallTime kSignedAt{milliseconds(1'790'000'000'250)};

Result<void, SignatureError> verify(std::string_view time, std::string_view signature,
                                    WallTime now = kSignedAt) {
  return verify_report(kKey, {time, signature, kBody}, now, kSkew);
}

TEST(ReportSignature, EqualsTheOneOfOpenSslsCommandLine) {
  EXPECT_EQ(sign_report(kKey, kTime, kBody), kSignature);
}

TEST(ReportSignature, AcceptsTheTrueSender) { EXPECT_TRUE(verify(kTime, kSignature).has_value()); }

TEST(ReportSignature, RefusesAnyChange) {
  std::string flipped(kSignature);
  flipped.back() = flipped.back() == '0' ? '1' : '0';
  EXPECT_EQ(verify(kTime, flipped).error(), SignatureError::kMismatch);
  EXPECT_EQ(verify("1790000000251", kSignature).error(), SignatureError::kMismatch);
  EXPECT_EQ(verify_report("other", {kTime, kSignature, kBody}, kSignedAt, kSkew).error(),
            SignatureError::kMismatch);
  EXPECT_EQ(verify_report(kKey, {kTime, kSignature, "{}"}, kSignedAt, kSkew).error(),
            SignatureError::kMismatch);
}

TEST(ReportSignature, RefusesMalformedTimesAndSignatures) {
  for (const char* time : {"", " 1", "-1", "+1", "1.5", "0x10", "1790000000250 ",
                           "1234567890123456", "99999999999999999999"}) {
    EXPECT_EQ(verify(time, kSignature).error(), SignatureError::kMalformed) << time;
  }
  std::string upper(kSignature);
  for (char& c : upper) { c = static_cast<char>(std::toupper(c)); }
  EXPECT_EQ(verify(kTime, upper).error(), SignatureError::kMalformed);
  EXPECT_EQ(verify(kTime, "").error(), SignatureError::kMalformed);
  EXPECT_EQ(verify(kTime, kSignature.substr(1)).error(), SignatureError::kMalformed);
}

TEST(ReportSignature, AllowsSkewUpToTheLimitAndNotBeyond) {
  EXPECT_TRUE(verify(kTime, kSignature, kSignedAt + kSkew).has_value());
  EXPECT_TRUE(verify(kTime, kSignature, kSignedAt - kSkew).has_value());
  const milliseconds over = kSkew + milliseconds(1);
  EXPECT_EQ(verify(kTime, kSignature, kSignedAt + over).error(), SignatureError::kSkew);
  EXPECT_EQ(verify(kTime, kSignature, kSignedAt - over).error(), SignatureError::kSkew);
}

TEST(ReportSignature, TimesFarAwayDoNotOverflow) {
  for (const char* time : {"0", "999999999999999"}) {
    EXPECT_EQ(verify(time, kSignature).error(), SignatureError::kMismatch);
    EXPECT_EQ(verify(time, sign_report(kKey, time, kBody)).error(), SignatureError::kSkew);
  }
}

TEST(ReportSignature, ClusterWithoutKeyTakesNothing) {
  const std::string signature = sign_report("", kTime, kBody);
  EXPECT_EQ(signature.size(), 64U);
  EXPECT_EQ(verify_report("", {kTime, signature, kBody}, kSignedAt, kSkew).error(),
            SignatureError::kMismatch);
}

}  // namespace
}  // namespace gslb::fleet
