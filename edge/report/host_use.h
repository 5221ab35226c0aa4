// What was served by group of hosts, counted by workers and told by heartbeats.
//
// Groups are patterns of the configuration, so their number is bounded whatever clients ask for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge/report/counters.h"
#include "gslb/base/hash.h"
#include "gslb/fleet/report.h"

namespace edge::report {

// Which group a request counts for.  Worker-confined.
class HostGroups {
 public:
  // `patterns`: "www.example.com", "*.example.com"; what none takes is "*".
  HostGroups(const std::vector<std::string>& patterns, NamedCounters<HostCounters>& counters);
  // `host`: lower case, maybe with a port.  Exact ones go before wildcards, longer before shorter.
  HostCounters& of(std::string_view host) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return gslb::hash_text(text); }
  };
  using Names = std::unordered_map<std::string, HostCounters*, Hash, std::equal_to<>>;
  Names exact_;
  Names below_;  // without "*."
  HostCounters& others_;
};

// Sums over workers, by group.
std::map<std::string, gslb::fleet::HostUse> host_use(
    const std::vector<const WorkerCounters*>& workers);

// What is new since it was last told.  Thread-compatible.
class HostMeter {
 public:
  // At most kMaxReportHosts groups, those with the most octets first; what does not fit is told
  // later.
  std::vector<gslb::fleet::HostUse> take(std::map<std::string, gslb::fleet::HostUse> now);

 private:
  std::map<std::string, gslb::fleet::HostUse> told_;
};

}  // namespace edge::report
