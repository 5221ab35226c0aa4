// What more traffic costs where bandwidth is paid by its 95th percentile over a commitment.
//
// Source: Goldenberg et al., "Optimizing cost and performance for multihoming", SIGCOMM 2004;
// Singh et al., "Cost-effective cloud edge traffic engineering with Cascara", NSDI 2021.
//
// Such a bill counts the mean rate of every five minutes of a month, leaves out the highest 5 % and
// asks for the highest of the others, at least the commitment.  So traffic is free up to the
// commitment, up to what this month's bill is for already, and in one of twenty samples; beyond, a
// megabit a second costs its price.
//
// Why slowly: the surcharge moves traffic, which moves the samples.  It takes an hour to grow and
// half a day to fade, so that nobody is sent away and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/config/config.h"

namespace gslb::steer {

// Of one cluster or group.  Deterministic; time is an argument.  Thread-compatible.
class CommitMeter {
 public:
  explicit CommitMeter(const config::Commitment& terms) : terms_(terms) {}

  // The rate now; often enough, at least once in five minutes.  REQUIRES: `now` doesn't go back.
  void add(double mbps, WallTime now);

  // Money per GB on top of other costs, as of the last whole five minutes.
  double surcharge_per_gb() const noexcept { return surcharge_; }
  // What the bill of the month so far is for, Mbps: at least the commitment.
  double billed_mbps() const;
  // Samples of this month above that, and how many of them are free.
  std::size_t bursts() const;
  std::size_t free_bursts() const noexcept;

  // "MONTH SURCHARGE RATE RATE …", in Mbps; read() is total, and what is no such line changes
  // nothing.
  std::string write() const;
  void read(std::string_view line);

 private:
  void close_slot();

  config::Commitment terms_;
  std::int64_t month_ = 0;  // since the year 0
  std::int64_t slot_ = -1;  // of five minutes, since 1970; -1: none yet
  double sum_ = 0;          // of the rates in it
  std::size_t count_ = 0;
  std::vector<float> samples_;  // of the month, Mbps
  double surcharge_ = 0;
};

}  // namespace gslb::steer
