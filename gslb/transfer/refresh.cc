#include "gslb/transfer/refresh.h"

#include "gslb/base/check.h"
#include "gslb/dns/serial.h"

namespace gslb::transfer {
namespace {

constexpr seconds kMaxExpire{14'515'200};  // 24 weeks, as BIND

}  // namespace

Refresh::Refresh(const RefreshPolicy& policy, std::vector<bool> probes, std::uint64_t seed,
                 MonoTime now)
    : policy_(policy), probes_(std::move(probes)), random_(seed), next_round_(now) {
  CHECK(!probes_.empty());
}

void Refresh::restore(const SoaNumbers& soa, seconds age, MonoTime now) {
  CHECK(!running_);
  soa_ = soa;
  age = std::max(age, seconds(0));
  state_ = State::kCurrent;
  expires_at_ = now + expire_interval() - std::min(age, expire_interval());
  // Due in what is left of the refresh interval; after a long stop, now.
  const seconds left = refresh_interval() - std::min(age, refresh_interval());
  next_round_ = after(left, now);
}

seconds Refresh::refresh_interval() const {
  return std::clamp(seconds(soa_.refresh_s), policy_.min_refresh, policy_.max_refresh);
}

// Doubled with each failed round while there are no data (and so no SOA to say it).
seconds Refresh::retry_interval() const {
  if (state_ != State::kEmpty) {
    return std::clamp(seconds(soa_.retry_s), policy_.min_retry, policy_.max_retry);
  }
  const std::uint32_t doublings = std::min(failed_rounds_ > 0 ? failed_rounds_ - 1 : 0, 16U);
  return std::clamp(policy_.min_retry * (std::int64_t{1} << doublings), policy_.min_retry,
                    policy_.max_retry);
}

// An expire below refresh + retry would lose the zone on one lost packet (RFC 1912 2.2).
seconds Refresh::expire_interval() const {
  const seconds retry = std::clamp(seconds(soa_.retry_s), policy_.min_retry, policy_.max_retry);
  const seconds low = std::min(refresh_interval() + retry, kMaxExpire);
  return std::clamp(seconds(soa_.expire_s), low, kMaxExpire);
}

// Up to an eighth sooner, so that many zones of one primary spread.
MonoTime Refresh::after(seconds interval, MonoTime now) {
  const milliseconds whole = interval;
  const auto early =
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(whole.count()) / 8 + 1));
  return now + whole - milliseconds(early);
}

std::optional<Refresh::Attempt> Refresh::start(MonoTime now) {
  if (running_) { return std::nullopt; }
  if (!next_) {
    if (now < next_round_) { return std::nullopt; }
    begin_round(now);
  }
  running_ = std::exchange(next_, std::nullopt);
  return running_;
}

void Refresh::begin_round(MonoTime now) {
  order_.clear();
  if (notifier_) { order_.push_back(*notifier_); }
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    if (notifier_ != i) { order_.push_back(i); }
  }
  position_ = 0;
  some_answered_ = false;
  round_began_ = now;
  notified_ = false;
  notifier_.reset();
  next_ = attempt_at(0);
}

Refresh::Attempt Refresh::attempt_at(std::size_t position) const {
  const std::size_t primary = order_[position];
  if (state_ == State::kEmpty || whole_wanted_) { return {Kind::kWhole, primary}; }
  return {probes_[primary] ? Kind::kProbe : Kind::kIncremental, primary};
}

void Refresh::next_primary(MonoTime now) {
  if (++position_ < order_.size()) {
    next_ = attempt_at(position_);
  } else {
    end_round(some_answered_, now);
  }
}

void Refresh::end_round(bool is_success, MonoTime now) {
  failed_rounds_ = is_success ? 0 : failed_rounds_ + 1;
  next_round_ = after(is_success ? refresh_interval() : retry_interval(), now);
  if (is_success) { whole_wanted_ = false; }
  // What came meanwhile and isn't done yet.
  const bool is_done =
      hint_ && state_ == State::kCurrent && !dns::is_newer_serial(*hint_, soa_.serial);
  if (notified_ && !is_done) {
    next_round_ = std::min(next_round_, std::max(now, round_began_ + policy_.notify_gap));
  }
  hint_.reset();
}

