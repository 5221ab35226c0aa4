// Signing again: what is made, what is kept, when it is due.
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "gslb/dnssec/sign_rrset.h"

#include "tests/gslb/dnssec/zones.h"

namespace gslb::dnssec {
namespace {

using dns::RrType;
using std::chrono::days;
using std::chrono::hours;

const WallTime kStart{days(20000)};

std::string many_names(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) { lines += "n" + std::to_string(i) + " A 192.0.2.1\n"; }
  return lines;
}

// The plan's serial stays, so that the SOA is no change by itself.
class Resign : public testing::Test {
 protected:
  Resign() {
    plan_.keys = {{SigningKey::generate(name("example."), Algorithm::kEcdsaP256Sha256, kKskFlags),
                   true, true, true, false}};
    plan_.serial = 1;
    plan_.now = kStart;
  }

  const SignedZone& sign(std::string_view lines) {
    const auto before = last_.zone;
    last_ = sign_zone(*zone_of(lines), plan_, before.get()).value();
    return last_;
  }

  SigningPlan plan_;
  SignedZone last_;
};

std::map<std::string, std::uint32_t> expirations(const zone::Zone& zone) {
  std::map<std::string, std::uint32_t> found;
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
      const dns::RrsetView set = zone.rrset_at(node, i);
      if (set.type != RrType::kRrsig) { continue; }
      const auto rrsig = parse_rrsig(dns::RdataCursor(set).rdata());
      found[std::to_string(node) + to_string(rrsig->covered)] = rrsig->validity.expiration;
    }
  }
  return found;
}

TEST_F(Resign, MakesNothingWhenNothingChanged) {
  const std::size_t all = sign(many_names(10)).signatures_made;
  EXPECT_EQ(all, 3U + 10 + 1 + 12) << "SOA, NS, DNSKEY; A of ns and ten names; NSEC of each owner";
  sign(many_names(10));
  EXPECT_EQ(last_.signatures_made, 0U);
  EXPECT_EQ(last_.signatures_reused, all);
}

TEST_F(Resign, MakesExactlyWhatAnEditNeeds) {
  sign(many_names(10));
  // A new name: its A and NSEC, and the NSEC before it.
  sign(many_names(10) + "n55 A 192.0.2.1\n");
  EXPECT_EQ(last_.signatures_made, 3U);
  // Another type at a name: its set and its NSEC.
  sign(many_names(10) + "n55 A 192.0.2.1\nn55 TXT x\n");
  EXPECT_EQ(last_.signatures_made, 2U);
  // Another address: only that set.  Its order does not matter.
  sign(many_names(10) + "n55 A 192.0.2.1\nn55 A 192.0.2.2\nn55 TXT x\n");
  EXPECT_EQ(last_.signatures_made, 1U);
  sign(many_names(10) + "n55 A 192.0.2.2\nn55 TXT x\nn55 A 192.0.2.1\n");
  EXPECT_EQ(last_.signatures_made, 0U);
  // Another TTL: only that set.
  sign(many_names(10) + "n55 5 A 192.0.2.2\nn55 TXT x\nn55 5 A 192.0.2.1\n");
  EXPECT_EQ(last_.signatures_made, 1U);
  // The name goes: the NSEC before it.
  sign(many_names(10));
  EXPECT_EQ(last_.signatures_made, 1U);
  plan_.serial = 2;
  sign(many_names(10));
  EXPECT_EQ(last_.signatures_made, 1U) << "the SOA";
}

TEST_F(Resign, ANewKeySignsEverythingOnce) {
  const std::size_t all = sign(many_names(10)).signatures_made;
  const auto next = SigningKey::generate(name("example."), Algorithm::kEd25519, kKskFlags);
  plan_.keys.push_back({next, true, true, true, false});
  sign(many_names(10));
  EXPECT_EQ(last_.signatures_made, all + 1) << "all by the new key, DNSKEY by the old one";
  plan_.keys.erase(plan_.keys.begin());
  sign(many_names(10));
  EXPECT_EQ(last_.signatures_made, 1U) << "DNSKEY, which has one key less";
  sign(many_names(10));
  EXPECT_EQ(last_.signatures_made, 0U);
}

TEST_F(Resign, DoesNotTrustATagThatAnotherKeyHad) {
  // Two keys with one tag take 65,536 tries: give the RRSIGs of one key the tag of another.
  sign(many_names(3));
  const auto other = SigningKey::generate(name("example."), Algorithm::kEcdsaP256Sha256, kKskFlags);
  zone::ZoneBuilder builder(name("example."));
  for (zone::NodeIndex node = 0; node < last_.zone->node_count(); ++node) {
    const auto owner = dns::Name::from_wire(last_.zone->owner(node)).value();
    for (std::size_t i = 0; i < last_.zone->rrset_count(node); ++i) {
      const dns::RrsetView set = last_.zone->rrset_at(node, i);
      for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
        Buffer rdata(cursor.rdata().begin(), cursor.rdata().end());
        if (set.type == RrType::kRrsig) { store_u16(rdata.data() + 16, other->tag()); }
        builder.add(owner, set.type, set.ttl_s, rdata);
      }
    }
  }
  const auto forged = builder.build();
  plan_.keys[0].key = other;
  const auto result = sign_zone(*zone_of(many_names(3)), plan_, forged.get());
  EXPECT_EQ(result->signatures_reused, 0U);
}

