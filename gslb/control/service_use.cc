#include "gslb/control/service_use.h"

#include <algorithm>
#include <utility>

namespace gslb::control {
namespace {

constexpr std::string_view kEgress = "egress_bits_per_s";

std::string host_of(const dns::Name& owner) {
  std::string text = owner.lower().to_string();
  if (text.size() > 1 && text.back() == '.') { text.pop_back(); }
  return text;
}

}  // namespace

ServiceUses::ServiceUses(const steer::ServiceTable& services, MonoTime now)
    : sums_(services.services.size()), since_(now) {
  for (const steer::Route& route : services.routes) {
    by_host_.emplace(host_of(route.owner), route.service);
  }
}

// The name itself, else the nearest wildcard above it.
const steer::ServiceIndex* ServiceUses::find(std::string_view hosts) const {
  std::string name(hosts);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (!name.empty() && name.back() == '.') { name.pop_back(); }
  if (const auto exact = by_host_.find(name); exact != by_host_.end()) { return &exact->second; }
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    const auto above = by_host_.find("*" + name.substr(dot));
    if (above != by_host_.end()) { return &above->second; }
  }
  return nullptr;
}

void ServiceUses::add(const fleet::Report& report) {
  for (const fleet::HostUse& each : report.figures.hosts) {
    const steer::ServiceIndex* const service = find(each.hosts);
    if (service == nullptr) { continue; }
    sums_[*service].requests += static_cast<double>(each.requests);
    sums_[*service].octets += static_cast<double>(each.octets);
  }
}

std::vector<steer::ServiceUse> ServiceUses::take(MonoTime now) {
  std::vector<steer::ServiceUse> uses;
  const double elapsed_s = std::chrono::duration<double>(now - since_).count();
  if (elapsed_s <= 0) { return uses; }
  since_ = now;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const Sum sum = std::exchange(sums_[i], {});
    if (sum.requests <= 0) { continue; }
    uses.push_back({i, sum.requests / elapsed_s, sum.octets / elapsed_s});
  }
  return uses;
}

double egress_share(const fleet::FleetState& fleet) {
  double all = 0;
  double egress = 0;
  for (std::size_t i = 0; i < fleet.model().clusters().size(); ++i) {
    double most = 0;
    bool is_egress = false;
    for (const fleet::ResourceLoad& load : fleet.load(static_cast<fleet::ClusterIndex>(i))) {
      if (load.target <= 0 || load.current / load.target <= most) { continue; }
      most = load.current / load.target;
      is_egress = load.resource == kEgress;
    }
    all += most;
    egress += is_egress ? most : 0;
  }
  return all > 0 ? egress / all : 0;
}

}  // namespace gslb::control
