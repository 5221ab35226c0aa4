#include "gslb/measure/probe_targets.h"

#include "gslb/base/fields.h"

namespace gslb::measure {
namespace {

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kDnsPort = 53;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) { text.remove_prefix(1); }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view take(std::string_view& line, char end) { return trim(take_field(line, end)); }

// "" when the line is good.
std::string read_line(std::string_view line, ListedTarget& into) {
  constexpr std::size_t kIdDigits = 16;
  const std::string_view where = take(line, ',');
  const std::string_view address = take(line, ',');
  const std::string_view kind = take(line, ',');
  const std::string_view port = take(line, ',');
  if (!trim(line).empty()) { return "more than four fields"; }
  into.where = Prefix::parse(where);
  const auto id = parse_number<std::uint64_t>(where, 16);
  if (!into.where && (where.size() != kIdDigits || !id)) {
    return "'" + std::string(where) + "' is neither a prefix nor a unit's id";
  }
  into.unit_id = id.value_or(0);
  const auto parsed = Address::parse(address);
  if (!parsed) { return "'" + std::string(address) + "' is not an IP address"; }
  into.target.address = *parsed;
  if (!kind.empty()) {
    const auto known = fleet::parse_probe_kind(kind);
    if (!known) { return "'" + std::string(kind) + "' is none of icmp, tcp-syn, dns"; }
    into.target.kind = *known;
  }
  const bool has_port = into.target.kind != fleet::ProbeKind::kIcmp;
  if (!has_port && !port.empty()) { return "icmp has no port"; }
  if (!has_port) { return ""; }
  const bool is_dns = into.target.kind == fleet::ProbeKind::kDns;
  const auto number = port.empty() ? std::optional(is_dns ? kDnsPort : kHttpsPort)
                                   : parse_number<std::uint16_t>(port, 10);
  if (!number || *number == 0) { return "'" + std::string(port) + "' is not a port"; }
  into.target.port = *number;
  return "";
}

}  // namespace

std::vector<ListedTarget> parse_probe_targets(std::string_view text, const std::string& file,
                                              Problems& problems) {
  std::vector<ListedTarget> targets;
  std::uint32_t number = 0;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    ++number;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) { continue; }
    ListedTarget target;
    const std::string fault = read_line(line, target);
    if (!fault.empty()) {
      problems.error({file, number, 1}, fault, "198.51.100.0/24,198.51.100.53,dns");
    } else if (targets.size() == kMostListedTargets) {
      problems.error({file, number, 1}, "more than 100,000 targets");
      break;
    } else {
      targets.push_back(target);
    }
  }
  return targets;
}

}  // namespace gslb::measure
