#include "edge/serve/complaints.h"

#include <algorithm>
#include <string>

#include "edge/serve/peer_watch.h"

namespace edge::serve {
namespace {

// Longer than the longest beat between two heartbeats that are missed, so that it is seen.
constexpr gslb::seconds kOverloadedFor{5};
constexpr gslb::seconds kLackingFor{60};

// All of its servers are left alone, for what requests or checks showed.
bool is_away(const origin::OriginFigures& origin) {
  using State = origin::ServerHealth::State;
  return std::all_of(origin.servers.begin(), origin.servers.end(), [](const auto& server) {
    return server.state == State::kEjected || server.state == State::kDown;
  });
}

}  // namespace

bool Complaints::grew_lately(Watched& watched, std::uint64_t count, gslb::MonoTime now,
                             gslb::seconds lately) const {
  if (count != watched.count) {
    watched.count = count;
    watched.grew_at = now;
    watched.grew = true;
  }
  return watched.grew && now - watched.grew_at < lately;
}

std::vector<gslb::fleet::Condition> Complaints::now(gslb::MonoTime now,
                                                    const report::ReloadFigures& reloads) {
  std::vector<gslb::fleet::Condition> complaints;
  for (std::size_t i = 0; i < refused_.size(); ++i) {
    const auto resource = static_cast<rules::Resource>(i);
    if (grew_lately(refused_[i], shared_.admission.refused(resource), now, kOverloadedFor)) {
      complaints.push_back({"overloaded", std::string(rules::kResourceNames[i])});
    }
  }
  std::uint64_t lacking = 0;
  for (const report::WorkerCounters* worker : workers_) {
    lacking += worker->descriptor_failures.value();
  }
  if (grew_lately(lacking_, lacking, now, kLackingFor)) {
    complaints.push_back({"descriptors", ""});
  }
  if (shared_.disk && !shared_.disk->stats().writable) { complaints.push_back({"disk", ""}); }
  for (const origin::OriginFigures& figures : shared_.origins.figures()) {
    if (is_away(figures)) { complaints.push_back({"origin", figures.name}); }
  }
  if (!reloads.last_successful) { complaints.push_back({"configuration", ""}); }
  return complaints;
}

std::vector<gslb::fleet::SiblingHealth> sibling_health(const Shared& shared,
                                                       const std::string& cluster) {
  std::vector<gslb::fleet::SiblingHealth> siblings;
  for (const report::PeerFigures& peer : peer_figures(shared.peers)) {
    if (peer.kind != "sibling") { continue; }
    // "<cluster>-<node>": the cluster is ours.
    const std::size_t common = cluster.size() + 1;
    const bool ours = peer.name.starts_with(cluster + "-") && peer.name.size() > common;
    siblings.push_back({ours ? peer.name.substr(common) : peer.name, peer.usable});
  }
  return siblings;
}

report::DiskFigures disk_figures(cache::Disk* disk) {
  if (disk == nullptr) { return {}; }
  const cache::Disk::Stats stats = disk->stats();
  report::DiskFigures figures;
  figures.octets = stats.octets;
  figures.budget_octets = stats.budget_octets;
  figures.objects = stats.objects;
  figures.index_octets = stats.index_octets;
  figures.queued_octets = stats.queued_octets;
  figures.hits = stats.hits;
  figures.misses = stats.misses;
  figures.written_octets = stats.written_octets;
  figures.evicted_segments = stats.evicted_segments;
  figures.reinserted = stats.reinserted;
  figures.dropped = stats.dropped;
  figures.read_failures = stats.read_failures;
  figures.write_failures = stats.write_failures;
  figures.writable = stats.writable;
  figures.rebuilding = stats.rebuilding;
  return figures;
}

report::LoadFigures load_figures(const rules::Admission& admission) {
  report::LoadFigures figures;
  for (std::size_t i = 0; i < rules::kResourceNames.size(); ++i) {
    figures.refused.emplace_back(rules::kResourceNames[i],
                                 admission.refused(static_cast<rules::Resource>(i)));
  }
  figures.fetches = admission.fetches();
  return figures;
}

}  // namespace edge::serve
