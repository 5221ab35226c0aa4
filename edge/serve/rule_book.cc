#include "edge/serve/rule_book.h"

#include <string>
#include <utility>

namespace edge::serve {
namespace {

std::vector<std::string> patterns_of(const config::Config& config) {
  std::vector<std::string> patterns = config.report.hosts;
  for (const config::Site& site : config.sites) { patterns.push_back(site.host); }
  return patterns;
}

// `site`: whose rules they are, as metrics name it; "": everybody's.
std::vector<rules::Entry> entries_of(const std::vector<config::Rule>& rules,
                                     const std::string& site, report::WorkerCounters& counters) {
  std::vector<rules::Entry> entries;
  for (const config::Rule& rule : rules) {
    report::RuleCounters& own =
        counters.rules.of(site.empty() ? rule.name : site + "/" + rule.name);
    entries.push_back({&rule, &own.matched, &own.acted});
  }
  return entries;
}

}  // namespace

RuleBook::RuleBook(const config::Config& config, report::WorkerCounters& counters)
    : groups_(patterns_of(config), counters.hosts),
      for_all_(entries_of(config.rules, "", counters)) {
  for (const config::Site& site : config.sites) {
    if (site.rules.empty()) { continue; }
    of_site_.emplace(&site.origin, entries_of(site.rules, site.host, counters));
  }
}

rules::Verdict RuleBook::judge(const config::Origin& origin, const rules::Asked& asked,
                               rules::RateTable& rates) const {
  rules::Verdict verdict;
  if (rules::judge(for_all_, asked, rates, verdict) || of_site_.empty()) { return verdict; }
  const auto found = of_site_.find(&origin);
  if (found != of_site_.end()) { rules::judge(found->second, asked, rates, verdict); }
  return verdict;
}

}  // namespace edge::serve
