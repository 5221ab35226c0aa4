// What the configuration says of hosts, looked up once a request: whose traffic it is, and which
// rules are asked.
#pragma once

#include <unordered_map>
#include <vector>

#include "edge/config/config.h"
#include "edge/report/counters.h"
#include "edge/report/host_use.h"
#include "edge/rules/book.h"

namespace edge::serve {

// Worker-confined; made anew for each configuration.
class RuleBook {
 public:
  // Both must outlive it.
  RuleBook(const config::Config& config, report::WorkerCounters& counters);

  // Where the traffic of a host is counted; `host` as in http::RequestHead.
  report::HostCounters& hosts(std::string_view host) const { return groups_.of(host); }
  // The rules of all hosts, then of the origin's.  `origin`: of the book's configuration.
  rules::Verdict judge(const config::Origin& origin, const rules::Asked& asked,
                       rules::RateTable& rates) const;
  bool empty() const noexcept { return for_all_.empty() && of_site_.empty(); }

 private:
  report::HostGroups groups_;
  std::vector<rules::Entry> for_all_;
  std::unordered_map<const config::Origin*, std::vector<rules::Entry>> of_site_;
};

}  // namespace edge::serve
