#include "edge/filter/choose.h"

#include <gtest/gtest.h>

namespace edge::filter {
namespace {

using List = std::initializer_list<http::Field>;

http::Fields fields_of(List list) {
  http::Fields fields;
  for (const http::Field& field : list) { fields.add(field.name, field.value); }
  return fields;
}

config::Filters compressing() {
  config::Filters filters;
  filters.compress.emplace().types = {"text/*", "*+json"};
  return filters;
}

config::Filters including() {
  config::Filters filters;
  filters.esi.emplace();
  return filters;
}

class ChooseTest : public testing::Test {
 protected:
  Choice choice(List request, List response) {
    request_.fields = fields_of(request);
    response_.fields = fields_of(response);
    return choose(filters_, {request_, response_, length_, part_, included_});
  }
  Coding coding(const std::string& accept, List response) {
    return choice({{"Accept-Encoding", accept}}, response).encode;
  }

  config::Filters filters_ = compressing();
  http::RequestHead request_;
  http::ResponseHead response_{200, "", 1, {}};
  std::optional<std::uint64_t> length_;
  bool part_ = false;
  bool included_ = false;
};

TEST_F(ChooseTest, TheClientsWishGoesBeforeTheSitesOrder) {
  const List page = {{"Content-Type", "text/html; charset=utf-8"}};
  EXPECT_EQ(coding("gzip, br, zstd", page), Coding::kZstd);
  EXPECT_EQ(coding("gzip, br", page), Coding::kBrotli);
  EXPECT_EQ(coding("gzip, br;q=0.5", page), Coding::kGzip);
  EXPECT_EQ(coding("*", page), Coding::kZstd);
  EXPECT_EQ(coding("*, zstd;q=0", page), Coding::kBrotli);
  EXPECT_EQ(coding("x-gzip", page), Coding::kGzip);
  EXPECT_EQ(coding("gzip;q=0.001", page), Coding::kGzip);
  EXPECT_EQ(coding("gzip;q=0, deflate", page), Coding::kIdentity);
  EXPECT_EQ(coding("gzip;q=0.5, identity", page), Coding::kIdentity);
  EXPECT_EQ(coding("gzip;q=0.5, identity;q=0.5", page), Coding::kGzip);
  EXPECT_EQ(choice({}, page).encode, Coding::kIdentity);
  filters_.compress->codings = {Coding::kGzip};
  EXPECT_EQ(coding("gzip;q=0.1, br", page), Coding::kGzip);
}

TEST_F(ChooseTest, OnlyWholeTextThatMayBeChangedIsCoded) {
  const List request = {{"Accept-Encoding", "gzip"}};
  EXPECT_TRUE(choice(request, {{"Content-Type", "APPLICATION/LD+JSON"}}).changes());
  EXPECT_FALSE(choice(request, {{"Content-Type", "image/png"}}).varies);
  EXPECT_FALSE(choice(request, {}).varies);
  EXPECT_FALSE(
      choice(request, {{"Content-Type", "text/css"}, {"Cache-Control", "No-Transform"}}).varies);
  EXPECT_FALSE(choice({{"Accept-Encoding", "gzip"}, {"Cache-Control", "no-transform"}},
                      {{"Content-Type", "text/css"}})
                   .changes());
  const List page = {{"Content-Type", "text/css"}};
  length_ = 10;
  EXPECT_FALSE(choice(request, page).varies);
  EXPECT_TRUE(choice({{"Accept-Encoding", "gzip, identity;q=0"}}, page).changes());
  length_ = 1000;
  EXPECT_TRUE(choice(request, page).changes());
  part_ = true;
  EXPECT_FALSE(choice(request, page).changes());
  EXPECT_TRUE(choice(request, page).varies);  // the whole of it would be coded
  part_ = false;
  included_ = true;
  EXPECT_FALSE(choice(request, page).changes());
  included_ = false;
  for (const int status : {204, 206, 304}) {
    response_.status = status;
    EXPECT_FALSE(choice(request, page).changes());
    EXPECT_EQ(choice(request, page).varies, status == 206);
  }
}

TEST_F(ChooseTest, AnOriginThatChoosesByItselfIsLeftAlone) {
  EXPECT_FALSE(choice({{"Accept-Encoding", "gzip"}},
                      {{"Content-Type", "text/css"}, {"Vary", "Origin, accept-encoding"}})
                   .varies);
}

// Others get it coded: a cache on the way has to know.
TEST_F(ChooseTest, WhoGetsItAsItIsHearsThatItVaries) {
  const Choice plain = choice({}, {{"Content-Type", "text/css"}, {"ETag", "\"a\""}});
  EXPECT_TRUE(plain.varies);
  EXPECT_FALSE(plain.changes());
  const http::ResponseHead head = filtered_head(response_, plain);
  EXPECT_EQ(head.fields.joined("Vary"), "Accept-Encoding");
  EXPECT_EQ(head.fields.joined("ETag"), "\"a\"");
}

TEST_F(ChooseTest, ARangeIsOfTheStoredOctets) {
  const Choice range =
      choice({{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-9"}}, {{"Content-Type", "text/css"}});
  EXPECT_TRUE(range.varies);
  EXPECT_FALSE(range.changes());
}

TEST_F(ChooseTest, ACodedHeadSaysNothingOfTheOctetsThatWere) {
  const Choice coded =
      choice({{"Accept-Encoding", "br"}}, {{"Content-Type", "text/css"},
                                           {"ETag", "\"a\""},
                                           {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                           {"Content-Length", "1000"},
                                           {"Content-MD5", "x"},
                                           {"Repr-Digest", "x"},
                                           {"Accept-Ranges", "bytes"},
                                           {"Vary", "Origin"}});
  const http::Fields fields = filtered_head(response_, coded).fields;
  EXPECT_EQ(fields.joined("Content-Encoding"), "br");
  EXPECT_EQ(fields.joined("ETag"), "W/\"a\"");
  EXPECT_EQ(fields.joined("Vary"), "Origin, Accept-Encoding");
  EXPECT_TRUE(fields.has("Last-Modified"));
  for (const auto* name : {"Content-Length", "Content-MD5", "Repr-Digest", "Accept-Ranges"}) {
    EXPECT_FALSE(fields.has(name)) << name;
  }
}

TEST_F(ChooseTest, WhoCantReadTheStoredCodingGetsItUndone) {
  const List stored = {
      {"Content-Type", "text/css"}, {"Content-Encoding", "gzip"}, {"ETag", "W/\"a\""}};
  EXPECT_EQ(choice({{"Accept-Encoding", "gzip"}}, stored).decode, Coding::kIdentity);
  EXPECT_EQ(choice({{"Accept-Encoding", "br"}}, stored).decode, Coding::kGzip);
  const Choice undone = choice({}, stored);
  EXPECT_EQ(undone.decode, Coding::kGzip);
  const http::Fields fields = filtered_head(response_, undone).fields;
  EXPECT_FALSE(fields.has("Content-Encoding"));
  EXPECT_EQ(fields.joined("ETag"), "W/\"a\"");
  EXPECT_EQ(fields.joined("Vary"), "Accept-Encoding");
  filters_.compress->decode = false;
  EXPECT_FALSE(choice({}, stored).changes());
  EXPECT_FALSE(choice({}, {{"Content-Encoding", "gzip, br"}}).changes());
  EXPECT_FALSE(choice({}, {{"Content-Encoding", "compress"}}).changes());
}

TEST_F(ChooseTest, EsiPagesGoByTypeOrByTheirSurrogateControl) {
  EXPECT_FALSE(choice({}, {{"Content-Type", "text/html"}}).esi);
  filters_ = including();
  EXPECT_TRUE(choice({}, {{"Content-Type", "text/html"}}).esi);
  EXPECT_FALSE(choice({}, {{"Content-Type", "text/css"}}).esi);
  EXPECT_TRUE(choice({}, {{"Content-Type", "text/css"},
                          {"Surrogate-Control", "no-store, content=\"ESI/1.0 X/1\""}})
                  .esi);
  EXPECT_FALSE(choice({}, {{"Surrogate-Control", "max-age=1"}}).esi);
}

TEST_F(ChooseTest, APageIsDecodedThenPutTogetherThenCoded) {
  filters_.esi.emplace();
  const Choice all =
      choice({{"Accept-Encoding", "zstd"}, {"Range", "bytes=0-1"}}, {{"Content-Type", "text/html"},
                                                                     {"Content-Encoding", "gzip"},
                                                                     {"ETag", "\"a\""},
                                                                     {"Last-Modified", "x"}});
  EXPECT_EQ(all.decode, Coding::kGzip);
  EXPECT_TRUE(all.esi);
  EXPECT_EQ(all.encode, Coding::kZstd);
  const http::Fields fields = filtered_head(response_, all).fields;
  EXPECT_EQ(fields.joined("Content-Encoding"), "zstd");
  EXPECT_FALSE(fields.has("ETag"));
  EXPECT_FALSE(fields.has("Last-Modified"));
}

TEST(IfMatch, IsSentAsTheOriginWroteTheTags) {
  EXPECT_EQ(strong_again("W/\"a\", \"b,c\""), "\"a\", \"b,c\"");
  EXPECT_EQ(strong_again("*"), "*");
}

}  // namespace
}  // namespace edge::filter
