#include "edge/origin/customers.h"

#include <gtest/gtest.h>

namespace edge::origin {
namespace {

using Result = CustomerHost::Result;

CustomerTable::Entry found(const std::string& host) { return {Result::kFound, host, {}}; }

TEST(CustomerTable, MadeUpHostsPushOutOneAnotherAndNotCustomers) {
  CustomerTable table(3);
  table.put("shop.example", found("shop.cdn.example"));
  for (int i = 0; i < 100; ++i) {
    table.put("x" + std::to_string(i) + ".example", {Result::kNowhere, "", {}});
  }
  EXPECT_EQ(table.size(), 4U);
  ASSERT_TRUE(table.find("shop.example"));
  EXPECT_EQ(table.find("shop.example")->host, "shop.cdn.example");
  EXPECT_FALSE(table.find("x96.example"));
  EXPECT_TRUE(table.find("x97.example"));
}

TEST(CustomerTable, WhoWasAskedForLeastLatelyGoesFirst) {
  CustomerTable table(2);
  table.put("a", found("1"));
  table.put("b", found("2"));
  EXPECT_TRUE(table.find("a"));
  table.put("c", found("3"));
  EXPECT_TRUE(table.find("a"));
  EXPECT_FALSE(table.find("b"));
}

TEST(CustomerTable, ANameMayChangeSides) {
  CustomerTable table(2);
  table.put("a", found("1"));
  table.put("a", {Result::kNowhere, "", {}});
  EXPECT_EQ(table.find("a")->result, Result::kNowhere);
  EXPECT_EQ(table.size(), 1U);
}

}  // namespace
}  // namespace edge::origin
