// What heartbeats and their replies say of probes and beacons.
#include <algorithm>
#include <array>
#include <cmath>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gslb/fleet/report_parts.h"

namespace gslb::fleet {
namespace {

namespace json = boost::json;

constexpr double kFirstBinUs = 100;
constexpr double kBinsAnOctave = 8;
constexpr std::array<std::string_view, 3> kKinds = {"tcp-syn", "icmp", "dns"};
constexpr std::array<std::string_view, kProbeFailures> kFailures = {"", "timeout", "unreachable",
                                                                    "excluded", "unsupported"};

json::string_view shown(std::string_view text) { return {text.data(), text.size()}; }

bool is_result(const ProbeResult& result) {
  const bool failed = result.failure != ProbeFailure::kNone;
  return result.id <= kMaxReportInteger && failed == (result.rtt_us == 0) &&
         result.rtt_us <= kMaxReportRttUs;
}

bool is_hit(const BeaconHit& hit) { return is_nonce(hit.nonce) && is_client(hit.client); }

bool is_probe(const Probe& probe) {
  return probe.id <= kMaxReportInteger && (probe.kind == ProbeKind::kIcmp) == (probe.port == 0);
}

void parse_results(Members& report, std::vector<ProbeResult>* out) {
  const json::array* list = report.list("probes", kMaxReportProbes);
  if (list == nullptr) { return; }
  for (const json::value& entry : *list) {
    Members members(entry);
    ProbeResult result;
    std::string failure;
    members.integer("id", 0, kMaxReportInteger, &result.id);
    members.integer("rtt_us", 1, kMaxReportRttUs, &result.rtt_us, Member::kOptional);
    members.text("failure", Member::kOptional, &failure);
    if (!members.ok()) { return report.fail(members.error()); }
    const auto* const known = std::find(kFailures.begin(), kFailures.end(), failure);
    report.require(known != kFailures.end());
    result.failure = static_cast<ProbeFailure>(known - kFailures.begin());
    report.require(is_result(result));
    if (!report.ok()) { return; }
    out->push_back(result);
  }
}

void parse_beacons(Members& report, std::vector<BeaconHit>* out) {
  const json::array* list = report.list("beacons", kMaxReportBeacons);
  if (list == nullptr) { return; }
  for (const json::value& entry : *list) {
    Members members(entry);
    BeaconHit hit;
    std::string client;
    members.text("nonce", Member::kRequired, &hit.nonce);
    members.text("client", Member::kRequired, &client);
    if (!members.ok()) { return report.fail(members.error()); }
    const std::optional<Prefix> prefix = Prefix::parse(client);
    hit.client = prefix.value_or(Prefix());
    report.require(is_hit(hit));
    if (!report.ok()) { return; }
    out->push_back(std::move(hit));
  }
}

void parse_order(const json::value& entry, Members& reply, std::vector<Probe>* out) {
  Members members(entry);
  Probe probe;
  std::string kind;
  std::string target;
  members.integer("id", 0, kMaxReportInteger, &probe.id);
  members.text("kind", Member::kRequired, &kind);
  members.text("target", Member::kRequired, &target);
  members.integer("port", 1, 65'535, &probe.port, Member::kOptional);
  if (!members.ok()) { return reply.fail(members.error()); }
  // A kind that only newer edges know is no fault.
  const auto known = parse_probe_kind(kind);
  if (!known) { return; }
  const auto address = Address::parse(target);
  probe.kind = *known;
  probe.target = address.value_or(Address());
  reply.require(address.has_value() && is_probe(probe));
  if (reply.ok()) { out->push_back(probe); }
}

}  // namespace

std::uint8_t rtt_bin(std::uint32_t rtt_us) noexcept {
  if (rtt_us <= kFirstBinUs) { return 0; }
  const double bin = std::floor(std::log2(rtt_us / kFirstBinUs) * kBinsAnOctave);
  return static_cast<std::uint8_t>(std::min(bin, double{kRttBins - 1}));
}

double rtt_bin_ms(std::uint8_t bin) noexcept {
  return kFirstBinUs / 1e3 * std::exp2((bin + 0.5) / kBinsAnOctave);
}

std::string_view to_string(ProbeKind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::optional<ProbeKind> parse_probe_kind(std::string_view text) noexcept {
  const auto* const known = std::find(kKinds.begin(), kKinds.end(), text);
  if (known == kKinds.end()) { return std::nullopt; }
  return static_cast<ProbeKind>(known - kKinds.begin());
}

std::string_view to_string(ProbeFailure failure) noexcept {
  return kFailures[static_cast<std::size_t>(failure)];
}

bool is_nonce(std::string_view text) noexcept {
  return text.size() >= kMinNonceOctets && text.size() <= kMaxNonceOctets &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

void write_probing(const Report& report, json::object& body) {
  if (report.probe_room > 0) { body["probe_room"] = report.probe_room; }
  json::array results;
  for (const ProbeResult& result : report.probes) {
    if (results.size() == kMaxReportProbes) { break; }
    if (!is_result(result)) { continue; }
    json::object entry{{"id", result.id}};
    if (result.failure == ProbeFailure::kNone) {
      entry["rtt_us"] = result.rtt_us;
    } else {
      entry["failure"] = shown(to_string(result.failure));
    }
    results.push_back(std::move(entry));
  }
  if (!results.empty()) { body["probes"] = std::move(results); }
  json::array hits;
  for (const BeaconHit& hit : report.beacons) {
    if (hits.size() == kMaxReportBeacons) { break; }
    if (!is_hit(hit)) { continue; }
    hits.push_back(json::object{{"nonce", hit.nonce}, {"client", hit.client.to_string()}});
  }
  if (!hits.empty()) { body["beacons"] = std::move(hits); }
}

void parse_probing(Members& members, Report* report) {
  members.integer("probe_room", 0, 65'535, &report->probe_room, Member::kOptional);
  parse_results(members, &report->probes);
  parse_beacons(members, &report->beacons);
}

std::string write_orders(const Orders& orders) {
  json::array entries;
  for (const Probe& probe : orders.probes) {
    if (entries.size() == kMaxOrders) { break; }
    if (!is_probe(probe)) { continue; }
    json::object entry{{"id", probe.id},
                       {"kind", shown(to_string(probe.kind))},
                       {"target", probe.target.to_string()}};
    if (probe.port != 0) { entry["port"] = probe.port; }
    entries.push_back(std::move(entry));
  }
  json::object body{{"version", kReportVersion}, {"probes", std::move(entries)}};
  if (orders.page) { write_page(*orders.page, body); }
  return json::serialize(body);
}

Result<Orders, ReportError> parse_orders(std::string_view body) {
  if (body.size() > kMaxOrdersOctets) { return Unexpected(ReportError::kTooLong); }
  json::error_code not_json;
  json::parse_options options;
  options.max_depth = kMaxReportDepth;
  const json::value value = json::parse(shown(body), not_json, {}, options);
  if (not_json) { return Unexpected(ReportError::kNotJson); }
  Members members(value);
  int version = 0;
  members.integer("version", 0, 65'535, &version);
  if (members.ok() && version != kReportVersion) { members.fail(ReportError::kVersion); }
  Orders orders;
  if (const json::array* list = members.list("probes", kMaxOrders)) {
    for (const json::value& entry : *list) {
      if (members.ok()) { parse_order(entry, members, &orders.probes); }
    }
  }
  orders.page = parse_page(members);
  if (!members.ok()) { return Unexpected(members.error()); }
  return orders;
}

}  // namespace gslb::fleet
