#include "gslb/fleet/orders.h"

#include <gtest/gtest.h>

#include "gslb/fleet/report.h"

namespace gslb::fleet {
namespace {

TEST(PurgeRequest, NamesWhatIsToGo) {
  const auto orders = parse_purge_request(
      R"({"soft":true,"urls":["http://a/x"],"prefixes":["a/i"],"hosts":["*.b"],"keys":["k"]})");
  ASSERT_TRUE(orders.has_value());
  const std::vector<Order> expected = {{0, OrderKind::kUrl, true, "http://a/x", 0},
                                       {0, OrderKind::kPrefix, true, "a/i", 0},
                                       {0, OrderKind::kHost, true, "*.b", 0},
                                       {0, OrderKind::kKey, true, "k", 0}};
  EXPECT_EQ(*orders, expected);
  const auto all = parse_purge_request(R"({"all":true})");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->front(), (Order{0, OrderKind::kAll, false, "", 0}));
}

TEST(PurgeRequest, SaysWhatIsWrong) {
  for (const char* body :
       {"", "[]", "{}", R"({"all":false})", R"({"urls":"http://a/"})", R"({"urls":[7]})",
        R"({"urls":[""]})", R"({"urls":["/a"]})", R"({"prefixes":["ftp://a/"]})",
        R"({"keys":["a b"]})", R"({"keys":["a,b"]})", R"({"soft":1,"all":true})",
        R"({"url":["http://a/"]})", "{\"urls\":[\"http://a/\\u0001\"]}"}) {
    EXPECT_FALSE(parse_purge_request(body).has_value()) << body;
  }
  std::string many = R"({"keys":[)";
  for (std::size_t i = 0; i < kMaxOrdersAtOnce; ++i) { many += R"("k",)"; }
  EXPECT_TRUE(parse_purge_request(many.substr(0, many.size() - 1) + "]}").has_value());
  EXPECT_FALSE(parse_purge_request(many + R"("k"]})").has_value());
}

TEST(OrderLines, SurviveBeingWritten) {
  const Order order{7, OrderKind::kPrefix, true, R"(a/"\)", 1'700'000'000'000};
  const std::string line = write_order_line(order);
  EXPECT_EQ(parse_order_line(line), order);
  EXPECT_FALSE(parse_order_line("").has_value());
  EXPECT_FALSE(parse_order_line(R"({"id":1,"kind":"url"})").has_value());
  EXPECT_FALSE(parse_order_line(R"({"id":1,"kind":"all","value":"x"})").has_value());
}

TEST(OrderPages, ComeWithTheReplyAndSkipNewKinds) {
  Orders orders;
  orders.page = OrderPage{
      5, 9, {{8, OrderKind::kUrl, false, "http://a/", 0}, {9, OrderKind::kAll, true, "", 0}}};
  const std::string text = write_orders(orders);
  const auto read = parse_orders(text);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->page, orders.page);
  const auto newer = parse_orders(R"({"version":1,"orders":{"journal":5,"seen":9,)"
                                  R"("list":[{"id":9,"kind":"fold","value":"x"}]}})");
  ASSERT_TRUE(newer.has_value() && newer->page.has_value());
  EXPECT_EQ(*newer->page, (OrderPage{5, 9, {}}));
  for (const char* bad : {R"({"journal":0,"seen":9})", R"({"journal":5})", R"([])",
                          R"({"journal":5,"seen":9,"list":[{"id":9,"kind":"url"}]})"}) {
    EXPECT_FALSE(parse_orders(R"({"version":1,"orders":)" + std::string(bad) + "}").has_value());
  }
}

// What a book may put on a page fits what an edge reads.
TEST(OrderPages, OfTheLargestSizeFit) {
  Orders orders;
  orders.page = OrderPage{kMaxReportInteger, kMaxReportInteger, {}};
  std::size_t octets = 0;
  while (octets + 2 * 100 + 80 <= kMaxOrderPageOctets) {
    orders.page->orders.push_back(
        {kMaxReportInteger, OrderKind::kPrefetch, true, std::string(100, '"'), 0});
    octets += 2 * 100 + 80;
  }
  orders.probes.assign(kMaxOrders, {kMaxReportInteger, ProbeKind::kTcpSyn,
                                    *Address::parse("2001:db8:1:2:3:4:5:6"), 65'535});
  EXPECT_LE(write_orders(orders).size(), kMaxOrdersOctets);
}

}  // namespace
}  // namespace gslb::fleet
