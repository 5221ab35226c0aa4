#include "gslb/bus/subjects.h"

#include <gtest/gtest.h>

namespace gslb::bus {
namespace {

TEST(Tokens, WhatANameMayHaveStands) {
  EXPECT_EQ(escape_token("fra-1_B"), "fra-1_B");
  EXPECT_EQ(escape_token("node.1"), "node=2E1");
  EXPECT_EQ(escape_token("fra/*"), "fra=2F=2A");
  EXPECT_EQ(escape_token("a=b>\n\xff"), "a=3Db=3E=0A=FF");
}

TEST(Tokens, ComeBackAsTheyWere) {
  std::string all;
  for (int octet = 0; octet < 256; ++octet) { all.push_back(static_cast<char>(octet)); }
  EXPECT_EQ(unescape_token(escape_token(all)), all);
  EXPECT_EQ(unescape_token(""), "");
}

TEST(Tokens, HaveOneFormEach) {
  // "a" written otherwise, lower case, cut short, what no token may have.
  for (const char* bad : {"=61", "=2e", "=", "=2", "a=", "a.b", "a b", "=GG", "*", ">"}) {
    EXPECT_FALSE(unescape_token(bad)) << bad;
  }
}

TEST(SubjectsTest, AreThoseOfTheDocument) {
  const Subjects subjects("proxima");
  EXPECT_EQ(subjects.bucket(Bucket::kBeats), "proxima_v1_beats");
  EXPECT_EQ(subjects.value(Bucket::kBeats, Subjects::node_key("fra", "n.1")),
            "$KV.proxima_v1_beats.fra.n=2E1");
  EXPECT_EQ(subjects.values(Bucket::kAdmin), "$KV.proxima_v1_admin.>");
  EXPECT_EQ(subjects.orders("fra", "n1"), "proxima.v1.orders.fra.n1");
  EXPECT_EQ(subjects.bucket(Bucket::kLease), "proxima_v1_lease");
  EXPECT_EQ(subjects.purge(), "proxima.v1.purge");
}

TEST(SubjectsTest, ANodesKeyIsItsClusterAndItself) {
  EXPECT_EQ(Subjects::parse_node_key(Subjects::node_key("eu.fra", "n.1")),
            std::pair(std::string("eu.fra"), std::string("n.1")));
  for (const char* bad : {"", "fra", "fra.", ".n1", "fra.n1.x", "fra.=6E"}) {
    EXPECT_FALSE(Subjects::parse_node_key(bad)) << bad;
  }
}

TEST(SubjectsTest, APrefixIsOneToken) {
  EXPECT_TRUE(is_prefix("proxima"));
  EXPECT_TRUE(is_prefix("cdn-2"));
  for (const std::string bad : {"", "Proxima", "a.b", "a_b", "a b", "*"}) {
    EXPECT_FALSE(is_prefix(bad)) << bad;
  }
  EXPECT_FALSE(is_prefix(std::string(33, 'a')));
}

}  // namespace
}  // namespace gslb::bus