bool Refresh::takes(std::uint32_t serial) const noexcept {
  return state_ == State::kEmpty || whole_wanted_ || !dns::is_newer_serial(soa_.serial, serial);
}

void Refresh::found_serial(std::uint32_t serial, std::optional<seconds> expire, MonoTime now) {
  CHECK(running_.has_value());
  const Attempt attempt = *std::exchange(running_, std::nullopt);
  if (state_ == State::kEmpty) { return failed(Failure::kPrimary, now); }
  some_answered_ = true;
  if (attempt.kind == Kind::kProbe && dns::is_newer_serial(serial, soa_.serial)) {
    next_ = {Kind::kIncremental, attempt.primary};
    return;
  }
  // A primary that is behind us, or behind what a NOTIFY promised, says nothing about the others.
  const bool is_behind = serial != soa_.serial || (hint_ && dns::is_newer_serial(*hint_, serial));
  if (serial == soa_.serial) { confirmed(expire, now); }
  if (is_behind) {
    next_primary(now);
  } else {
    end_round(true, now);
  }
}

// RFC 7314 4: a primary that is a secondary itself says how long its data are good still.
void Refresh::confirmed(std::optional<seconds> expire, MonoTime now) {
  const seconds lasts = std::min(expire.value_or(kMaxExpire), expire_interval());
  // Only ever later while it lasts: the option of a primary near its end takes nothing away.
  const MonoTime until = now + lasts;
  expires_at_ = state_ == State::kCurrent ? std::max(expires_at_, until) : until;
  state_ = State::kCurrent;
}

void Refresh::transferred(const SoaNumbers& soa, std::optional<seconds> expire, MonoTime now) {
  CHECK(running_.has_value());
  running_.reset();
  soa_ = soa;
  state_ = State::kExpired;  // the old version's time does not count for the new one
  confirmed(expire, now);
  end_round(true, now);
}

void Refresh::failed(Failure failure, MonoTime now) {
  const std::optional<Attempt> attempt = std::exchange(running_, std::nullopt);
  if (failure == Failure::kIncremental && attempt && attempt->kind == Kind::kIncremental) {
    next_ = {Kind::kWhole, attempt->primary};
    return;
  }
  next_primary(now);
}

void Refresh::notify(std::optional<std::uint32_t> serial, std::optional<std::size_t> primary,
                     MonoTime now) {
  if (serial && state_ == State::kCurrent && !dns::is_newer_serial(*serial, soa_.serial)) {
    return;
  }
  notified_ = true;
  if (serial && (!hint_ || dns::is_newer_serial(*serial, *hint_))) { hint_ = serial; }
  notifier_ = primary;
  if (running_ || next_) { return; }  // seen when the round ends
  const MonoTime soonest =
      round_began_ == MonoTime{} ? now : std::max(now, round_began_ + policy_.notify_gap);
  next_round_ = std::min(next_round_, soonest);
}

void Refresh::refresh_now(MonoTime now) {
  if (!running_ && !next_) { next_round_ = now; }
}

void Refresh::transfer_whole(MonoTime now) {
  whole_wanted_ = true;
  if (running_ || next_) {
    notified_ = true;  // another round after this one
  } else {
    next_round_ = now;
  }
}

seconds Refresh::confirmed_ago(MonoTime now) const {
  const auto left = std::chrono::floor<seconds>(expires_at_ - now);
  return std::max(seconds(0), expire_interval() - left);
}

bool Refresh::expire(MonoTime now) {
  if (state_ != State::kCurrent || now < expires_at_) { return false; }
  state_ = State::kExpired;
  return true;
}

MonoTime Refresh::next_deadline() const noexcept {
  MonoTime deadline = running_ ? MonoTime::max() : next_ ? MonoTime::min() : next_round_;
  if (state_ == State::kCurrent) { deadline = std::min(deadline, expires_at_); }
  return deadline;
}

}  // namespace gslb::transfer
