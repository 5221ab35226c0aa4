#include "gslb/answer/guard.h"

#include <algorithm>

#include "gslb/base/hash.h"

namespace gslb::answer {

std::uint64_t apex_hash(const dns::Name& apex) noexcept { return hash_octets(apex.wire()); }

bool Protection::may_ask(const Address& client, const zone::Zone& zone) const noexcept {
  if (!zone_query.empty()) {
    const auto own = zone_query.find(apex_hash(zone.apex()));
    if (own != zone_query.end()) { return own->second.contains(client); }
  }
  return may_ask(client);
}

void Guard::read_cookie() noexcept {
  const dns::Edns& edns = scratch_.query.edns;
  if (edns.cookie_size == 0 || protection_ == nullptr || protection_->cookie_secrets.empty()) {
    return;
  }
  const Octets sent(edns.cookie.data(), edns.cookie_size);
  state_ = dns::judge_cookie(protection_->cookie_secrets, sent, request_.now_s, request_.client);
  counters_.cookies[static_cast<std::size_t>(state_)].add();
  cookie_octets_ = dns::kCookieOctets;
  if (state_ == dns::CookieState::kGood) {
    std::copy(sent.begin(), sent.end(), cookie_.begin());
  } else {
    cookie_ =
        dns::make_cookie(protection_->cookie_secrets.front(), sent.first(dns::kClientCookieOctets),
                         request_.now_s, request_.client);
  }
}

RateTable::Verdict Guard::judge(RateClass klass, std::uint64_t key) noexcept {
  using Verdict = RateTable::Verdict;
  RateLimiter& rates = *protection_->rates;
  if (rates.limits.exempt.contains(request_.client)) { return Verdict::kSend; }
  const Verdict verdict =
      rates.tables[scratch_.worker]->judge(request_.client, klass, key, request_.now_ms);
  if (verdict == Verdict::kSend) { return verdict; }
  RateCounters& counters = counters_.rate_limited[static_cast<std::size_t>(klass)];
  if (rates.limits.dry_run) {
    counters.dry_run.add();
    return Verdict::kSend;
  }
  (verdict == Verdict::kSlip ? counters.slipped : counters.dropped).add();
  return verdict;
}

}  // namespace gslb::answer
