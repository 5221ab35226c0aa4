#include "gslb/transfer/secondary_zones.h"

#include <filesystem>

#include "gslb/transfer/zone_copy.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

using State = Refresh::State;
using std::chrono::hours;

std::shared_ptr<const Primary> primary(const std::string& id) {
  auto made = std::make_shared<Primary>();
  made->remote = id;
  made->address = *Endpoint::parse("192.0.2.1:53", 53);
  return made;
}

// A catalog's records; `members` are "id zone".
std::string catalog_text(std::uint32_t serial,
                         const std::vector<std::pair<std::string, std::string>>& members,
                         const std::string& more = "") {
  std::string text = soa(serial) + "version.example. 0 TXT \"2\"\n" + more;
  for (const auto& [id, zone] : members) { text += id + ".zones.example. 0 PTR " + zone + "\n"; }
  return text;
}

// A zone of any name with an SOA like soa()'s.
ZonePtr small_zone(std::string_view apex, std::uint32_t serial) {
  zone::ZoneBuilder builder(name_of(apex));
  builder.add(name_of(apex), dns::RrType::kSoa, 60, record_of(soa(serial)).rdata);
  return builder.build();
}

// Zones on given time, with whoever fetches under the test's hand.
class SecondaryZonesTest : public ::testing::Test {
 protected:
  struct Launched {
    FetchRequest request;
    std::uint64_t token;
  };

