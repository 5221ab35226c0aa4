// What answer() counted, summed over workers.
#include <algorithm>

#include "gslb/dns/types.h"
#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

using answer::AnswerCounters;

template <typename Pick>
double sum(const Input& input, const Pick& pick) {
  std::uint64_t total = 0;
  for (const AnswerCounters* counters : input.answers) { total += pick(*counters).value(); }
  return static_cast<double>(total);
}

constexpr std::array<const char*, 3> kTransports = {"udp", "tcp", "tls"};
constexpr std::array<const char*, 2> kFamilies = {"ipv4", "ipv6"};
constexpr std::array<const char*, answer::kRefusalCount> kRefusals = {"short",
                                                                      "response",
                                                                      "opcode",
                                                                      "malformed",
                                                                      "malformed_ecs",
                                                                      "bad_version",
                                                                      "transaction_signature",
                                                                      "not_ours",
                                                                      "no_data",
                                                                      "prohibited"};
constexpr std::array<const char*, answer::kEcsUseCount> kEcsUses = {"none", "used", "opt_out",
                                                                    "resolver", "static"};

// What this server sends; shown from the start, so that rates have a zero to begin from.
constexpr std::array<dns::Rcode, 8> kOwnRcodes = {
    dns::Rcode::kNoError, dns::Rcode::kFormErr, dns::Rcode::kServFail, dns::Rcode::kNxDomain,
    dns::Rcode::kNotImp,  dns::Rcode::kRefused, dns::Rcode::kNotAuth,  dns::Rcode::kBadVers};

void add_traffic(const Input& input, Exposition& out) {
  out.counter("proxima_queries_total", "DNS messages that arrived, by transport and family.");
  for (std::size_t transport = 0; transport < kTransports.size(); ++transport) {
    for (std::size_t family = 0; family < 2; ++family) {
      const auto pick = [&](const AnswerCounters& counters) -> const Counter& {
        return counters.queries[transport][family];
      };
      out.sample(sum(input, pick),
                 {{"transport", kTransports[transport]}, {"family", kFamilies[family]}});
    }
  }
  out.counter("proxima_responses_total", "Responses written, by RCODE.");
  for (std::size_t i = 0; i < answer::kRcodeCount; ++i) {
    const double value = sum(input, [i](const AnswerCounters& counters) -> const Counter& {
      return counters.responses_by_rcode[i];
    });
    const auto rcode = static_cast<dns::Rcode>(i);
    const bool own = std::find(kOwnRcodes.begin(), kOwnRcodes.end(), rcode) != kOwnRcodes.end();
    if (own || value > 0) { out.sample(value, {{"rcode", dns::to_string(rcode)}}); }
  }
}

constexpr std::array<const char*, answer::kRateClasses> kRateClasses = {"positive", "negative",
                                                                        "referral", "error"};
constexpr std::array<const char*, 5> kCookieStates = {"none", "client_only", "bad", "good", "aged"};

void add_protection(const Input& input, Exposition& out) {
  out.counter("proxima_rate_limited_total",
              "Answers over the response rate limit, by class and what became of them.");
  for (std::size_t i = 0; i < answer::kRateClasses; ++i) {
    const auto add = [&](Counter answer::RateCounters::*member, const char* action) {
      const auto pick = [&](const AnswerCounters& counters) -> const Counter& {
        return counters.rate_limited[i].*member;
      };
      out.sample(sum(input, pick), {{"class", kRateClasses[i]}, {"action", action}});
    };
    add(&answer::RateCounters::slipped, "slipped");
    add(&answer::RateCounters::dropped, "dropped");
    add(&answer::RateCounters::dry_run, "dry_run");
  }
  out.counter("proxima_cookies_total", "Queries with a COOKIE option, by what was in it.");
  for (std::size_t i = 1; i < kCookieStates.size(); ++i) {  // 0: without one
    const auto pick = [i](const AnswerCounters& counters) -> const Counter& {
      return counters.cookies[i];
    };
    out.sample(sum(input, pick), {{"state", kCookieStates[i]}});
  }
}

void add_latency(const Input& input, Exposition& out) {
  using Histogram = answer::LatencyHistogram;
  // Nothing is answered faster, and every bucket is a series: those below are one.
  constexpr std::size_t kFirst = 8;  // 256 ns
  constexpr double kNanosecond = 1e-9;
  std::vector<Exposition::Bucket> buckets;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < Histogram::bucket_count(); ++i) {
    for (const AnswerCounters* counters : input.answers) {
      count += counters->latency_ns.bucket(i);
    }
    if (i < kFirst) { continue; }
    // The bound is exclusive and "le" is not; of whole nanoseconds that is one value in 2^i.
    buckets.push_back({static_cast<double>(Histogram::upper_bound(i)) * kNanosecond, count});
    count = 0;
  }
  std::uint64_t total_ns = 0;
  for (const AnswerCounters* counters : input.answers) { total_ns += counters->latency_ns.sum(); }
  out.histogram("proxima_query_duration_seconds",
                "Time from a message at hand to its response written; no waiting in sockets.",
                buckets, static_cast<double>(total_ns) * kNanosecond);
}

}  // namespace

void add_queries(const Input& input, Exposition& out) {
  add_traffic(input, out);
  out.counter("proxima_refusals_total", "Messages that got an error or silence, by reason.");
  for (std::size_t i = 0; i < kRefusals.size(); ++i) {
    const auto pick = [i](const AnswerCounters& counters) -> const Counter& {
      return counters.refusals[i];
    };
    out.sample(sum(input, pick), {{"reason", kRefusals[i]}});
  }
  const auto total = [&](const char* name, const char* help, Counter AnswerCounters::*member) {
    const auto pick = [member](const AnswerCounters& counters) -> const Counter& {
      return counters.*member;
    };
    out.counter(name, help, sum(input, pick));
  };
  total("proxima_dropped_queries_total", "Messages that got no response.",
        &AnswerCounters::dropped);
  total("proxima_truncated_responses_total", "Responses with TC set.", &AnswerCounters::truncated);
  total("proxima_edns_queries_total", "Queries with an OPT record.", &AnswerCounters::edns);
  out.counter("proxima_ecs_queries_total", "Queries by what became of their client subnet option.");
  for (std::size_t i = 0; i < kEcsUses.size(); ++i) {
    const auto pick = [i](const AnswerCounters& counters) -> const Counter& {
      return counters.ecs[i];
    };
    out.sample(sum(input, pick), {{"use", kEcsUses[i]}});
  }
  total("proxima_routed_responses_total", "Responses that came from a steering decision.",
        &AnswerCounters::routed);
  out.counter("proxima_denials_total", "Signed denials of zones that deny compactly, by proof.");
  for (const auto& [proof, member] : {std::pair{"compact", &AnswerCounters::compact_denials},
                                      std::pair{"awaited", &AnswerCounters::awaited_denials},
                                      std::pair{"classical", &AnswerCounters::classical_denials}}) {
    const auto pick = [member = member](const AnswerCounters& counters) -> const Counter& {
      return counters.*member;
    };
    out.sample(sum(input, pick), {{"proof", proof}});
  }
  add_protection(input, out);
  add_latency(input, out);
}

}  // namespace gslb::metrics
