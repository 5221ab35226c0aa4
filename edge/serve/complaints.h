// What is wrong with this node, as its heartbeats say it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "edge/report/counters.h"
#include "edge/serve/worker.h"
#include "gslb/fleet/report.h"

namespace edge::serve {

// Thread-compatible: the reporter's thread asks.
class Complaints {
 public:
  Complaints(const Shared& shared, std::vector<const report::WorkerCounters*> workers)
      : shared_(shared), workers_(std::move(workers)) {}
  // `reloads`: what became of configurations.
  std::vector<gslb::fleet::Condition> now(gslb::MonoTime now, const report::ReloadFigures& reloads);

 private:
  // A counter that grew not long ago is a complaint.
  struct Watched {
    std::uint64_t count = 0;
    gslb::MonoTime grew_at{};
    bool grew = false;
  };
  bool grew_lately(Watched& watched, std::uint64_t count, gslb::MonoTime now,
                   gslb::seconds lately) const;

  const Shared& shared_;
  const std::vector<const report::WorkerCounters*> workers_;
  std::array<Watched, rules::kResourceNames.size()> refused_;
  Watched lacking_;
};

// The other nodes of this cluster, as this one finds them.
std::vector<gslb::fleet::SiblingHealth> sibling_health(const Shared& shared,
                                                       const std::string& cluster);

// As the metrics have them.
report::DiskFigures disk_figures(cache::Disk* disk);
report::LoadFigures load_figures(const rules::Admission& admission);

}  // namespace edge::serve
