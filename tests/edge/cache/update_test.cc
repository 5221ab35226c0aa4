#include "edge/cache/update.h"

#include <gtest/gtest.h>

#include "edge/cache/key.h"

#include "tests/edge/cache/heads.h"

namespace edge::cache {
namespace {

TEST(Update304, ReplacesFieldsButNotTheFraming) {
  const http::ResponseHead stored = response(200, {{"ETag", "\"1\""},
                                                   {"Content-Type", "a/b"},
                                                   {"X", "old"},
                                                   {"X", "older"},
                                                   {"Age", "9"},
                                                   {"Content-Encoding", "gzip"}});
  const http::ResponseHead fresh = response(304, {{"X", "new"},
                                                  {"Content-Length", "0"},
                                                  {"Content-Type", "c/d"},
                                                  {"Content-Encoding", "br"},
                                                  {"Connection", "y"},
                                                  {"Y", "1"}});
  const http::ResponseHead updated = updated_by(stored, fresh);
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.fields.joined("X"), "new");
  EXPECT_EQ(updated.fields.joined("Content-Encoding"), "gzip");
  EXPECT_EQ(updated.fields.joined("Content-Type"), "c/d");
  EXPECT_FALSE(updated.fields.has("Content-Length"));
  EXPECT_FALSE(updated.fields.has("Age"));
  EXPECT_FALSE(updated.fields.has("Y"));
}

TEST(Update304, IsAboutWhatItsValidatorsSelect) {
  const auto selected = [](std::initializer_list<http::Field> sent,
                           std::initializer_list<http::Field> kept) {
    return selects(response(304, sent), response(200, kept));
  };
  EXPECT_TRUE(selected({{"ETag", "\"1\""}}, {{"ETag", "\"1\""}}));
  EXPECT_FALSE(selected({{"ETag", "\"2\""}}, {{"ETag", "\"1\""}}));
  EXPECT_FALSE(selected({{"ETag", "\"1\""}}, {{"ETag", "W/\"1\""}}));  // strong needs strong
  EXPECT_TRUE(selected({{"ETag", "W/\"1\""}}, {{"ETag", "\"1\""}}));
  EXPECT_FALSE(selected({{"ETag", "\"1\""}}, {}));
  EXPECT_TRUE(selected({{"ETag", "abc"}}, {{"ETag", "abc"}}));
  EXPECT_TRUE(selected({}, {{"ETag", "\"1\""}}));
  EXPECT_TRUE(selected({{"Last-Modified", "x"}}, {{"Last-Modified", "x"}}));
  EXPECT_FALSE(selected({{"Last-Modified", "y"}}, {{"Last-Modified", "x"}}));
}

TEST(UpdateHead, ChangesOrConfirms) {
  const http::ResponseHead stored = response(200, {{"ETag", "\"1\""}, {"Last-Modified", "x"}});
  const auto verdict = [&](std::initializer_list<http::Field> list) {
    return judge_head(response(200, list), stored, 10);
  };
  EXPECT_EQ(verdict({}), HeadVerdict::kSame);
  EXPECT_EQ(verdict({{"ETag", "\"1\""}, {"Content-Length", "10"}}), HeadVerdict::kSame);
  EXPECT_EQ(verdict({{"ETag", "\"1\""}, {"Content-Length", "11"}}), HeadVerdict::kChanged);
  EXPECT_EQ(verdict({{"ETag", "\"2\""}}), HeadVerdict::kChanged);
  EXPECT_EQ(verdict({{"Last-Modified", "y"}}), HeadVerdict::kChanged);
  EXPECT_EQ(judge_head(response(200, {{"ETag", "\"1\""}}), response(200, {}), 10),
            HeadVerdict::kChanged);
}

TEST(Parts, AreCombinedOnlyByTheSameStrongValidator) {
  const gslb::WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};
  const auto same = [&](const char* part, const char* stored) {
    return is_same_representation(response(206, {{"ETag", part}}),
                                  response(200, {{"ETag", stored}}), now);
  };
  EXPECT_TRUE(same("\"1\"", "\"1\""));
  EXPECT_FALSE(same("\"1\"", "\"2\""));
  EXPECT_FALSE(same("W/\"1\"", "W/\"1\""));
  EXPECT_FALSE(is_same_representation(response(206, {}), response(200, {}), now));
}

TEST(Vary, ComparesNormalisedValues) {
  const http::Fields head = fields_of({{"Vary", "X-List, Accept-Language"}});
  const Variant variant = variant_of(fields_of({{"x-list", "gzip,  br"}}), head);
  EXPECT_TRUE(matches(variant, fields_of({{"X-List", "gzip,br"}})));
  EXPECT_TRUE(matches(variant, fields_of({{"X-List", "gzip"}, {"X-List", "br"}})));
  EXPECT_FALSE(matches(variant, fields_of({{"X-List", "br, gzip"}})));
  EXPECT_FALSE(matches(variant, fields_of({})));
  EXPECT_FALSE(matches(variant, fields_of({{"X-List", "gzip,br"}, {"Accept-Language", ""}})));
}

TEST(Vary, TakesAcceptEncodingForTheSetItNames) {
  const http::Fields head = fields_of({{"Vary", "Accept-Encoding"}});
  const Variant variant = variant_of(fields_of({{"Accept-Encoding", "gzip, deflate, br"}}), head);
  EXPECT_TRUE(matches(variant, fields_of({{"Accept-Encoding", "br;q=1.0, gzip;q=0.8"}})));
  EXPECT_FALSE(matches(variant, fields_of({{"Accept-Encoding", "gzip"}})));
  EXPECT_FALSE(matches(variant, fields_of({})));
}

TEST(Invalidation, StaysOnTheHost) {
  http::RequestHead request;
  request.host = "a.example";
  request.target = "/form";
  const auto keys = invalidated_keys(
      request, fields_of({{"Location", "http://A.example/new#x"}, {"Content-Location", "/cl"}}));
  EXPECT_EQ(keys, (std::vector<std::string>{"a.example /form", "a.example /new", "a.example /cl"}));
  EXPECT_EQ(invalidated_keys(request, fields_of({{"Location", "http://b.example/new"}})).size(),
            1U);
  EXPECT_EQ(invalidated_keys(request, fields_of({{"Location", "//b.example/new"}})).size(), 1U);
  EXPECT_EQ(invalidated_keys(request, fields_of({{"Location", "http://a.example:81/new"}})).size(),
            1U);
  EXPECT_EQ(invalidated_keys(request, fields_of({{"Location", "new?x"}})).back(),
            "a.example /new?x");
}

TEST(Keys, OfHttpAndHttpsDiffer) {
  EXPECT_NE(primary_key("a.example", "/", false), primary_key("a.example", "/", true));
  http::RequestHead request;
  request.host = "a.example";
  request.target = "/";
  request.secure = true;
  EXPECT_EQ(invalidated_keys(request, {}).front(), primary_key("a.example", "/", true));
}

}  // namespace
}  // namespace edge::cache
