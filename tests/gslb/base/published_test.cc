#include "gslb/base/published.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace gslb {
namespace {

// Two halves that must always agree, and a count of the living.
struct Pair {
  explicit Pair(int value, std::atomic<int>& count) : first(value), second(value), living(count) {
    ++living;
  }
  ~Pair() { --living; }
  Pair(const Pair&) = delete;
  int first;
  int second;
  std::atomic<int>& living;
};

TEST(Published, ShowsTheNewSnapshotAtTheNextRefreshOnly) {
  std::atomic<int> living{0};
  Published<Pair> published(std::make_shared<Pair>(1, living));
  Published<Pair>::Reader reader(published);
  published.publish(std::make_shared<Pair>(2, living));
  EXPECT_EQ(reader.get().first, 1);
  reader.refresh();
  EXPECT_EQ(reader.get().first, 2);
}

TEST(Published, KeepsAHeldSnapshotUntilTheReaderLetsGo) {
  std::atomic<int> living{0};
  Published<Pair> published(std::make_shared<Pair>(1, living));
  Published<Pair>::Reader reader(published);
  published.publish(std::make_shared<Pair>(2, living));
  published.publish(std::make_shared<Pair>(3, living));
  EXPECT_EQ(published.reclaim(), 1U);  // 2 was never held
  EXPECT_EQ(living, 2);
  reader.refresh();
  EXPECT_EQ(living, 2);  // a worker never tears a snapshot down
  EXPECT_EQ(published.reclaim(), 0U);
  EXPECT_EQ(living, 1);
}

TEST(Published, NeverShowsATornOrOlderSnapshotToConcurrentReaders) {
  constexpr int kLast = 2000;
  std::atomic<int> living{0};
  std::atomic<int> faults{0};
  Published<Pair> published(std::make_shared<Pair>(0, living));
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      Published<Pair>::Reader reader(published);
      int seen = 0;
      while (seen < kLast) {
        reader.refresh();
        const Pair& pair = reader.get();
        if (pair.first != pair.second || pair.first < seen) { ++faults; }
        seen = pair.first;
      }
    });
  }
  for (int value = 1; value <= kLast; ++value) {
    published.publish(std::make_shared<Pair>(value, living));
    published.reclaim();
  }
  for (std::thread& reader : readers) { reader.join(); }
  EXPECT_EQ(faults, 0);
  EXPECT_EQ(published.reclaim(), 0U);
  EXPECT_EQ(living, 1);
}

}  // namespace
}  // namespace gslb
