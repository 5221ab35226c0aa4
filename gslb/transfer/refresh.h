// When a secondary zone asks which primary for what: refresh, retry, expire, NOTIFY, fail-over.
//
// Source: RFC 1034 4.3.5 and RFC 1035 3.3.13 (SOA timers), RFC 1912 2.2, RFC 1995 (IXFR first),
// RFC 1996 4 (NOTIFY as a hint), RFC 7314 4 (EXPIRE option), RFC 9103 7.3 (TLS: no SOA in clear).
//
// Why pure: hours of timers and every order of failures pass in a test in microseconds.  It says
// what to do, its owner does it and reports how it went.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/random.h"
#include "gslb/transfer/record.h"

namespace gslb::transfer {

// Bounds on what an SOA may ask for; retry bounds also pace a zone that never had data.
struct RefreshPolicy {
  seconds min_refresh{30};
  seconds max_refresh{86'400};
  seconds min_retry{10};
  seconds max_retry{3'600};
  seconds notify_gap{1};  // between rounds that NOTIFY alone asks for

  friend bool operator==(const RefreshPolicy&, const RefreshPolicy&) = default;
};

// One zone.  Thread-compatible.
class Refresh {
 public:
  // `probes`, one a primary in order of preference: whether its serial is asked for with a query
  // before a transfer (not over TLS: there IXFR itself is the question).
  Refresh(const RefreshPolicy& policy, std::vector<bool> probes, std::uint64_t seed, MonoTime now);

  // The zone has a copy, which a primary confirmed `age` ago.
  void restore(const SoaNumbers& soa, seconds age, MonoTime now);

  enum class State : std::uint8_t {
    kEmpty,    // never had data
    kCurrent,  // has data to serve
    kExpired,  // has data too old to serve (RFC 1035 3.3.13)
  };
  State state() const noexcept { return state_; }

  enum class Kind : std::uint8_t { kProbe, kIncremental, kWhole };
  struct Attempt {
    Kind kind = Kind::kProbe;
    std::size_t primary = 0;
  };
  // What to do now; nullopt: nothing, or what was started isn't reported on yet.  Each attempt is
  // answered by exactly one of the reports below.
  std::optional<Attempt> start(MonoTime now);

  // The primary's serial: the probe's, or that of a transfer that had nothing newer.  `expire`: how
  // long its own data are good (RFC 7314), if it said so.
  void found_serial(std::uint32_t serial, std::optional<seconds> expire, MonoTime now);
  // The zone now has the version of `soa`.
  void transferred(const SoaNumbers& soa, std::optional<seconds> expire, MonoTime now);
  enum class Failure : std::uint8_t {
    kPrimary,      // this primary is of no use now: the next one
    kIncremental,  // it answers, but IXFR did not work: the whole zone from the same one
  };
  void failed(Failure failure, MonoTime now);

  // A NOTIFY, maybe with the new serial, from one of the primaries or from somebody else who may.
  void notify(std::optional<std::uint32_t> serial, std::optional<std::size_t> primary,
              MonoTime now);
  // The operator's: a refresh now; or the whole zone, even with the same or an older serial.
  void refresh_now(MonoTime now);
  void transfer_whole(MonoTime now);

  // Turns kCurrent into kExpired when it is time; true when it just did.
  bool expire(MonoTime now);

  // When start() or expire() has something to do.
  MonoTime next_deadline() const noexcept;
  MonoTime next_round() const noexcept { return next_round_; }
  MonoTime expires_at() const noexcept { return expires_at_; }
  // Whether a transferred version of `serial` is to be taken.
  bool takes(std::uint32_t serial) const noexcept;
  // How long ago the copy was confirmed, as its expiry has it.  REQUIRES: state() != kEmpty
  seconds confirmed_ago(MonoTime now) const;
  bool is_busy() const noexcept { return running_.has_value(); }
  std::uint32_t failed_rounds() const noexcept { return failed_rounds_; }

 private:
  void begin_round(MonoTime now);
  void next_primary(MonoTime now);
  void end_round(bool is_success, MonoTime now);
  Attempt attempt_at(std::size_t position) const;
  void confirmed(std::optional<seconds> expire, MonoTime now);
  seconds refresh_interval() const;
  seconds retry_interval() const;
  seconds expire_interval() const;
  MonoTime after(seconds interval, MonoTime now);

  const RefreshPolicy policy_;
  const std::vector<bool> probes_;
  Random random_;
  State state_ = State::kEmpty;
  SoaNumbers soa_;
  MonoTime next_round_;
  MonoTime expires_at_{};  // kCurrent only
  std::uint32_t failed_rounds_ = 0;

  // The round at work: one walk through the primaries.
  std::vector<std::size_t> order_;
  std::size_t position_ = 0;
  std::optional<Attempt> running_;
  std::optional<Attempt> next_;  // of the same round
  bool some_answered_ = false;
  MonoTime round_began_{};
  bool whole_wanted_ = false;

  // Said by NOTIFY since the round began.
  bool notified_ = false;
  std::optional<std::uint32_t> hint_;
  std::optional<std::size_t> notifier_;
};

}  // namespace gslb::transfer
