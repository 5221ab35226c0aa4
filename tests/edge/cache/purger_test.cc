#include "edge/cache/purger.h"

#include "tests/edge/cache/disk_fixture.h"

namespace edge::cache {
namespace {

const std::string kUrl = "www.example /a";

Purge of_url(const std::string& value) { return {PurgeKind::kUrl, false, value}; }

bool is_kept(Purger& purger, std::vector<Purge> purges,
             std::optional<OrderCursor> cursor = std::nullopt) {
  std::promise<bool> promise;
  auto future = promise.get_future();
  EXPECT_TRUE(
      purger.submit(std::move(purges), cursor, [&](bool kept) { promise.set_value(kept); }));
  return future.get();
}

// A store and a disk with purges over them; restart() as after kill -9, with the same folder.
class PurgerTest : public DiskTest {
 protected:
  void SetUp() override { start(); }
  void TearDown() override { purger_.reset(); }

  void start() {
    open();
    memory_ = std::make_unique<Store>(4 << 20, 1);
    book_ = std::make_unique<PurgeBook>();
    tiers_ = std::make_unique<Tiers>(*memory_, disk_.get(), book_.get());
    flights_ = std::make_unique<FlightTable>();
    purger_ = std::make_unique<Purger>(*book_, *tiers_, *flights_, journal());
  }
  void restart() {
    purger_.reset();
    tiers_.reset();
    drain();
    start();
  }
  std::string journal() const { return folder_ / "cache/purges"; }

  // In both tiers, as of the last purge.
  ObjectRef store(const std::string& key, const std::string& tag = "") {
    auto made = std::make_shared<Object>(*object("body of " + key));
    if (!tag.empty()) { made->head.fields.add("Surrogate-Key", tag); }
    made->received = std::chrono::steady_clock::now();
    made->purged_until = PurgeStamp(book_->last());
    tiers_->insert(key, {}, made);
    tiers_->insert(key, {}, made);
    return made;
  }
  ObjectRef find(const std::string& key) {
    if (const ObjectRef found = tiers_->find(key, {}).object) { return found; }
    if (!tiers_->may_be_on_disk(key)) { return nullptr; }
    std::promise<Store::Found> promise;
    auto future = promise.get_future();
    tiers_->find_on_disk(key, {}, [&](Store::Found found) { promise.set_value(std::move(found)); });
    return future.get().object;
  }
  // As far as purges go: the disk's clock stands still here.
  bool is_fresh(const ObjectRef& object) const { return book_->is_current(object->purged_until); }

