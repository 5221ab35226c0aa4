#include "edge/report/families.h"

#include <algorithm>
#include <map>

#include "edge/report/host_use.h"

namespace edge::report {
namespace {

using gslb::fleet::HostUse;

double number(std::uint64_t value) { return static_cast<double>(value); }

void add_hosts(const Figures& figures, std::vector<Family>& families) {
  Family requests{"host_requests_total", "Requests answered, by group of hosts.", true, {}};
  Family octets{
      "host_sent_bytes_total", "Octets of bodies sent to clients, by group of hosts.", true, {}};
  Family waited{"host_origin_wait_seconds_total",
                "How long requests waited for origins, added up.",
                true,
                {}};
  for (const auto& [hosts, use] : host_use(figures.workers)) {
    const auto others = [](std::uint64_t all, std::uint64_t hits) {
      return number(all - std::min(all, hits));
    };
    requests.samples.push_back({{{"hosts", hosts}, {"cache", "hit"}}, number(use.hits)});
    requests.samples.push_back(
        {{{"hosts", hosts}, {"cache", "other"}}, others(use.requests, use.hits)});
    octets.samples.push_back({{{"hosts", hosts}, {"cache", "hit"}}, number(use.hit_octets)});
    octets.samples.push_back(
        {{{"hosts", hosts}, {"cache", "other"}}, others(use.octets, use.hit_octets)});
    waited.samples.push_back({{{"hosts", hosts}}, number(use.origin_us) / 1e6});
  }
  families.push_back(std::move(requests));
  families.push_back(std::move(octets));
  families.push_back(std::move(waited));
}

void add_rules(const Figures& figures, std::vector<Family>& families) {
  std::map<std::string, std::pair<double, double>> sums;  // acted, dry
  for (const WorkerCounters* worker : figures.workers) {
    for (std::size_t i = 0; i < worker->rules.size(); ++i) {
      const RuleCounters& rule = worker->rules[i];
      const double acted = number(rule.acted.value());
      sums[rule.name].first += acted;
      sums[rule.name].second += std::max(0.0, number(rule.matched.value()) - acted);
    }
  }
  Family family{
      "rule_matches_total", "Requests that a rule was meant for; dry: it does nothing.", true, {}};
  for (const auto& [name, sum] : sums) {
    family.samples.push_back({{{"rule", name}, {"mode", "acted"}}, sum.first});
    family.samples.push_back({{{"rule", name}, {"mode", "dry"}}, sum.second});
  }
  families.push_back(std::move(family));
}

void add_load(const Figures& figures, std::vector<Family>& families) {
  Family refused{"refused_total",
                 "Requests and connections refused for load, by what was exhausted.",
                 true,
                 {}};
  for (const auto& [resource, count] : figures.load.refused) {
    refused.samples.push_back({{{"resource", std::string(resource)}}, number(count)});
  }
  families.push_back(std::move(refused));
  families.push_back({"fetches",
                      "Fetches from origins under way.",
                      false,
                      {{{}, static_cast<double>(figures.load.fetches)}}});
  double lacking = 0;
  for (const WorkerCounters* worker : figures.workers) {
    lacking += number(worker->descriptor_failures.value());
  }
  families.push_back({"descriptor_failures_total",
                      "Times no connection could be taken: no file descriptor was left.",
                      true,
                      {{{}, lacking}}});
  Family complaints{"condition", "1: the heartbeats complain of it.", false, {}};
  for (const std::string_view kind : gslb::fleet::kConditionKinds) {
    const bool is_so = std::any_of(figures.conditions.begin(), figures.conditions.end(),
                                   [&](const auto& each) { return each.kind == kind; });
    complaints.samples.push_back({{{"kind", std::string(kind)}}, is_so ? 1.0 : 0.0});
  }
  families.push_back(std::move(complaints));
}

}  // namespace

std::vector<Family> families_of(const Figures& figures) {
  std::vector<Family> families;
  add_hosts(figures, families);
  add_rules(figures, families);
  add_load(figures, families);
  add_purges(figures.purges, families);
  return families;
}

}  // namespace edge::report
