#include "gslb/control/order_book.h"

#include <chrono>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/folder.h"

namespace gslb::control {
namespace {

using fleet::Order;
using fleet::OrderKind;
using fleet::OrderPage;
using fleet::OrdersSeen;

WallTime at(int second) { return WallTime(std::chrono::seconds(1'700'000'000 + second)); }
std::uint64_t ms(int second) { return (1'700'000'000ULL + static_cast<unsigned>(second)) * 1000; }

std::vector<Order> keys(int count) {
  std::vector<Order> orders;
  for (int i = 0; i < count; ++i) {
    orders.push_back({0, OrderKind::kKey, false, "k" + std::to_string(i), 0});
  }
  return orders;
}

std::optional<OrderPage> hear(OrderBook& book, OrdersSeen seen, const std::string& node = "a") {
  fleet::Report report;
  report.cluster = "fra";
  report.node = node;
  report.orders = seen;
  return book.hear(report, at(0));
}

bool is_all_soft(const std::optional<OrderPage>& page, const OrderBook& book) {
  return page && page->seen == book.status().last && page->orders.size() == 1 &&
         page->orders[0].kind == OrderKind::kAll && page->orders[0].soft;
}

TEST(OrderBook, RepeatsUntilItWasSeen) {
  OrderBook book("");
  const std::uint64_t journal = book.status().journal;
  EXPECT_EQ(hear(book, {})->orders.size(), 0U);  // tells the journal
  EXPECT_FALSE(hear(book, {journal, 0, 0}).has_value());
  EXPECT_EQ(book.add(keys(2), at(0)), 2U);
  for (int i = 0; i < 2; ++i) {
    const auto page = hear(book, {journal, 0, 0});
    ASSERT_TRUE(page.has_value());
    EXPECT_EQ(page->seen, 2U);
    EXPECT_EQ(page->orders[1].value, "k1");
  }
  EXPECT_EQ(hear(book, {journal, 1, 0})->orders.size(), 1U);
  EXPECT_FALSE(hear(book, {journal, 2, 0}).has_value());
  EXPECT_EQ(book.status().nodes.at(0).seen, 2U);
}

TEST(OrderBook, SaysNothingToWhoTakesNoOrders) {
  OrderBook book("");
  book.add(keys(1), at(0));
  EXPECT_FALSE(book.hear({}, at(0)).has_value());
  EXPECT_TRUE(book.status().nodes.empty());
}

TEST(OrderBook, PagesAreOfBoundedSize) {
  OrderBook book("");
  book.add(keys(600), at(0));
  const std::uint64_t journal = book.status().journal;
  std::uint64_t seen = 0;
  int pages = 0;
  while (const auto page = hear(book, {journal, seen, 0})) {
    EXPECT_LE(page->orders.size(), fleet::kMaxOrderPage);
    EXPECT_EQ(page->orders.front().id, seen + 1);
    seen = page->seen;
    ++pages;
  }
  EXPECT_EQ(seen, 600U);
  EXPECT_EQ(pages, 3);
}

TEST(OrderBook, OutlivesARestartAndATornLine) {
  const tests::Folder folder;
  std::uint64_t journal = 0;
  {
    OrderBook book(folder / "state");
    journal = book.status().journal;
    book.add(keys(3), at(5));
  }
  std::ofstream(folder / "state/orders", std::ios::app) << R"({"id":4,"kind":"ke)";
  OrderBook book(folder / "state");
  EXPECT_EQ(book.status().journal, journal);
  EXPECT_EQ(book.status().last, 3U);
  EXPECT_EQ(hear(book, {journal, 1, 0})->orders.size(), 2U);
  EXPECT_EQ(book.add(keys(1), at(6)), 4U);
  EXPECT_EQ(OrderBook(folder / "state").status().last, 4U);
}

TEST(OrderBook, WhoMissedMoreThanIsKeptTakesAllForStale) {
  const tests::Folder folder;
  OrderBook book(folder / "state", {.orders = 8, .octets = 1 << 20});
  const std::uint64_t journal = book.status().journal;
  for (int i = 0; i < 20; ++i) { book.add(keys(1), at(i)); }
  EXPECT_GT(book.status().first, 1U);
  EXPECT_TRUE(is_all_soft(hear(book, {journal, 2, 0}), book));
  EXPECT_TRUE(is_all_soft(hear(book, {0, 0, 0}), book));
  const std::uint64_t kept = book.status().first;
  EXPECT_FALSE(is_all_soft(hear(book, {journal, kept - 1, 0}), book));
  // What was cut is cut after a restart, too.
  OrderBook again(folder / "state", {.orders = 8, .octets = 1 << 20});
  EXPECT_EQ(again.status().first, kept);
  EXPECT_EQ(again.status().last, 20U);
}

TEST(OrderBook, WhoFollowedAnotherJournalTrustsNothing) {
  const tests::Folder folder;
  OrderBook book(folder / "state");
  book.add(keys(1), at(0));
  const std::uint64_t other = book.status().journal == 7 ? 8 : 7;
  EXPECT_TRUE(is_all_soft(hear(book, {other, 1, 0}), book));
  EXPECT_TRUE(is_all_soft(hear(book, {book.status().journal, 2, 0}), book));
  // A book that is not to outlive a restart says what it has.
  OrderBook passing("");
  passing.add(keys(1), at(0));
  EXPECT_EQ(hear(passing, {7, 1, 0})->orders.at(0).value, "k0");
}

TEST(OrderBook, AStoreThatWasEmptyNeedsWhatCameSince) {
  OrderBook book("", {.orders = 8, .octets = 1 << 20});
  for (int i = 0; i < 20; ++i) { book.add(keys(1), at(100 * i)); }
  const auto page = hear(book, {0, 0, ms(1'850)});
  ASSERT_TRUE(page.has_value());
  // With a minute for clocks that differ.
  EXPECT_EQ(page->orders.size(), 2U);
  EXPECT_EQ(page->orders.front().id, 19U);
  EXPECT_EQ(hear(book, {0, 0, ms(5'000)})->orders.size(), 0U);
  EXPECT_TRUE(is_all_soft(hear(book, {0, 0, ms(0)}), book));
}

TEST(OrderBook, ADamagedFileIsAnotherJournal) {
  const tests::Folder folder;
  std::uint64_t journal = 0;
  {
    OrderBook book(folder / "state");
    journal = book.status().journal;
    book.add(keys(2), at(0));
  }
  folder.write("state/orders", "proxima-orders 1 7 1\n{\"id\":2}\n");
  OrderBook book(folder / "state");
  EXPECT_NE(book.status().journal, journal);
  EXPECT_NE(book.status().journal, 7U);
  EXPECT_EQ(book.status().last, 0U);
}

}  // namespace
}  // namespace gslb::control
