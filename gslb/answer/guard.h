// What protection says of one query.
//
// Private to gslb/answer.  Worker-confined; one object a query; no allocation.
#pragma once

#include "gslb/answer/answer.h"
#include "gslb/answer/protection.h"
#include "gslb/dns/response.h"

namespace gslb::answer {

class Guard {
 public:
  Guard(const Snapshot& snapshot, const Request& request, const Scratch& scratch,
        AnswerCounters& counters) noexcept
      : protection_(snapshot.protection.get()),
        request_(request),
        scratch_(scratch),
        counters_(counters) {}

  // Once the query is parsed, as far as it can be: judges its cookie and makes ours.
  void read_cookie() noexcept;
  // What an answer must carry; empty: nothing.
  Octets cookie() const noexcept { return {cookie_.data(), cookie_octets_}; }
  dns::CookieState cookie_state() const noexcept { return state_; }
  // The answer is BADCOOKIE.
  bool must_refuse_cookie() const noexcept {
    return state_ == dns::CookieState::kBad && request_.transport == Transport::kUdp &&
           protection_->require_cookie;
  }

  bool may_ask() const noexcept {
    return protection_ == nullptr || protection_->may_ask(request_.client);
  }
  bool may_ask(const zone::Zone& zone) const noexcept {
    return protection_ == nullptr || protection_->may_ask(request_.client, zone);
  }

  // Whether there are lists of who may ask.
  bool has_lists() const noexcept {
    return protection_ != nullptr &&
           (protection_->restricts_queries || !protection_->zone_query.empty());
  }
  // Whether an answer is to be judged at all: UDP, and the client not known to be who it says.
  bool limits_rate() const noexcept {
    return protection_ != nullptr && protection_->rates != nullptr &&
           request_.transport == Transport::kUdp && !knows_client();
  }
  // Its cookie says that it has our answers.
  bool knows_client() const noexcept {
    return state_ == dns::CookieState::kGood || state_ == dns::CookieState::kAged;
  }
  // REQUIRES: limits_rate()
  RateTable::Verdict judge(RateClass klass, std::uint64_t key) noexcept;

 private:
  const Protection* protection_;  // may be null
  const Request& request_;
  const Scratch& scratch_;
  AnswerCounters& counters_;
  dns::CookieState state_ = dns::CookieState::kNone;
  std::size_t cookie_octets_ = 0;
  dns::Cookie cookie_;  // NOLINT: valid below cookie_octets_
};

}  // namespace gslb::answer
