#include "gslb/control/beacons.h"

#include <algorithm>

#include "gslb/base/hash.h"
#include "gslb/measure/mixtures.h"

namespace gslb::control {
namespace {

constexpr std::size_t kCells = 65'536;
// One customer of a host may have many a /48.
constexpr int kClientBits6 = 40;

}  // namespace

std::uint64_t Beacons::hash_of(Octets nonce) noexcept { return hash_octets(nonce); }

void Beacons::asked(std::uint64_t nonce, const Address& resolver, MonoTime now) {
  expire(now);
  ++figures_.asked;
  if (asked_.try_emplace(nonce, Asked{resolver, now + kLife}).second) { order_.push_back(nonce); }
}

// `order_` holds what is used up too, so it is what is bounded.
void Beacons::expire(MonoTime now) {
  while (!order_.empty()) {
    const auto oldest = asked_.find(order_.front());
    const bool stays = oldest != asked_.end() && oldest->second.until >= now;
    if (stays && order_.size() < kMost) { return; }
    if (oldest != asked_.end()) { asked_.erase(oldest); }
    order_.pop_front();
  }
}

std::optional<Address> Beacons::join(fleet::ClusterIndex cluster, const fleet::BeaconHit& hit,
                                     MonoTime now) {
  const auto found = asked_.find(hash_of(as_octets(hit.nonce)));
  if (found == asked_.end() || found->second.until < now) {
    ++figures_.unknown;
    return std::nullopt;
  }
  const Address resolver = found->second.resolver;
  asked_.erase(found);
  if (is_over_limit(cluster, now)) {
    ++figures_.limited;
    return std::nullopt;
  }
  if (is_repeated(resolver, hit.client, now)) {
    ++figures_.repeated;
    return std::nullopt;
  }
  ++figures_.joined;
  return resolver;
}

// A cell may forget a pair for another's sake: then it counts again too soon.
bool Beacons::is_repeated(const Address& resolver, const Prefix& client, MonoTime now) {
  if (seen_.empty()) { seen_.resize(kCells); }
  const int bits = client.is_v6() ? std::min(client.bits(), kClientBits6) : client.bits();
  const std::uint64_t pair =
      hash_octets(client.address().masked(bits).octets(),
                  hash_octets(measure::resolver_network(resolver).address().octets()));
  Seen& cell = seen_[pair % kCells];
  if (cell.pair == pair && now - cell.at < kPause) { return true; }
  cell = {pair, now};
  return false;
}

bool Beacons::is_over_limit(fleet::ClusterIndex cluster, MonoTime now) {
  if (budgets_.size() <= cluster) { budgets_.resize(std::size_t{cluster} + 1); }
  Budget& budget = budgets_[cluster];
  if (now - budget.since >= seconds(60)) { budget = {now, 0}; }
  return ++budget.joins > kMostJoins;
}

}  // namespace gslb::control