  std::unique_ptr<Store> memory_;
  std::unique_ptr<PurgeBook> book_;
  std::unique_ptr<Tiers> tiers_;
  std::unique_ptr<FlightTable> flights_;
  std::unique_ptr<Purger> purger_;
};

TEST_F(PurgerTest, APurgedUrlIsGoneFromBothTiersAtOnceAndForGood) {
  store(kUrl);
  store("https " + kUrl);
  store("www.example /b");
  EXPECT_TRUE(is_kept(*purger_, {of_url(kUrl)}));
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(find(kUrl));
    EXPECT_FALSE(find("https " + kUrl));
    EXPECT_TRUE(find("www.example /b"));
    restart();
  }
}

TEST_F(PurgerTest, WhatWasWrittenBeforeAPurgeIsVoidAfterARestart) {
  store(kUrl, "t1 t2");
  store("www.example /b", "t2");
  restart();
  EXPECT_TRUE(is_kept(*purger_, {{PurgeKind::kTag, false, "t1"}}));
  restart();
  EXPECT_FALSE(find(kUrl));
  EXPECT_TRUE(find("www.example /b"));
  store(kUrl, "t1");
  restart();
  EXPECT_TRUE(find(kUrl));
}

TEST_F(PurgerTest, SoftMeansStaleSinceThenUntilItIsFetchedAnew) {
  store(kUrl, "t");
  EXPECT_EQ(find(kUrl)->freshness.lifetime_s, 1000);
  EXPECT_TRUE(is_kept(*purger_, {{PurgeKind::kTag, true, "t"}}));
  EXPECT_EQ(find(kUrl)->freshness.lifetime_s, 0);
  for (int round = 0; round < 2; ++round) {
    const ObjectRef found = find(kUrl);
    ASSERT_TRUE(found);
    EXPECT_FALSE(is_fresh(found));
    restart();
  }
  store(kUrl, "t");
  EXPECT_TRUE(is_fresh(find(kUrl)));
}

TEST_F(PurgerTest, WhatBeganBeforeAPurgeIsVoidThoughItEndsAfterIt) {
  const PurgeStamp begun(book_->last());
  EXPECT_TRUE(is_kept(*purger_, {{PurgeKind::kHost, false, "www.example"}}));
  auto late = std::make_shared<Object>(*object("late"));
  late->purged_until = begun;
  tiers_->insert(kUrl, {}, late);
  EXPECT_FALSE(find(kUrl));
  store(kUrl);
  EXPECT_TRUE(find(kUrl));
}

TEST_F(PurgerTest, CursorsComeBackWithThePurgesTheyAreOf) {
  EXPECT_EQ(purger_->cursor(7), (OrderCursor{7, 0, 0}));
  EXPECT_TRUE(purger_->began_empty());
  EXPECT_TRUE(is_kept(*purger_, {of_url(kUrl)}, OrderCursor{7, 42, 3}));
  EXPECT_TRUE(is_kept(*purger_, {}, OrderCursor{7, 42, 4}));
  EXPECT_TRUE(is_kept(*purger_, {}, OrderCursor{8, 1, 1}));
  restart();
  EXPECT_EQ(purger_->cursor(7), (OrderCursor{7, 42, 4}));
  EXPECT_EQ(purger_->cursor(8), (OrderCursor{8, 1, 1}));
  EXPECT_FALSE(purger_->began_empty());
}

TEST_F(PurgerTest, ATornEndIsSkippedAndDamageMakesEverythingStale) {
  store(kUrl);
  EXPECT_TRUE(is_kept(*purger_, {of_url("www.example /b"), of_url("www.example /c")}));
  purger_.reset();
  std::filesystem::resize_file(journal(), 2 * 40 - 7);
  restart();
  EXPECT_TRUE(is_fresh(find(kUrl)));
  EXPECT_TRUE(is_kept(*purger_, {of_url("www.example /c")}));
  purger_.reset();
  overwrite(journal(), 5, "x");
  restart();
  ASSERT_TRUE(find(kUrl));
  EXPECT_FALSE(is_fresh(find(kUrl)));
}

TEST_F(PurgerTest, WithoutAJournalPurgesHoldAndAreSaidNotToBeKept) {
  purger_ = std::make_unique<Purger>(*book_, *tiers_, *flights_, folder_ / "nowhere/purges");
  store(kUrl);
  EXPECT_FALSE(is_kept(*purger_, {of_url(kUrl)}, OrderCursor{7, 42, 3}));
  EXPECT_FALSE(find(kUrl));
  EXPECT_EQ(purger_->cursor(7).seen, 0U);
  EXPECT_FALSE(purger_->figures().journal_writable);
  // When it can be written again, what was missed is in it, too.
  std::filesystem::create_directory(folder_ / "nowhere");
  EXPECT_TRUE(is_kept(*purger_, {}));
  EXPECT_EQ(purger_->cursor(7).seen, 3U);
  EXPECT_EQ(PurgeJournal::read(folder_ / "nowhere/purges").marks.size(), 1U);
}

TEST_F(PurgerTest, APurgeCanBeDoneAgainLater) {
  purger_->submit_again({of_url(kUrl)}, std::chrono::steady_clock::now());
  wait([&] { return purger_->figures().purges[0] == 1; });
  purger_->submit_again({of_url(kUrl)}, std::chrono::steady_clock::now() + std::chrono::hours(1));
  EXPECT_TRUE(is_kept(*purger_, {of_url(kUrl)}));
  EXPECT_EQ(purger_->figures().purges[0], 2U);
}

TEST_F(PurgerTest, TheRateHasTenSecondsInHand) {
  const gslb::MonoTime now{};
  EXPECT_TRUE(purger_->admit(90, 10, now));
  EXPECT_TRUE(purger_->admit(10, 10, now));
  EXPECT_FALSE(purger_->admit(1, 10, now));
  EXPECT_TRUE(purger_->admit(10, 10, now + std::chrono::seconds(1)));
  EXPECT_FALSE(purger_->admit(1, 10, now + std::chrono::seconds(1)));
  EXPECT_EQ(purger_->figures().refused, 2U);
}

}  // namespace
}  // namespace edge::cache
