#include <gmock/gmock.h>

#include "edge/config/config.h"

namespace edge::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string file(std::string_view global, std::string_view site) {
  return "[edge]\ncluster = \"x\"\nnode = \"a\"\nlisten = [\"127.0.0.1:1\"]\n"
         "[origin]\nurl = \"http://127.0.0.1:8080\"\n" +
         std::string(global) +
         "\n[[site]]\nhost = \"site.example\"\nurl = \"http://127.0.0.1:8080\"\n" +
         std::string(site);
}

std::optional<Config> read(std::string_view global, std::string_view site) {
  gslb::Problems problems;
  auto config = parse(file(global, site), "e.toml", problems);
  EXPECT_TRUE(config) << problems.to_string();
  return config;
}

std::string problems_of(std::string_view global) {
  gslb::Problems problems;
  parse(file(global, ""), "e.toml", problems);
  return problems.to_string();
}

TEST(FilterTables, NothingIsDoneUnasked) {
  const auto config = read("", "");
  EXPECT_FALSE(config->filters_for("site.example").any());
  EXPECT_FALSE(config->filters_for("other").any());
}

TEST(FilterTables, ASiteChangesWhatAllHave) {
  const auto config =
      read("[compress]\ncodings = [\"br\", \"gzip\"]\nmin_length = \"1KiB\"\nbr = { stored = 9 }\n",
           "[site.compress]\ntypes = [\"Text/HTML\"]\n[site.esi]\nmax_depth = 2\n"
           "failed_include = \"omit\"\n");
  const Filters& all = config->filters_for("other.example");
  ASSERT_TRUE(all.compress);
  EXPECT_FALSE(all.esi);
  EXPECT_THAT(all.compress->codings, ElementsAre(Coding::kBrotli, Coding::kGzip));
  EXPECT_EQ(all.compress->levels[2].stored, 9);
  EXPECT_EQ(all.compress->levels[2].dynamic, 4);
  const Filters& site = config->filters_for("site.example:80");
  ASSERT_TRUE(site.compress && site.esi);
  EXPECT_EQ(site.compress->min_octets, 1024);
  EXPECT_THAT(site.compress->types, ElementsAre("text/html"));
  EXPECT_EQ(site.esi->max_depth, 2);
  EXPECT_TRUE(site.esi->omit_failed);
}

TEST(FilterTables, ASiteMayTurnItOff) {
  const auto config = read("[compress]\n[esi]\n", "[site.compress]\nenabled = false\n");
  EXPECT_TRUE(config->filters_for("other").esi);
  EXPECT_FALSE(config->filters_for("site.example").compress);
  EXPECT_TRUE(config->filters_for("site.example").esi);
}

TEST(FilterTables, WhatMakesNoSenseIsRefused) {
  EXPECT_THAT(problems_of("[compress]\ncodings = [\"deflate\"]\n"), HasSubstr("no coding made"));
  EXPECT_THAT(problems_of("[compress]\ncodings = []\n"), HasSubstr("there is none"));
  EXPECT_THAT(problems_of("[compress]\ncodings = [\"br\", \"br\"]\n"), HasSubstr("twice"));
  EXPECT_THAT(problems_of("[compress]\ntypes = [\"html\"]\n"), HasSubstr("no media type"));
  EXPECT_THAT(problems_of("[compress]\ngzip = { stored = 10 }\n"), HasSubstr("10"));
  EXPECT_THAT(problems_of("[compress]\nlevel = 3\n"), HasSubstr("level"));
  EXPECT_THAT(problems_of("[esi]\nfailed_include = \"ignore\"\n"), HasSubstr("omit"));
}

}  // namespace
}  // namespace edge::config
