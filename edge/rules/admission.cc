#include "edge/rules/admission.h"

#include <algorithm>
#include <chrono>

namespace edge::rules {
namespace {

// How far ahead of its rate a node may be: a quarter of a second of requests hides how uneven
// clients come; octets are told of when they are written, in lumps.
constexpr std::int64_t kRequestsDepthNs = 250'000'000;
constexpr std::int64_t kEgressDepthNs = 1'000'000'000;
// What was taken on goes on sending: the debt is bounded so that nobody is refused for long after.
constexpr std::int64_t kMostDebtNs = 2 * kEgressDepthNs;

constexpr std::int64_t kLookNs = 20'000'000;

std::int64_t ns(gslb::MonoTime at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

}  // namespace

void Admission::renew(const Bounds& bounds) {
  request_ns_ =
      bounds.requests_per_s > 0
          ? std::max<std::int64_t>(1, static_cast<std::int64_t>(1e9 / bounds.requests_per_s))
          : 0;
  octet_ns_ = bounds.egress_bits_per_s > 0 ? 8e9 / bounds.egress_bits_per_s : 0;
  most_fetches_ = bounds.fetches;
}

std::optional<Resource> Admission::refuses_request(gslb::MonoTime now) {
  if (const double each = octet_ns_.load(std::memory_order_relaxed); each > 0) {
    note_sent(ns(now), each);
    if (egress_due_ns_.load(std::memory_order_relaxed) - ns(now) > kEgressDepthNs) {
      count(Resource::kEgress);
      return Resource::kEgress;
    }
  }
  const std::int64_t step = request_ns_.load(std::memory_order_relaxed);
  if (step == 0) { return std::nullopt; }
  std::int64_t due = requests_due_ns_.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::max(due, ns(now)) + step;
    if (next - ns(now) > kRequestsDepthNs + step) {
      count(Resource::kRequests);
      return Resource::kRequests;
    }
  } while (!requests_due_ns_.compare_exchange_weak(due, next, std::memory_order_relaxed));
  return std::nullopt;
}

std::optional<Resource> Admission::refuses_fetch(gslb::MonoTime now) {
  const auto refuse = [&](Resource resource) {
    count(resource);
    // It was counted and is not served: others may have its place.
    requests_due_ns_.fetch_sub(request_ns_.load(std::memory_order_relaxed),
                               std::memory_order_relaxed);
    return resource;
  };
  const std::int64_t most = most_fetches_.load(std::memory_order_relaxed);
  if (most > 0 && fetches() >= most) { return refuse(Resource::kFetches); }
  if (octet_ns_.load(std::memory_order_relaxed) > 0 &&
      egress_due_ns_.load(std::memory_order_relaxed) - ns(now) > kEgressDepthNs / 2) {
    return refuse(Resource::kEgress);
  }
  const std::int64_t step = request_ns_.load(std::memory_order_relaxed);
  if (step > 0 &&
      requests_due_ns_.load(std::memory_order_relaxed) - ns(now) > kRequestsDepthNs / 2 + step) {
    return refuse(Resource::kRequests);
  }
  return std::nullopt;
}

void Admission::note_sent(std::int64_t now_ns, double each_ns) {
  std::int64_t look = next_look_ns_.load(std::memory_order_relaxed);
  if (now_ns < look || !sent_octets_ ||
      !next_look_ns_.compare_exchange_strong(look, now_ns + kLookNs, std::memory_order_relaxed)) {
    return;
  }
  const std::uint64_t sent = sent_octets_();
  const std::uint64_t seen = seen_octets_.exchange(sent, std::memory_order_relaxed);
  if (sent <= seen) { return; }
  const double cost = std::min(each_ns * static_cast<double>(sent - seen), double{kMostDebtNs});
  std::int64_t due = egress_due_ns_.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    // What was sent since the last look went out before now.
    next = std::max(due, now_ns - kLookNs) + static_cast<std::int64_t>(cost);
    next = std::min(next, now_ns + kMostDebtNs);
  } while (!egress_due_ns_.compare_exchange_weak(due, next, std::memory_order_relaxed));
}

}  // namespace edge::rules