TEST_F(Resign, SpreadsExpirationsEvenly) {
  sign(many_names(400));
  constexpr int kParts = 8;
  std::array<int, kParts> part{};
  const auto latest = static_cast<std::uint32_t>(20014U * 86400U);
  const auto jitter = static_cast<std::uint32_t>(plan_.jitter.count());
  for (const auto& [what, expiration] : expirations(*last_.zone)) {
    ASSERT_LE(expiration, latest) << what;
    ASSERT_GE(expiration, latest - jitter) << what;
    ++part[std::min(kParts - 1, static_cast<int>((latest - expiration) / (jitter / kParts)))];
  }
  for (const int count : part) {
    EXPECT_THAT(count, testing::AllOf(testing::Gt(60), testing::Lt(140)));
  }
  EXPECT_GE(last_.next_resign, kStart + days(14 - 2 - 5));
}

TEST_F(Resign, FollowingItsTimerNothingExpiresAndTheWorkIsSpread) {
  const std::size_t all = sign(many_names(400)).signatures_made;
  std::size_t most = 0;
  std::size_t made = 0;
  int signings = 0;
  while (plan_.now < kStart + days(60)) {
    ASSERT_GE(last_.next_resign, plan_.now + plan_.renew_ahead) << "else it never rests";
    plan_.now = last_.next_resign;
    sign(many_names(400));
    ASSERT_GE(last_.first_expiration, plan_.now + plan_.refresh);
    most = std::max(most, last_.signatures_made);
    made += last_.signatures_made;
    ++signings;
  }
  // Signatures last 12 to 14 days and are renewed 5 before: about 60 / 8 rounds.
  EXPECT_LT(made, 9 * all);
  EXPECT_GT(made, 6 * all);
  EXPECT_LT(most, all / 10);
  EXPECT_LT(signings, 60 * 24);
}

TEST_F(Resign, ABudgetRenewsFirstWhatExpiresFirst) {
  const std::size_t all = sign(many_names(50)).signatures_made;
  plan_.now = kStart + days(11);  // all are due, none has expired
  plan_.max_renewed = 20;
  const auto before = expirations(*last_.zone);
  sign(many_names(50));
  EXPECT_EQ(last_.signatures_made, 20U);
  EXPECT_EQ(last_.next_resign, plan_.now);
  std::uint32_t last_renewed = 0;
  std::uint32_t first_kept = UINT32_MAX;
  for (const auto& [what, expiration] : expirations(*last_.zone)) {
    const std::uint32_t old = before.at(what);
    if (old == expiration) {
      first_kept = std::min(first_kept, old);
    } else {
      last_renewed = std::max(last_renewed, old);
    }
  }
  EXPECT_LE(last_renewed, first_kept);
  // Missing ones are not a matter of the budget: unsigned data is not served.
  sign(many_names(90));
  EXPECT_EQ(last_.signatures_made, 20U + 80 + 4) << "the NSEC of n5, n6, n7 and n8 change";
  for (int i = 0; i < 10; ++i) { sign(many_names(90)); }
  EXPECT_GT(last_.next_resign, plan_.now);
  EXPECT_EQ(last_.signatures_reused, all + 80);
}

TEST_F(Resign, ExpiredSignaturesAreRenewedWhateverTheBudget) {
  const std::size_t all = sign(many_names(50)).signatures_made;
  plan_.now = kStart + days(15);
  plan_.max_renewed = 0;
  EXPECT_EQ(sign(many_names(50)).signatures_made, all);
}

TEST_F(Resign, SignaturesOfTheFutureAreNotServed) {
  const std::size_t all = sign(many_names(5)).signatures_made;
  plan_.now = kStart - hours(2);  // the clock was set back beyond the skew
  EXPECT_EQ(sign(many_names(5)).signatures_made, all);
}

TEST_F(Resign, SurvivesTheEndOfThirtyTwoBits) {
  plan_.now = WallTime(seconds((std::int64_t{1} << 32) - 86400));  // expires after the wrap
  const std::size_t all = sign(many_names(5)).signatures_made;
  EXPECT_EQ(sign(many_names(5)).signatures_reused, all);
  plan_.now += days(2);
  EXPECT_EQ(sign(many_names(5)).signatures_reused, all);
  EXPECT_GT(last_.next_resign, plan_.now);
}

TEST_F(Resign, IsCancelledSoon) {
  std::atomic<int> asked = 0;
  plan_.is_cancelled = [&] { return ++asked == 3; };
  const auto result = sign_zone(*zone_of(many_names(1000)), plan_, nullptr);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), SignError::kCancelled);
  EXPECT_LE(asked, 4);
}

TEST_F(Resign, UsesTheThreadsItIsGiven) {
  plan_.threads = 3;
  std::mutex mutex;
  std::condition_variable all_here;
  std::set<std::thread::id> seen;
  plan_.is_cancelled = [&] {
    std::unique_lock lock(mutex);
    seen.insert(std::this_thread::get_id());
    all_here.notify_all();
    return !all_here.wait_for(lock, std::chrono::minutes(1), [&] { return seen.size() == 3; });
  };
  const auto result = sign_zone(*zone_of(many_names(1000)), plan_, nullptr);
  ASSERT_TRUE(result);
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_EQ(result->signatures_made, 3U + 1001 + 1002);
}

}  // namespace
}  // namespace gslb::dnssec
