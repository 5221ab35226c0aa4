#include "edge/origin/s3.h"

#include <gtest/gtest.h>

#include "edge/origin/sigv4.h"

namespace edge::origin {
namespace {

// The examples of Amazon's "Authenticating Requests: Using the Authorization Header".
const SigningKey kKey{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                      "us-east-1"};
constexpr std::string_view kDate = "20130524T000000Z";

std::string signature_of(const std::string& path, const std::string& query,
                         const std::string& range = "") {
  SigningInput input{"GET", path, query, {{"host", "examplebucket.s3.amazonaws.com"}}};
  if (!range.empty()) { input.fields.emplace_back("range", range); }
  input.fields.emplace_back("x-amz-content-sha256", kEmptyHash);
  input.fields.emplace_back("x-amz-date", kDate);
  const std::string value = authorization(kKey, input, kDate);
  return value.substr(value.rfind('=') + 1);
}

TEST(SigV4, SignsAsAmazonsExamplesDo) {
  EXPECT_EQ(signature_of("/test.txt", "", "bytes=0-9"),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(signature_of("/", "lifecycle="),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature_of("/", "max-keys=2&prefix=J"),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, NamesTheScopeAndWhatIsSigned) {
  SigningInput input{"GET", "/", "", {{"host", "h"}, {"x-amz-date", std::string(kDate)}}};
  const std::string value = authorization(kKey, input, kDate);
  EXPECT_TRUE(
      value.starts_with("AWS4-HMAC-SHA256 "
                        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                        "aws4_request,SignedHeaders=host;x-amz-date,Signature="))
      << value;
  EXPECT_EQ(amz_date(gslb::WallTime(std::chrono::seconds(1369353600))), kDate);
}

TEST(S3Bucket, IsTheConfiguredOneOrOfTheHost) {
  config::S3 s3;
  s3.domain = "s3.example";
  EXPECT_EQ(s3_bucket(s3, "photos.s3.example:8080"), "photos");
  EXPECT_EQ(s3_bucket(s3, "a.b.s3.example"), "a.b");
  for (const char* host : {"s3.example", ".s3.example", "ab.s3.example", "a..b.s3.example",
                           "photos.other.example", "...s3.example"}) {
    EXPECT_EQ(s3_bucket(s3, host), "") << host;
  }
  s3.bucket = "fixed";
  EXPECT_EQ(s3_bucket(s3, "www.example"), "fixed");
}

TEST(S3Listing, PassesNothingButAListing) {
  EXPECT_EQ(s3_listing_query("prefix=a/b&list-type=2"), "list-type=2&prefix=a%2Fb");
  EXPECT_EQ(s3_listing_query("delimiter"), "delimiter=");
  EXPECT_EQ(s3_listing_query("prefix=%41+"), "prefix=A%2B");
  for (const char* query : {"acl", "prefix=a&policy", "uploads", "versions&prefix=a",
                            "response-content-type=x", "%61cl"}) {
    EXPECT_EQ(s3_listing_query(query), "") << query;
  }
}

}  // namespace
}  // namespace edge::origin
