// Response rate limiting: how many like answers one client network gets a second.
//
// Source: P. Vixie, V. Schryver: "DNS Response Rate Limiting" (ISC-TN-2012-1), and what BIND, NSD
// and Knot made of it.  Against reflection: whoever forges a victim's address gets few answers,
// and the victim, if it asks itself, a truncated one now and then and comes by TCP.
//
// Why a fixed table: a flood from every network there is costs no memory and no scan.  A bucket
// that is not found takes the place of the one of its set that was not used for longest; a bucket
// is filled by the time since its last use.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/prefix_set.h"

namespace gslb::answer {

// What is alike: a positive answer by the owner of its records (the wildcard's, not the name that
// was made up), a negative one or a referral by its zone, an error by the client alone.
enum class RateClass : std::uint8_t { kPositive, kNegative, kReferral, kError };
inline constexpr std::size_t kRateClasses = 4;

struct RateLimits {
  // Answers a second and client network, all workers together, by class; 0: no limit.
  std::array<double, kRateClasses> per_second{};
  unsigned slip = 2;  // every n-th answer over the limit goes out truncated; 0: none
  int ipv4_bits = 24;
  int ipv6_bits = 56;
  std::size_t buckets = 1 << 16;  // per worker, a power of two of 4 at least
  bool dry_run = false;           // counts what it would do
  PrefixSet exempt;

  friend bool operator==(const RateLimits&, const RateLimits&) noexcept = default;
};

// The buckets of one worker.  Worker-confined.  16 octets a bucket, allocated once.
//
// The kernel spreads the ports of a client over the workers, so each refills at its share of the
// rate.  A bucket holds a whole second's rate: chance does not spread queries evenly, and a client
// that keeps to one port and so to one worker is not limited for a short burst.
class RateTable {
 public:
  // `limits` must outlive the table.
  RateTable(const RateLimits& limits, std::size_t workers);

  enum class Verdict : std::uint8_t { kSend, kSlip, kDrop };
  // `key`: a hash of what is alike within the class.  `now_ms` may wrap.  O(1).
  Verdict judge(const Address& client, RateClass klass, std::uint64_t key,
                std::uint32_t now_ms) noexcept;

 private:
  struct Bucket {
    std::uint32_t tag = 0;  // 0: never used
    std::uint32_t last_ms = 0;
    float tokens = 0;
    std::uint32_t over = 0;  // answers over the limit, for slip
  };
  static constexpr std::size_t kWays = 4;  // one cache line
  struct alignas(64) Set {
    std::array<Bucket, kWays> buckets;
  };

  Bucket& find(std::uint64_t hash, float tokens, std::uint32_t now_ms) noexcept;

  const RateLimits& limits_;
  const float workers_;
  std::vector<Set> sets_;
};

}  // namespace gslb::answer
