#include "gslb/fleet/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gslb/fleet/report_parts.h"

namespace gslb::fleet {
namespace {

namespace json = boost::json;

bool is_amount(double value) { return std::isfinite(value) && value >= 0 && value <= kMaxLoad; }

bool is_load(const ResourceLoad& load) {
  return is_id(load.resource) && is_amount(load.current) && is_amount(load.target) &&
         is_amount(load.max);
}

bool are_bins(const RttSample& sample) {
  std::uint64_t sum = 0;
  int last = -1;
  for (const RttBin& bin : sample.bins) {
    if (bin.bin >= kRttBins || bin.bin <= last || bin.count == 0) { return false; }
    last = bin.bin;
    sum += bin.count;
  }
  return sample.bins.size() <= kMaxReportRttBins && sum <= sample.count;
}

bool is_sample(const RttSample& sample) {
  return is_client(sample.client) && sample.rtt_us >= 1 && sample.rtt_us <= kMaxReportRttUs &&
         sample.count >= 1 && are_bins(sample) && sample.sent <= kMaxReportInteger &&
         sample.retransmitted <= sample.sent && sample.bits_per_s <= kMaxReportInteger &&
         sample.requests <= kMaxReportInteger && sample.failed <= sample.requests;
}

bool is_cache(const CacheUse& cache) {
  return cache.requests <= kMaxReportInteger && cache.hits <= cache.requests;
}

std::string_view state_name(NodeState state) {
  switch (state) {
    case NodeState::kUp:
      return "up";
    case NodeState::kDraining:
      return "draining";
    case NodeState::kDown:
      return "down";
  }
  return "down";
}

// Whole amounts as integers: 800, not Boost's 8E2, since people read heartbeats with curl.
json::value number(double value) {
  if (value == std::floor(value) && value <= kMaxReportInteger) {
    return static_cast<std::uint64_t>(value);
  }
  return value;
}

json::array load_array(const Report& report) {
  json::array entries;
  for (const ResourceLoad& load : report.load) {
    if (entries.size() == kMaxReportResources) { break; }
    if (!is_load(load)) { continue; }
    json::object entry{{"resource", load.resource}, {"current", number(load.current)}};
    if (load.target > 0) { entry["target"] = number(load.target); }
    if (load.max > 0) { entry["max"] = number(load.max); }
    entries.push_back(std::move(entry));
  }
  return entries;
}

// More than this of details would make the whole too long; the sender puts who matters first.
constexpr std::size_t kMaxDetailOctets = 80'000;

std::size_t detail_octets(const RttSample& sample) { return 160 + 17 * sample.bins.size(); }

json::array rtt_array(const Report& report) {
  json::array entries;
  std::size_t details = 0;
  for (const RttSample& sample : report.rtt) {
    if (entries.size() == kMaxReportRttSamples) { break; }
    if (!is_sample(sample)) { continue; }
    json::object entry{
        {"client", sample.client.to_string()}, {"rtt_us", sample.rtt_us}, {"count", sample.count}};
    details += detail_octets(sample);
    if (details > kMaxDetailOctets) {
      entries.push_back(std::move(entry));
      continue;
    }
    if (!sample.bins.empty()) {
      json::array& bins = entry.emplace("bins", json::array()).first->value().as_array();
      for (const RttBin& bin : sample.bins) { bins.push_back(json::array{bin.bin, bin.count}); }
    }
    if (sample.sent > 0) {
      entry["sent"] = sample.sent;
      entry["retransmitted"] = sample.retransmitted;
    }
    if (sample.bits_per_s > 0) { entry["bits_per_s"] = sample.bits_per_s; }
    if (sample.requests > 0) {
      entry["requests"] = sample.requests;
      entry["failed"] = sample.failed;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

void parse_state(Members& members, NodeState* out) {
  std::string text;
  members.text("state", Member::kRequired, &text);
  if (!members.ok()) { return; }
  for (const NodeState state : {NodeState::kUp, NodeState::kDraining, NodeState::kDown}) {
    if (state_name(state) == text) {
      *out = state;
      return;
    }
  }
  members.fail(ReportError::kOutOfRange);
}

void parse_load(Members& report, std::vector<ResourceLoad>* out) {
  const json::array* list = report.list("load", kMaxReportResources);
  if (list == nullptr) { return; }
  for (const json::value& entry : *list) {
    Members members(entry);
    ResourceLoad load;
    members.text("resource", Member::kRequired, &load.resource);
    members.amount("current", Member::kRequired, &load.current);
    members.amount("target", Member::kOptional, &load.target);
    members.amount("max", Member::kOptional, &load.max);
    if (!members.ok()) { return report.fail(members.error()); }
    const bool repeated = std::any_of(out->begin(), out->end(), [&](const ResourceLoad& other) {
      return other.resource == load.resource;
    });
    report.require(is_load(load) && !repeated);
    if (!report.ok()) { return; }
    out->push_back(std::move(load));
  }
}

// Pairs of a bin and its count.
void parse_bins(Members& sample, std::vector<RttBin>* out) {
  const json::array* list = sample.list("bins", kMaxReportRttBins);
  if (list == nullptr) { return; }
  for (const json::value& entry : *list) {
    const json::array* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2) { return sample.fail(ReportError::kWrongType); }
    std::uint64_t bin = 0;
    std::uint64_t count = 0;
    sample.number((*pair)[0], 0, kRttBins - 1, &bin);
    sample.number((*pair)[1], 1, std::numeric_limits<std::uint32_t>::max(), &count);
    if (!sample.ok()) { return; }
    out->push_back({static_cast<std::uint8_t>(bin), static_cast<std::uint32_t>(count)});
  }
}

void parse_rtt(Members& report, std::vector<RttSample>* out) {
  const json::array* list = report.list("rtt", kMaxReportRttSamples);
  if (list == nullptr) { return; }
  constexpr std::uint64_t kAny32 = std::numeric_limits<std::uint32_t>::max();
  for (const json::value& entry : *list) {
    Members members(entry);
    RttSample sample;
    std::string client;
    members.text("client", Member::kRequired, &client);
    members.integer("rtt_us", 1, kMaxReportRttUs, &sample.rtt_us);
    members.integer("count", 1, kAny32, &sample.count);
    parse_bins(members, &sample.bins);
    members.integer("sent", 0, kMaxReportInteger, &sample.sent, Member::kOptional);
    members.integer("retransmitted", 0, kMaxReportInteger, &sample.retransmitted,
                    Member::kOptional);
    members.integer("bits_per_s", 0, kMaxReportInteger, &sample.bits_per_s, Member::kOptional);
    members.integer("requests", 0, kMaxReportInteger, &sample.requests, Member::kOptional);
    members.integer("failed", 0, kMaxReportInteger, &sample.failed, Member::kOptional);
    if (!members.ok()) { return report.fail(members.error()); }
    const std::optional<Prefix> prefix = Prefix::parse(client);
    sample.client = prefix.value_or(Prefix());
    report.require(prefix.has_value() && is_sample(sample));
    if (!report.ok()) { return; }
    out->push_back(std::move(sample));
  }
}

void parse_cache(Members& report, CacheUse* out) {
  const json::value* found = report.find("cache", Member::kOptional);
  if (found == nullptr) { return; }
  Members members(*found);
  members.integer("requests", 0, kMaxReportInteger, &out->requests);
  members.integer("hits", 0, kMaxReportInteger, &out->hits);
  if (!members.ok()) { return report.fail(members.error()); }
  report.require(is_cache(*out));
}

}  // namespace

std::string_view describe(ReportError error) noexcept {
  switch (error) {
    case ReportError::kTooLong:
      return "too long";
    case ReportError::kNotJson:
      return "not JSON";
    case ReportError::kVersion:
      return "unknown version";
    case ReportError::kMissingField:
      return "missing member";
    case ReportError::kWrongType:
      return "member of the wrong type";
    case ReportError::kOutOfRange:
      return "member out of range";
  }
  return "unknown error";
}

std::string write_report(const Report& report) {
  // Boost.JSON objects keep the order of insertion, so equal reports give equal octets.
  json::object body{{"version", kReportVersion},
                    {"cluster", report.cluster},
                    {"node", report.node},
                    {"incarnation", report.incarnation},
                    {"sequence", report.sequence},
                    {"state", state_name(report.state)},
                    {"reason", printable(report.reason, kMaxReportReasonOctets)},
                    {"interval_ms", report.interval_ms},
                    {"load", load_array(report)},
                    {"rtt", rtt_array(report)}};
  if (report.cache.requests > 0 && is_cache(report.cache)) {
    body["cache"] = {{"requests", report.cache.requests}, {"hits", report.cache.hits}};
  }
  write_figures(report.figures, body);
  write_probing(report, body);
  if (report.orders) { write_seen(*report.orders, body); }
  return json::serialize(body);
}

Result<Report, ReportError> parse_report(std::string_view body) {
  if (body.size() > kMaxReportOctets) { return Unexpected(ReportError::kTooLong); }
  json::error_code not_json;
  json::parse_options options;
  options.max_depth = kMaxReportDepth;
  const json::value value =
      json::parse(json::string_view(body.data(), body.size()), not_json, {}, options);
  if (not_json) { return Unexpected(ReportError::kNotJson); }

  Members members(value);
  int version = 0;
  members.integer("version", 0, std::numeric_limits<int>::max(), &version);
  if (members.ok() && version != kReportVersion) { members.fail(ReportError::kVersion); }

  Report report;
  members.text("cluster", Member::kRequired, &report.cluster);
  members.text("node", Member::kRequired, &report.node);
  members.require(is_id(report.cluster) && is_id(report.node));
  members.integer("incarnation", 0, kMaxReportInteger, &report.incarnation);
  members.integer("sequence", 0, kMaxReportInteger, &report.sequence);
  parse_state(members, &report.state);
  members.text("reason", Member::kOptional, &report.reason);
  members.require(report.reason.size() <= kMaxReportReasonOctets);
  members.integer("interval_ms", 1, kMaxReportIntervalMs, &report.interval_ms);
  parse_load(members, &report.load);
  parse_rtt(members, &report.rtt);
  parse_cache(members, &report.cache);
  parse_figures(members, &report.figures);
  parse_probing(members, &report);
  parse_seen(members, &report.orders);
  if (!members.ok()) { return Unexpected(members.error()); }
  return report;
}

}  // namespace gslb::fleet
