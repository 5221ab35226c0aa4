// Steering decisions by service, cluster and reason.
#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

// A pair nobody has been sent to is worth a zero to begin a rate from, until there are too many.
constexpr std::size_t kMaxIdlePairs = 4096;

}  // namespace

void add_decisions(const Input& input, Exposition& out) {
  if (!input.snapshot) { return; }
  const answer::Snapshot& snapshot = *input.snapshot;
  const auto& services = snapshot.services->services;
  const auto& clusters = snapshot.fleet->clusters();
  const bool show_idle = services.size() * clusters.size() <= kMaxIdlePairs;
  out.counter("proxima_decisions_total",
              "Routed answers by the cluster named and why; cluster \"none\": a fallback policy.");
  for (std::size_t service = 0; service < services.size(); ++service) {
    for (std::size_t c = 0; c <= clusters.size(); ++c) {
      const bool none = c == clusters.size();
      const auto cluster = none ? fleet::kNoCluster : static_cast<fleet::ClusterIndex>(c);
      for (std::size_t r = 0; r < steer::kReasonCount; ++r) {
        const auto reason = static_cast<steer::Reason>(r);
        const std::uint64_t count =
            snapshot.decisions->total(static_cast<steer::ServiceIndex>(service), cluster, reason);
        const bool idle = show_idle && !none && reason == steer::Reason::kBest;
        if (count == 0 && !idle) { continue; }
        out.sample(static_cast<double>(count),
                   {{"service", services[service].id},
                    {"cluster", none ? std::string_view("none") : clusters[c].id},
                    {"reason", steer::to_string(reason)}});
      }
    }
  }
}

}  // namespace gslb::metrics
