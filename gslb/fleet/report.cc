#include "gslb/fleet/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace gslb::fleet {
namespace {

namespace json = boost::json;

bool is_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxReportIdOctets) { return false; }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool is_amount(double value) { return std::isfinite(value) && value >= 0 && value <= kMaxLoad; }

bool is_load(const ResourceLoad& load) {
  return is_id(load.resource) && is_amount(load.current) && is_amount(load.target) &&
         is_amount(load.max);
}

bool is_sample(const RttSample& sample) {
  const int longest = sample.client.is_v6() ? 48 : 24;
  return sample.client.bits() >= 1 && sample.client.bits() <= longest && sample.rtt_us >= 1 &&
         sample.rtt_us <= kMaxReportRttUs && sample.count >= 1;
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

// A reason with an odd octet (an errno text, an upstream's header) must not cost the heartbeat.
std::string printable(std::string_view text) {
  std::string clean(text.substr(0, kMaxReportReasonOctets));
  for (char& c : clean) {
    if (c < 0x20 || c > 0x7e) { c = '?'; }
  }
  return clean;
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

json::array rtt_array(const Report& report) {
  json::array entries;
  for (const RttSample& sample : report.rtt) {
    if (entries.size() == kMaxReportRttSamples) { break; }
    if (!is_sample(sample)) { continue; }
    entries.push_back(json::object{
        {"client", sample.client.to_string()}, {"rtt_us", sample.rtt_us}, {"count", sample.count}});
  }
  return entries;
}

// Reads members of one object; the first fault stays.  An absent optional member leaves `out`.
class Members {
 public:
  explicit Members(const json::value& value) : object_(value.if_object()) {
    if (object_ == nullptr) { fail(ReportError::kWrongType); }
  }

  bool ok() const { return !failed_; }
  ReportError error() const { return error_; }
  void fail(ReportError error) {
    if (ok()) { error_ = error; }
    failed_ = true;
  }
  void require(bool in_range) {
    if (!in_range) { fail(ReportError::kOutOfRange); }
  }

  const json::value* find(std::string_view name, bool required) {
    if (!ok()) { return nullptr; }
    const json::value* found = object_->if_contains(json::string_view(name.data(), name.size()));
    if (found == nullptr && required) { fail(ReportError::kMissingField); }
    return found;
  }

  void text(std::string_view name, bool required, std::string* out) {
    const json::value* found = find(name, required);
    if (found == nullptr) { return; }
    const json::string* text = found->if_string();
    if (text == nullptr) { return fail(ReportError::kWrongType); }
    out->assign(text->data(), text->size());
  }

  // An integer in [low, high]; 1.0 and 1e3 are not integers here.
  template <typename Integer>
  void integer(std::string_view name, std::uint64_t low, std::uint64_t high, Integer* out) {
    const json::value* found = find(name, true);
    if (found == nullptr) { return; }
    std::uint64_t value = 0;
    if (const std::int64_t* small = found->if_int64()) {
      if (*small < 0) { return fail(ReportError::kOutOfRange); }
      value = static_cast<std::uint64_t>(*small);
    } else if (const std::uint64_t* large = found->if_uint64()) {
      value = *large;
    } else {
      return fail(ReportError::kWrongType);
    }
    if (value < low || value > high) { return fail(ReportError::kOutOfRange); }
    *out = static_cast<Integer>(value);
  }

  void amount(std::string_view name, bool required, double* out) {
    const json::value* found = find(name, required);
    if (found == nullptr) { return; }
    if (!found->is_number()) { return fail(ReportError::kWrongType); }
    *out = found->to_number<double>();
  }

  // nullptr when absent.
  const json::array* list(std::string_view name, std::size_t limit) {
    const json::value* found = find(name, false);
    if (found == nullptr) { return nullptr; }
    const json::array* array = found->if_array();
    if (array == nullptr) {
      fail(ReportError::kWrongType);
      return nullptr;
    }
    require(array->size() <= limit);
    return ok() ? array : nullptr;
  }

 private:
  const json::object* object_;
  bool failed_ = false;
  ReportError error_ = ReportError::kNotJson;
};

void parse_state(Members& members, NodeState* out) {
  std::string text;
  members.text("state", true, &text);
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
    members.text("resource", true, &load.resource);
    members.amount("current", true, &load.current);
    members.amount("target", false, &load.target);
    members.amount("max", false, &load.max);
    if (!members.ok()) { return report.fail(members.error()); }
    const bool repeated = std::any_of(out->begin(), out->end(), [&](const ResourceLoad& other) {
      return other.resource == load.resource;
    });
    report.require(is_load(load) && !repeated);
    if (!report.ok()) { return; }
    out->push_back(std::move(load));
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
    members.text("client", true, &client);
    members.integer("rtt_us", 1, kMaxReportRttUs, &sample.rtt_us);
    members.integer("count", 1, kAny32, &sample.count);
    if (!members.ok()) { return report.fail(members.error()); }
    const std::optional<Prefix> prefix = Prefix::parse(client);
    sample.client = prefix.value_or(Prefix());
    report.require(prefix.has_value() && is_sample(sample));
    if (!report.ok()) { return; }
    out->push_back(sample);
  }
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
  return json::serialize(json::object{{"version", kReportVersion},
                                      {"cluster", report.cluster},
                                      {"node", report.node},
                                      {"incarnation", report.incarnation},
                                      {"sequence", report.sequence},
                                      {"state", state_name(report.state)},
                                      {"reason", printable(report.reason)},
                                      {"interval_ms", report.interval_ms},
                                      {"load", load_array(report)},
                                      {"rtt", rtt_array(report)}});
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
  members.text("cluster", true, &report.cluster);
  members.text("node", true, &report.node);
  members.require(is_id(report.cluster) && is_id(report.node));
  members.integer("incarnation", 0, kMaxReportInteger, &report.incarnation);
  members.integer("sequence", 0, kMaxReportInteger, &report.sequence);
  parse_state(members, &report.state);
  members.text("reason", false, &report.reason);
  members.require(report.reason.size() <= kMaxReportReasonOctets);
  members.integer("interval_ms", 1, kMaxReportIntervalMs, &report.interval_ms);
  parse_load(members, &report.load);
  parse_rtt(members, &report.rtt);
  if (!members.ok()) { return Unexpected(members.error()); }
  return report;
}

}  // namespace gslb::fleet
