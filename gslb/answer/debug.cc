#include "gslb/answer/debug.h"

#include <algorithm>
#include <cmath>

#include "gslb/answer/locate.h"
#include "gslb/base/units.h"
#include "gslb/dns/response.h"

namespace gslb::answer {
namespace {

constexpr std::size_t kMaxString = 255;  // RFC 1035 3.3
constexpr std::size_t kMostClusters = 5;

std::string tenths(double value) { return format_number(std::round(value * 10) / 10); }

std::string place_of(const Explanation& from) {
  std::string text = "at " + from.leaf;
  if (from.asn != 0) { text += " AS" + std::to_string(from.asn); }
  if (!from.country.empty()) { text += " " + from.country; }
  if (!from.place) { return text + " place unknown"; }
  return text + " " + tenths(from.place->latitude) + "," + tenths(from.place->longitude) + " +-" +
         tenths(from.place_sigma_km) + "km " + from.place_from;
}

// The clients a resolver asks for: the most of them.
std::string mixture_of(const Explanation& from) {
  constexpr std::size_t kShown = 4;
  std::string text = "resolver " + from.resolver_network + " asks for";
  for (std::size_t i = 0; i < std::min(kShown, from.mixture.size()); ++i) {
    const Explanation::Client& client = from.mixture[i];
    text += " " + tenths(client.share * 100) + "%";
    if (client.asn != 0) { text += " AS" + std::to_string(client.asn); }
    if (!client.country.empty()) { text += " " + client.country; }
  }
  return text;
}

std::string cluster_line(const ExplainedCluster& from) {
  return from.id + " rtt " + tenths(from.cost.rtt.mean_ms) + "+-" + tenths(from.cost.rtt.sigma_ms) +
         "ms " + std::string(to_string(from.cost.rtt.source)) + " cost " +
         tenths(from.cost.total_ms) +
         (from.cost.trouble_ms > 0 ? " trouble " + tenths(from.cost.trouble_ms) : "") + " price " +
         tenths(from.price_ms) + (from.serving ? " up" : " down") +
         (from.rank >= 0 ? " rank " + std::to_string(from.rank + 1) : "") + ": " + from.verdict;
}

// A TXT record's RDATA with its length before it, as RrsetView has it.
std::vector<std::uint8_t> txt_rdata(const std::vector<std::string>& strings) {
  std::vector<std::uint8_t> rdata(2);
  for (const std::string& each : strings) {
    const std::size_t size = std::min(each.size(), kMaxString);
    rdata.push_back(static_cast<std::uint8_t>(size));
    rdata.insert(rdata.end(), each.begin(), each.begin() + static_cast<std::ptrdiff_t>(size));
  }
  store_u16(rdata.data(), static_cast<std::uint16_t>(rdata.size() - 2));
  return rdata;
}

}  // namespace

bool Debug::is_asked(const dns::Query& query) const noexcept {
  const Octets asked = query.qname.wire();
  if (query.qtype != dns::RrType::kTxt || asked.size() <= name.size()) { return false; }
  // The debug name must begin where a label does.
  for (std::size_t i = 1; i <= query.qname.label_count(); ++i) {
    const Octets suffix = query.qname.suffix(i);
    if (suffix.size() == name.size()) { return std::ranges::equal(suffix, name); }
  }
  return false;
}

std::vector<std::string> debug_strings(const Explanation& from) {
  std::vector<std::string> strings;
  if (from.zone.empty()) { return {"no zone of ours holds this name"}; }
  if (from.route.empty()) { return {"not routed: static data of " + from.zone}; }
  strings.push_back((from.cluster.empty() ? "no cluster" : from.cluster) + " " + from.reason +
                    " ttl " + std::to_string(from.ttl_s) + " scope " +
                    std::to_string(from.scope_bits));
  strings.push_back("route " + from.route + " service " + from.service + " generation " +
                    std::to_string(from.generation));
  strings.push_back(place_of(from) + " by " + from.decided_by);
  if (!from.mixture.empty()) { strings.push_back(mixture_of(from)); }
  if (!from.override_rule.empty()) { strings.push_back("override " + from.override_rule); }
  if (!from.if_lost.empty()) { strings.push_back("if lost " + from.if_lost); }
  for (std::size_t i = 0; i < std::min(kMostClusters, from.clusters.size()); ++i) {
    strings.push_back(cluster_line(from.clusters[i]));
  }
  if (from.clusters.size() > kMostClusters) {
    strings.push_back(std::to_string(from.clusters.size() - kMostClusters) + " more clusters");
  }
  return strings;
}

std::size_t answer_debug(const Snapshot& snapshot, const Request& request, Scratch& scratch,
                         AnswerCounters& counters, MutableOctets out) {
  const Debug& debug = *snapshot.debug;
  const dns::Query& query = scratch.query;
  // What stands before the debug name, with a root label instead of it.
  const Octets asked = query.qname.wire();
  std::vector<std::uint8_t> wire(asked.begin(),
                                 asked.end() - static_cast<std::ptrdiff_t>(debug.name.size()));
  wire.push_back(0);
  ExplainRequest wanted{.name = dns::Name::from_wire(wire).value(),
                        .client = request.client,
                        .as_subnet = false,
                        .resolver = request.client};
  const bool has_subnet = query.edns.ecs && query.edns.ecs->source_bits() > 0;
  if (has_subnet) {
    wanted.client = subnet_address(*query.edns.ecs);
    wanted.as_subnet = true;
  }
  const Explanation explanation = explain(snapshot, *debug.costs, debug.price_ms, wanted);
  const std::vector<std::uint8_t> rdata = txt_rdata(debug_strings(explanation));

  dns::ResponseEdns edns;
  edns.udp_payload = snapshot.identity->udp_payload_octets;
  edns.dnssec_ok = query.edns.dnssec_ok;
  if (query.edns.ecs) { edns.ecs = &*query.edns.ecs; }
  edns.ecs_scope_bits = explanation.scope_bits;
  std::size_t limit = std::min<std::size_t>(out.size(), 65535);
  if (request.transport == Transport::kUdp) {
    limit = std::min(limit, query.udp_limit(snapshot.identity->udp_payload_octets));
  }
  dns::ResponseWriter writer(out, limit, request.message, query,
                             query.edns.present ? dns::ResponseWriter::edns_size(edns) : 0);
  writer.put_rrset(dns::Section::kAnswer, asked,
                   {.type = dns::RrType::kTxt, .ttl_s = 0, .count = 1, .rdata = rdata});
  if (writer.truncated()) { counters.truncated.add(); }
  const auto transport = static_cast<std::size_t>(request.transport);
  counters.queries[transport][request.client.is_v6() ? 1 : 0].add();
  counters.responses_by_rcode[static_cast<std::size_t>(dns::Rcode::kNoError)].add();
  return writer.finish(dns::Rcode::kNoError, true, query.edns.present ? &edns : nullptr);
}

}  // namespace gslb::answer
