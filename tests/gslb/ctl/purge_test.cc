#include "gslb/ctl/purge.h"

#include <gtest/gtest.h>

#include "gslb/ctl/options.h"
#include "gslb/ctl/render.h"

namespace gslb::ctl {
namespace {

constexpr const char* kStatus =
    R"({"first":1,"last":9,"nodes":[
 {"cluster":"fra","node":"a","seen":9,"pending":0,"away":false,"heartbeat_age_ms":200},
 {"cluster":"fra","node":"b","seen":7,"pending":2,"away":false,"heartbeat_age_ms":900},
 {"cluster":"nyc","node":"a","seen":3,"pending":6,"away":true,"heartbeat_age_ms":65000}]})";

TEST(Purge, TakesWhatIsToGoFromTheCommandLine) {
  const auto options = parse_options({"purge", "http://a/x", "a/y", "--key", "k1", "--key=k2",
                                      "--prefix", "a/i", "--host", "*.b", "--soft", "--wait"});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->purge.wait);
  EXPECT_EQ(purge_body(options->purge),
            R"({"soft":true,"urls":["http://a/x","a/y"],"prefixes":["a/i"],"hosts":["*.b"],)"
            R"("keys":["k1","k2"]})");
  const auto all = parse_options({"purge", "--all"});
  ASSERT_TRUE(all);
  EXPECT_EQ(purge_body(all->purge), R"({"all":true})");
}

TEST(Purge, RefusesNothingAndOptionsOfOthers) {
  EXPECT_EQ(parse_options({"purge", "--soft"}).error(),
            "purge needs a URL, --prefix, --host, --key or --all");
  EXPECT_EQ(parse_options({"prefetch", "http://a/", "--soft"}).error(),
            "prefetch has no option --soft");
  EXPECT_EQ(parse_options({"status", "--key", "k"}).error(), "status has no option --key");
  EXPECT_EQ(parse_options({"prefetch"}).error(), "prefetch needs a URL");
}

TEST(Purge, TellsWhoHasItAndWhoIsAway) {
  const auto progress = read_purge(kStatus, 0);
  ASSERT_TRUE(progress);
  EXPECT_EQ(render_purge(*progress),
            "order 9: 1 node done; not yet: fra/b; away, will get it when they return: nyc/a\n");
  EXPECT_TRUE(read_purge(kStatus, 7)->pending.empty());
  EXPECT_FALSE(read_purge("no", 0));
  const auto table = render_purges(kStatus, {});
  ASSERT_TRUE(table);
  EXPECT_NE(table->find("fra/b"), std::string::npos);
}

}  // namespace
}  // namespace gslb::ctl
