#include "edge/serve/prefetcher.h"

#include <gtest/gtest.h>

namespace edge::serve {
namespace {

TEST(PrefetchWindow, MayGoOverMidnightAndAlikeIsAlways) {
  EXPECT_TRUE(is_within_window(60, 60, 360));
  EXPECT_FALSE(is_within_window(360, 60, 360));
  EXPECT_FALSE(is_within_window(59, 60, 360));
  EXPECT_TRUE(is_within_window(1439, 1380, 60));
  EXPECT_TRUE(is_within_window(0, 1380, 60));
  EXPECT_FALSE(is_within_window(60, 1380, 60));
  EXPECT_TRUE(is_within_window(700, 60, 60));
}

TEST(PrefetchUrl, KnowsTheScheme) {
  const auto url = parse_prefetch_url("https://WWW.example/a?b");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "www.example");
  EXPECT_EQ(url->target, "/a?b");
  EXPECT_TRUE(url->secure);
  EXPECT_FALSE(parse_prefetch_url("http://www.example/")->secure);
  EXPECT_FALSE(parse_prefetch_url("ftp://www.example/"));
}

TEST(Prefetcher, RefusesWhatItCantHoldAndCountsWhatFails) {
  config::Config config;
  config.prefetch.per_second = 100'000;
  config.prefetch.in_flight = 1;
  const auto shared = std::make_shared<const config::Config>(config);
  Prefetcher prefetcher([](const Prefetcher::Task&) { return false; }, [&] { return shared; });
  Prefetcher::List many;
  many.urls.resize(Prefetcher::kMostWaiting + 1, {"www.example", "/", false});
  EXPECT_FALSE(prefetcher.submit(many));
  EXPECT_EQ(prefetcher.figures().refused, Prefetcher::kMostWaiting + 1);
  EXPECT_TRUE(prefetcher.submit({{{"www.example", "/", false}}, 9, false}));
  while (prefetcher.figures().failed < 1) { std::this_thread::yield(); }
  EXPECT_EQ(prefetcher.figures().waiting, 0U);
}

}  // namespace
}  // namespace edge::serve
