#include "gslb/control/billing.h"

#include <cerrno>
#include <cstring>

#include "gslb/base/fields.h"
#include "gslb/base/file.h"
#include "gslb/base/log.h"

namespace gslb::control {
namespace {

constexpr std::string_view kHeader = "proxima-commit 1";
constexpr std::string_view kEgress = "egress_bits_per_s";

// Mbps that a cluster reports; nullopt: it doesn't.
std::optional<double> egress_of(const fleet::FleetState& fleet, fleet::ClusterIndex cluster) {
  for (const fleet::ResourceLoad& each : fleet.load(cluster)) {
    if (each.resource == kEgress) { return each.current / 1e6; }
  }
  return std::nullopt;
}

// Itself, or a group's; none when it isn't there.
std::vector<fleet::ClusterIndex> members_of(const fleet::FleetModel& model, std::string_view id) {
  const fleet::ClusterIndex holder = model.find_holder(id);
  if (holder == fleet::kNoCluster) { return {}; }
  const std::size_t clusters = model.clusters().size();
  return holder < clusters ? std::vector{holder} : model.groups()[holder - clusters].members;
}

}  // namespace

void Billing::configure(const config::Config& config) {
  std::map<std::string, steer::CommitMeter, std::less<>> next;
  const auto put = [&](const std::string& id, const config::Commitment& terms) {
    if (terms.mbps <= 0) { return; }
    const auto at = next.emplace(id, terms).first;
    const auto before = meters_.find(id);
    if (before != meters_.end()) { at->second.read(before->second.write()); }
  };
  for (const config::Cluster& each : config.clusters) { put(each.id.text, each.commit); }
  for (const config::Group& each : config.groups) { put(each.id.text, each.commit); }
  meters_ = std::move(next);
}

void Billing::count(const fleet::FleetState& fleet, WallTime now) {
  for (auto& [id, meter] : meters_) {
    std::optional<double> mbps;
    for (const fleet::ClusterIndex member : members_of(fleet.model(), id)) {
      if (const auto egress = egress_of(fleet, member)) { mbps = mbps.value_or(0) + *egress; }
    }
    // Nothing said is no traffic seen, and no sample.
    if (mbps) { meter.add(*mbps, now); }
  }
}

void Billing::charge(const fleet::FleetModel& model,
                     std::vector<steer::ClusterInput>& inputs) const {
  for (const auto& [id, meter] : meters_) {
    for (const fleet::ClusterIndex member : members_of(model, id)) {
      inputs[member].surcharge_per_gb += meter.surcharge_per_gb();
    }
  }
}

std::string Billing::write() const {
  std::string text = std::string(kHeader) + '\n';
  for (const auto& [id, meter] : meters_) { text += id + ' ' + meter.write() + '\n'; }
  return text;
}

void save_commitments(const std::string& text, const std::string& path) {
  if (write_file_atomically(path, text)) { return; }
  log_warning("state", "can't be saved", {{"file", path}, {"error", std::strerror(errno)}});
}

void Billing::read(std::string_view text) {
  if (take_field(text, '\n') != kHeader) { return; }
  while (!text.empty()) {
    std::string_view line = take_field(text, '\n');
    const auto meter = meters_.find(take_field(line, ' '));
    if (meter != meters_.end()) { meter->second.read(line); }
  }
}

}  // namespace gslb::control
