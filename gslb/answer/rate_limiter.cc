#include "gslb/answer/rate_limiter.h"

#include <algorithm>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"

namespace gslb::answer {

RateTable::RateTable(const RateLimits& limits, std::size_t workers)
    : limits_(limits), workers_(static_cast<float>(workers)), sets_(limits.buckets / kWays) {
  CHECK(workers > 0 && !sets_.empty() && (sets_.size() & (sets_.size() - 1)) == 0);
}

RateTable::Verdict RateTable::judge(const Address& client, RateClass klass, std::uint64_t key,
                                    std::uint32_t now_ms) noexcept {
  const auto index = static_cast<std::size_t>(klass);
  const auto rate = static_cast<float>(limits_.per_second[index]);
  if (rate <= 0) { return Verdict::kSend; }
  const int bits = client.is_v6() ? limits_.ipv6_bits : limits_.ipv4_bits;
  const std::uint64_t network =
      hash_octets(client.masked(bits).octets(), client.is_v6() ? index + 64 : index);
  // Below one token nothing would ever be sent.
  const float capacity = std::max(rate, 1.0F);
  Bucket& bucket = find(hash_combine(network, key), capacity, now_ms);
  const auto elapsed_ms = static_cast<float>(now_ms - bucket.last_ms);
  bucket.tokens = std::min(capacity, bucket.tokens + elapsed_ms * rate / (1000 * workers_));
  bucket.last_ms = now_ms;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return Verdict::kSend;
  }
  ++bucket.over;
  return limits_.slip != 0 && bucket.over % limits_.slip == 0 ? Verdict::kSlip : Verdict::kDrop;
}

RateTable::Bucket& RateTable::find(std::uint64_t hash, float tokens,
                                   std::uint32_t now_ms) noexcept {
  auto& buckets = sets_[hash & (sets_.size() - 1)].buckets;
  const std::uint32_t tag = static_cast<std::uint32_t>(hash >> 32) | 1;
  Bucket* oldest = buckets.data();
  for (Bucket& bucket : buckets) {
    if (bucket.tag == tag) { return bucket; }
    if (bucket.tag == 0) {
      oldest = &bucket;
      break;
    }
    if (now_ms - bucket.last_ms > now_ms - oldest->last_ms) { oldest = &bucket; }
  }
  *oldest = {.tag = tag, .last_ms = now_ms, .tokens = tokens, .over = 0};
  return *oldest;
}

}  // namespace gslb::answer
