#include "gslb/control/recorded_cluster.h"

#include <algorithm>
#include <cmath>

#include "gslb/base/fields.h"
#include "gslb/base/units.h"
#include "gslb/config/config.h"

namespace gslb::control {
namespace {

constexpr double kMostAmount = 1e15;

bool read_fails(std::string_view list, steer::ClusterInput& input) {
  while (!list.empty()) {
    const auto service = parse_number<std::uint16_t>(take_field(list, ','));
    if (!service || *service >= config::kMaxServices) { return false; }
    input.fails.push_back(*service);
  }
  return std::is_sorted(input.fails.begin(), input.fails.end());
}

}  // namespace

bool read_amount(std::string_view text, double* into) {
  const auto value = parse_number<double>(text);
  *into = value.value_or(0);
  // A NaN is in no range.
  return value && *value >= -kMostAmount && *value <= kMostAmount;
}

std::string cluster_text(const steer::ClusterInput& input) {
  std::string text = (input.serving ? "up " : "down ") + format_number(input.utilisation) +
                     (input.has_capacity ? " target" : " none");
  if (std::isfinite(input.most_utilisation)) {
    text += " max " + format_number(input.most_utilisation);
  }
  if (input.blind) { text += " blind " + format_number(input.capacity_share); }
  if (input.surcharge_per_gb > 0) { text += " surcharge " + format_number(input.surcharge_per_gb); }
  for (std::size_t i = 0; i < input.fails.size(); ++i) {
    text += (i == 0 ? " fails " : ",") + std::to_string(input.fails[i]);
  }
  return text;
}

bool read_cluster(std::string_view line, steer::ClusterInput& input) {
  input.serving = take_field(line, ' ') == "up";
  if (!read_amount(take_field(line, ' '), &input.utilisation)) { return false; }
  input.has_capacity = take_field(line, ' ') == "target";
  // Only of a cluster whose max is known, of one with silent nodes, of one that services can't use.
  while (!line.empty()) {
    const std::string_view what = take_field(line, ' ');
    const std::string_view value = take_field(line, ' ');
    if (what == "fails") {
      if (!read_fails(value, input)) { return false; }
      continue;
    }
    input.blind = input.blind || what == "blind";
    double* to = what == "max"         ? &input.most_utilisation
                 : what == "blind"     ? &input.capacity_share
                 : what == "surcharge" ? &input.surcharge_per_gb
                                       : nullptr;
    if (to == nullptr || !read_amount(value, to)) { return false; }
  }
  return true;
}

}  // namespace gslb::control
