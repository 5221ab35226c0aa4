// What a node takes on: at its bounds it refuses, hits last.
//
// Why: a node over its bounds that takes all there is serves everybody late, which to clients is
// not at all, and to the GSLB looks like health.  A refusal costs little; what was taken on is
// served as ever.
//
// What is sent is looked up in counters some fifty times a second, by whoever asks then: writes
// cost nothing.
//
// A rate's room is kept as in rate_table.h.  What needs the origin may use half of the depth only,
// so that under pressure what memory can answer goes on.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "gslb/base/clock.h"

namespace edge::rules {

enum class Resource : std::uint8_t { kRequests, kEgress, kConnections, kFetches };
inline constexpr std::array<std::string_view, 4> kResourceNames = {
    "requests_per_s", "egress_bits_per_s", "connections", "fetches"};

// Thread-safe.  Where nothing is bounded it costs a load or two.
class Admission {
 public:
  struct Bounds {  // 0: none
    double requests_per_s = 0;
    double egress_bits_per_s = 0;
    std::int64_t fetches = 0;  // under way at once
  };
  void renew(const Bounds& bounds);
  // Where octets sent to clients are counted; called from any thread.  REQUIRES: before the first
  // request.
  void watch(std::function<std::uint64_t()> sent_octets) { sent_octets_ = std::move(sent_octets); }

  // A request that may be answered from memory; counts it.  What is exhausted, or nothing.
  std::optional<Resource> refuses_request(gslb::MonoTime now);
  // The same request turns out to need the origin.
  std::optional<Resource> refuses_fetch(gslb::MonoTime now);
  void note_refused(Resource resource) { count(resource); }

  // Refusals since the start.
  std::uint64_t refused(Resource resource) const {
    return refused_[static_cast<std::size_t>(resource)].load(std::memory_order_relaxed);
  }
  std::int64_t fetches() const { return fetches_.load(std::memory_order_relaxed); }

  // A fetch is under way as long as it lives.
  class Fetching {
   public:
    explicit Fetching(Admission& admission) : admission_(admission) {
      admission_.fetches_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Fetching() { admission_.fetches_.fetch_sub(1, std::memory_order_relaxed); }
    Fetching(const Fetching&) = delete;
    Fetching& operator=(const Fetching&) = delete;

   private:
    Admission& admission_;
  };

 private:
  void note_sent(std::int64_t now_ns, double each_ns);
  void count(Resource resource) {
    refused_[static_cast<std::size_t>(resource)].fetch_add(1, std::memory_order_relaxed);
  }

  std::atomic<std::int64_t> request_ns_{0};    // of one at the bound; 0: none
  std::atomic<double> octet_ns_{0};            // likewise
  std::atomic<std::int64_t> most_fetches_{0};  // 0: no bound
  std::atomic<std::int64_t> requests_due_ns_{0};
  std::atomic<std::int64_t> egress_due_ns_{0};
  std::atomic<std::int64_t> fetches_{0};
  std::function<std::uint64_t()> sent_octets_;
  std::atomic<std::int64_t> next_look_ns_{0};
  std::atomic<std::uint64_t> seen_octets_{0};
  std::array<std::atomic<std::uint64_t>, 4> refused_{};
};

}  // namespace edge::rules
