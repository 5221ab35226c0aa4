#include "edge/http/reference.h"

#include <gtest/gtest.h>

#include "edge/http/accept_encoding.h"

namespace edge::http {
namespace {

std::string resolved(std::string_view reference) {
  const auto result = resolve_reference(reference, "h.example", "/a/b/c?q");
  return result ? result->host + ' ' + result->target : "none";
}

TEST(Reference, ResolvesAsRfc3986) {
  EXPECT_EQ(resolved("/x"), "h.example /x");
  EXPECT_EQ(resolved("x"), "h.example /a/b/x");
  EXPECT_EQ(resolved("./x/./y"), "h.example /a/b/x/y");
  EXPECT_EQ(resolved("../x?y"), "h.example /a/x?y");
  EXPECT_EQ(resolved("../../../x"), "h.example /x");
  EXPECT_EQ(resolved(".."), "h.example /a/");
  EXPECT_EQ(resolved("?z"), "h.example /a/b/c?z");
  EXPECT_EQ(resolved(""), "h.example /a/b/c?q");
  EXPECT_EQ(resolved("#f"), "h.example /a/b/c?q");
  EXPECT_EQ(resolved("/x#f"), "h.example /x");
  EXPECT_EQ(resolved("x:y/z"), "none");
  EXPECT_EQ(resolved("x/y:z"), "h.example /a/b/x/y:z");
}

TEST(Reference, NormalisesTheOrigin) {
  EXPECT_EQ(resolved("HTTP://H.Example"), "h.example /");
  EXPECT_EQ(resolved("http://h.example:80/x"), "h.example /x");
  EXPECT_EQ(resolved("https://h.example:443?x"), "h.example /?x");
  EXPECT_EQ(resolved("http://h.example:8080/x"), "h.example:8080 /x");
  EXPECT_EQ(resolved("//other/x/../y"), "other /y");
}

TEST(Reference, RefusesWhatIsNoTargetHere) {
  for (const char* bad : {"ftp://h.example/x", "mailto:x", "http:x", "http://u@h.example/",
                          "http:///x", "/a b", "/\xe4"}) {
    EXPECT_EQ(resolved(bad), "none") << bad;
  }
}

TEST(AcceptEncoding, IsReducedToWhatMakesADifference) {
  EXPECT_EQ(normal_accept_encoding("gzip, deflate, br"), "br, gzip");
  EXPECT_EQ(normal_accept_encoding("BR;q=0.9,gzip;q=1.0 ,*;q=0"), "*;q=0, br, gzip");
  EXPECT_EQ(normal_accept_encoding("gzip;q=0, br;q=0.000"), "identity");
  EXPECT_EQ(normal_accept_encoding("gzip;q=0, *"), "*, gzip;q=0");
  EXPECT_EQ(normal_accept_encoding("identity;q=0, x-gzip"), "gzip, identity;q=0");
  EXPECT_EQ(normal_accept_encoding("deflate"), "deflate");
  EXPECT_EQ(normal_accept_encoding("identity"), "identity");
  EXPECT_EQ(normal_accept_encoding(""), "identity");
  EXPECT_EQ(normal_accept_encoding("zstd, zstd, gzip;level=1;q=0.0"), "zstd");
}

TEST(AcceptEncoding, WeighsCodings) {
  EXPECT_EQ(coding_weight("gzip;q=0.25, br", "gzip"), 250);
  EXPECT_EQ(coding_weight("gzip;q=0.25, BR", "br"), 1000);
  EXPECT_EQ(coding_weight("x-gzip ; Q=0.001", "gzip"), 1);
  EXPECT_EQ(coding_weight("gzip", "br"), 0);
  EXPECT_EQ(coding_weight("gzip;q=0, *;q=0.5", "gzip"), 0);
  EXPECT_EQ(coding_weight("gzip;q=0, *;q=0.5", "br"), 500);
  EXPECT_EQ(coding_weight("gzip", "identity"), 1);
  EXPECT_EQ(coding_weight("gzip, *;q=0", "identity"), 0);
  EXPECT_EQ(coding_weight("", "gzip"), 0);
  EXPECT_EQ(coding_weight("gzip;q=nonsense", "gzip"), 1000);
}

}  // namespace
}  // namespace edge::http
