#include "edge/report/host_use.h"

#include <algorithm>

#include "edge/config/config.h"

namespace edge::report {
namespace {

using gslb::fleet::HostUse;

HostUse difference(const HostUse& now, const HostUse& before) {
  HostUse use{now.hosts,
              now.requests - before.requests,
              now.hits - before.hits,
              now.octets - before.octets,
              now.hit_octets - before.hit_octets,
              now.origin_us - before.origin_us};
  // The counters are read one after another while workers count.
  use.hits = std::min(use.hits, use.requests);
  use.hit_octets = std::min(use.hit_octets, use.octets);
  return use;
}

}  // namespace

HostGroups::HostGroups(const std::vector<std::string>& patterns,
                       NamedCounters<HostCounters>& counters)
    : others_(counters.of("*")) {
  for (const std::string& pattern : patterns) {
    const bool is_wildcard = pattern.starts_with("*.");
    Names& names = is_wildcard ? below_ : exact_;
    names.emplace(is_wildcard ? pattern.substr(2) : pattern, &counters.of(pattern));
  }
}

HostCounters& HostGroups::of(std::string_view host) const {
  host = config::without_port(host);
  if (const auto found = exact_.find(host); found != exact_.end()) { return *found->second; }
  if (below_.empty()) { return others_; }
  for (std::size_t dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
    const auto found = below_.find(host.substr(dot + 1));
    if (found != below_.end()) { return *found->second; }
  }
  return others_;
}

std::map<std::string, HostUse> host_use(const std::vector<const WorkerCounters*>& workers) {
  std::map<std::string, HostUse> sums;
  for (const WorkerCounters* worker : workers) {
    for (std::size_t i = 0; i < worker->hosts.size(); ++i) {
      const HostCounters& counters = worker->hosts[i];
      HostUse& sum = sums[counters.name];
      sum.hosts = counters.name;
      sum.hits += counters.hits.value();
      sum.requests += counters.requests.value();
      sum.hit_octets += counters.hit_octets.value();
      sum.octets += counters.octets.value();
      sum.origin_us += counters.origin_us.value();
    }
  }
  return sums;
}

std::vector<HostUse> HostMeter::take(std::map<std::string, HostUse> now) {
  std::vector<HostUse> news;
  for (const auto& [hosts, use] : now) {
    const auto before = told_.find(hosts);
    HostUse use_since = difference(use, before == told_.end() ? HostUse{} : before->second);
    if (use_since.requests > 0 || use_since.octets > 0) { news.push_back(std::move(use_since)); }
  }
  std::sort(news.begin(), news.end(), [](const HostUse& a, const HostUse& b) {
    return a.octets != b.octets ? a.octets > b.octets : a.requests > b.requests;
  });
  if (news.size() > gslb::fleet::kMaxReportHosts) { news.resize(gslb::fleet::kMaxReportHosts); }
  for (const HostUse& each : news) { told_[each.hosts] = now[each.hosts]; }
  return news;
}

}  // namespace edge::report