  void SetUp() override {
    folder_ = std::string(TEST_BINARY_DIR) + "/secondary_zones_test." +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    restart();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void restart() {
    launched_.clear();
    served_.clear();
    zones_ = std::make_unique<SecondaryZones>(
        [this](FetchRequest request, std::uint64_t token) {
          launched_.push_back({std::move(request), token});
        },
        [this](std::vector<SecondaryEvent> events) {
          for (const SecondaryEvent& event : events) { note(event); }
        },
        1);
  }
  // As a zone store would.
  void note(const SecondaryEvent& event) {
    const std::string name = event.apex.to_string();
    if (event.kind == SecondaryEvent::Kind::kDeliver) {
      served_[name] = std::to_string(event.zone->serial());
    } else if (event.kind == SecondaryEvent::Kind::kExpire) {
      served_[name] = "expired";
    } else {
      members_.clear();
      for (const dns::Name& member : event.members) { members_ += member.to_string() + ' '; }
      std::erase_if(served_, [&](const auto& each) {
        return each.first != "www." && each.first != name &&
               members_.find(each.first + ' ') == std::string::npos;
      });
    }
  }

  static SecondaryZone zone(std::string_view apex, const std::vector<std::string>& ids) {
    SecondaryZone made;
    made.apex = name_of(apex);
    for (const std::string& id : ids) { made.source.primaries.push_back(primary(id)); }
    return made;
  }
  static SecondaryZone catalog() {
    SecondaryZone made = zone("example.", {"p"});
    made.is_catalog = true;
    made.members = made.source;
    made.groups["far"].primaries = {primary("q")};
    return made;
  }
  void configure(std::vector<SecondaryZone> zones, std::size_t transfers = 20) {
    auto config = std::make_shared<SecondaryConfig>();
    for (const SecondaryZone& each : zones) { config->configured.insert(each.apex); }
    config->configured.insert(name_of("own."));
    config->zones = std::move(zones);
    config->folder = folder_;
    config->transfers = transfers;
    zones_->configure(std::move(config), now_);
    zones_->run(now_);
  }
  void pass(seconds time) {
    now_.mono += time;
    now_.wall += time;
    zones_->run(now_);
  }
  // "www. probe p", then forgotten.
  std::string take() {
    if (launched_.empty()) { return "nothing"; }
    last_ = std::move(launched_.front());
    launched_.erase(launched_.begin());
    const FetchRequest& request = last_.request;
    const char* kind = request.kind == Refresh::Kind::kProbe         ? " probe "
                       : request.kind == Refresh::Kind::kIncremental ? " ixfr "
                                                                     : " axfr ";
    return request.apex.to_string() + kind + request.primary->remote;
  }
  void finish(Fetched fetched) {
    zones_->finished(last_.token, std::move(fetched), now_);
    zones_->run(now_);
  }
  void give(const ZonePtr& zone) {
    Fetched fetched;
    fetched.result = FetchResult::kZone;
    fetched.zone = zone;
    finish(std::move(fetched));
  }
  void give_serial(std::uint32_t serial) {
    Fetched fetched;
    fetched.result = FetchResult::kSerial;
    fetched.serial = serial;
    finish(std::move(fetched));
  }
  void fail(bool is_worth_whole = false) {
    Fetched fetched;
    fetched.error = "no";
    fetched.is_worth_whole = is_worth_whole;
    finish(std::move(fetched));
  }
  SecondaryStatus status(std::string_view apex) {
    for (const SecondaryStatus& each : zones_->status()) {
      if (each.apex == name_of(apex)) { return each; }
    }
    ADD_FAILURE() << apex;
    return {};
  }

  std::string folder_;
  TransferTime now_{MonoTime(hours(1)), WallTime(hours(24 * 20'000))};
  std::vector<Launched> launched_;
  Launched last_;
  std::map<std::string, std::string> served_;
  std::string members_;
  std::unique_ptr<SecondaryZones> zones_;
};

TEST_F(SecondaryZonesTest, FetchesServesAndKeepsAZone) {
  configure({zone("www.", {"p"})});
  EXPECT_EQ(take(), "www. axfr p");
  give(small_zone("www.", 5));
  EXPECT_EQ(served_["www."], "5");
  EXPECT_EQ(status("www.").serial, 5U);
  EXPECT_EQ(take(), "nothing");
  pass(seconds(1200));
  EXPECT_EQ(take(), "www. probe p");
  give_serial(6);
  EXPECT_EQ(take(), "www. ixfr p");
  fail(true);
  EXPECT_EQ(take(), "www. axfr p");
  give(small_zone("www.", 6));
  EXPECT_EQ(served_["www."], "6");
  EXPECT_EQ(load_copy(copy_path(folder_, name_of("www.")), name_of("www."))->zone->serial(), 6U);
}

TEST_F(SecondaryZonesTest, ARestartServesTheCopyUntilItExpires) {
  configure({zone("www.", {"p"})});
  take();
  give(small_zone("www.", 5));
  pass(seconds(1200));
  take();
  give_serial(5);  // confirmed: the copy's time is now
  restart();
  now_.wall += hours(10);
  now_.mono = MonoTime(seconds(5));  // another boot
  configure({zone("www.", {"p"})});
  EXPECT_EQ(served_["www."], "5");
  restart();
  now_.wall += hours(15);  // 25 h: over the day the SOA allows
  configure({zone("www.", {"p"})});
  EXPECT_EQ(served_["www."], "expired");
  EXPECT_EQ(status("www.").state, State::kExpired);
  EXPECT_EQ(take(), "www. probe p");
  give_serial(5);
  EXPECT_EQ(served_["www."], "5");
}

TEST_F(SecondaryZonesTest, AnOlderVersionIsTakenOnlyWhenAskedFor) {
  configure({zone("www.", {"p"})});
  take();
  give(small_zone("www.", 5));
  pass(seconds(1200));
  take();
  give_serial(6);
  EXPECT_EQ(take(), "www. ixfr p");
  give(small_zone("www.", 4));  // the primary changed its mind
  EXPECT_EQ(served_["www."], "5");
  ASSERT_TRUE(zones_->refresh_now(name_of("www."), true, now_));
  zones_->run(now_);
  EXPECT_EQ(take(), "www. axfr p");
  give(small_zone("www.", 4));
  EXPECT_EQ(served_["www."], "4");
  EXPECT_FALSE(zones_->refresh_now(name_of("nowhere."), true, now_));
}

TEST_F(SecondaryZonesTest, NoMoreFetchesAtATimeThanConfigured) {
  configure({zone("a.", {"p"}), zone("b.", {"p"}), zone("c.", {"p"})}, 2);
  EXPECT_EQ(launched_.size(), 2U);
  take();
  fail();
  EXPECT_EQ(launched_.size(), 2U);  // c., as soon as there was room
}

TEST_F(SecondaryZonesTest, AReloadKeepsWhatIsUnderWayUnlessThePrimariesChanged) {
  configure({zone("www.", {"p"})});
  EXPECT_EQ(take(), "www. axfr p");
  configure({zone("www.", {"p"})});
  EXPECT_EQ(launched_.size(), 0U);
  give(small_zone("www.", 5));
  EXPECT_EQ(served_["www."], "5");
  pass(seconds(1200));
  EXPECT_EQ(take(), "www. probe p");
  const Launched old = last_;
  configure({zone("www.", {"q"})});
  EXPECT_EQ(take(), "www. probe q");
  const Launched fresh = std::exchange(last_, old);
  give_serial(9);  // of the primary that is none any more
  EXPECT_EQ(take(), "nothing");
  last_ = fresh;
  give_serial(5);
  EXPECT_EQ(status("www.").serial, 5U);
}

TEST_F(SecondaryZonesTest, AZoneThatIsGoneWantsNothingAnyMore) {
  configure({zone("www.", {"p"})});
  take();
  configure({});
  give(small_zone("www.", 5));
  EXPECT_TRUE(served_.empty());
  EXPECT_TRUE(zones_->status().empty());
}

TEST_F(SecondaryZonesTest, MembersComeGoAndAreReset) {
  configure({catalog()});
  EXPECT_EQ(take(), "example. axfr p");
  give(zone_of(catalog_text(1, {{"1", "a."}, {"2", "b."}, {"3", "own."}},
                            "group.2.zones.example. 0 TXT \"far\"\n")));
  EXPECT_EQ(members_, "a. b. ");  // own. is the configuration's
  EXPECT_EQ(take(), "a. axfr p");
  give(small_zone("a.", 1));
  EXPECT_EQ(take(), "b. axfr q");
  give(small_zone("b.", 1));
  EXPECT_EQ(served_.size(), 3U);
  EXPECT_EQ(served_["example."], "1");  // whom it is answered to is for others to decide
  const std::string copy = copy_path(folder_, name_of("a."));
  EXPECT_TRUE(std::filesystem::exists(copy));

  zones_->notify(name_of("example."), 2, Address(), now_);
  pass(seconds(1));
  EXPECT_EQ(take(), "example. probe p");
  give_serial(2);
  EXPECT_EQ(take(), "example. ixfr p");
  give(zone_of(catalog_text(2, {{"9", "a."}})));  // b. goes, a. is another zone now
  EXPECT_EQ(members_, "a. ");
  EXPECT_EQ(served_.size(), 1U);
  EXPECT_EQ(served_["example."], "2");
  EXPECT_FALSE(std::filesystem::exists(copy));
  EXPECT_EQ(take(), "a. axfr p");
}

TEST_F(SecondaryZonesTest, ABrokenCatalogChangesNothing) {
  configure({catalog()});
  take();
  give(zone_of(catalog_text(1, {{"1", "a."}})));
  take();
  give(small_zone("a.", 1));
  pass(seconds(1200));
  while (take() != "example. probe p") { give_serial(1); }
  give_serial(2);
  take();
  give(zone_of(soa(2)));  // no version, no members
  EXPECT_EQ(members_, "a. ");
  EXPECT_EQ(served_["a."], "1");
}

TEST_F(SecondaryZonesTest, MembersOutliveARestartAndEndWithTheirCatalog) {
  configure({catalog()});
  take();
  give(zone_of(catalog_text(1, {{"1", "a."}})));
  take();
  give(small_zone("a.", 1));
  restart();
  configure({catalog()});
  EXPECT_EQ(members_, "a. ");
  EXPECT_EQ(served_["a."], "1");
  EXPECT_EQ(take(), "nothing");
  configure({});
  EXPECT_EQ(members_, "");
  EXPECT_FALSE(served_.contains("a."));
  EXPECT_TRUE(zones_->status().empty());
}

TEST_F(SecondaryZonesTest, AMemberTheConfigurationTakesOverKeepsItsData) {
  configure({catalog()});
  take();
  give(zone_of(catalog_text(1, {{"1", "a."}})));
  take();
  give(small_zone("a.", 1));
  configure({catalog(), zone("a.", {"p"})});
  EXPECT_EQ(members_, "");
  EXPECT_EQ(status("a.").serial, 1U);
  EXPECT_FALSE(status("a.").catalog.has_value());
  EXPECT_TRUE(std::filesystem::exists(copy_path(folder_, name_of("a."))));
}

}  // namespace
}  // namespace gslb::transfer
