#include "gslb/control/learning.h"

#include <cerrno>
#include <cstring>

#include "gslb/base/file.h"
#include "gslb/base/log.h"

namespace gslb::control {

void SampleInbox::add(const Compiled& compiled, const fleet::Report& report, WallTime now) {
  const fleet::ClusterIndex cluster = compiled.fleet->find_cluster(report.cluster);
  for (const fleet::RttSample& sample : report.rtt) {
    if (samples_.size() == kMost || cluster == fleet::kNoCluster) {
      ++lost_;
      continue;
    }
    measure::Sample taken{
        .unit = compiled.geo->find(sample.client.address()).unit,
        .cluster = cluster,
        .rtt_ms = sample.rtt_us / 1e3,
        .count = sample.count,
        .path = {.sent = static_cast<double>(sample.sent),
                 .retransmitted = static_cast<double>(sample.retransmitted),
                 .bits_per_s = static_cast<double>(sample.bits_per_s)},
        .requests = {static_cast<float>(sample.requests), static_cast<float>(sample.failed)}};
    for (const fleet::RttBin& bin : sample.bins) {
      taken.spread.push_back(
          {static_cast<float>(fleet::rtt_bin_ms(bin.bin)), static_cast<float>(bin.count)});
    }
    samples_.push_back({std::move(taken), now});
  }
  if (report.cache.requests == 0 || cluster == fleet::kNoCluster) { return; }
  CacheSum& sum = caches_[cluster];
  sum.count.requests += static_cast<double>(report.cache.requests);
  sum.count.hits += static_cast<double>(report.cache.hits);
  sum.at = now;
}

std::vector<TimedSample> SampleInbox::take() {
  std::vector<TimedSample> taken = std::exchange(samples_, {});
  for (const auto& [cluster, sum] : std::exchange(caches_, {})) {
    taken.push_back({.sample = {.cluster = cluster}, .at = sum.at, .cache = sum.count});
  }
  return taken;
}

void SampleInbox::add(TimedSample sample) {
  if (samples_.size() == kMost) {
    ++lost_;
    return;
  }
  samples_.push_back(std::move(sample));
}

void save_rtt(const Epoch& epoch, const std::string& path) {
  if (!write_file_atomically(path, epoch.estimator.write())) {
    log_warning("state", "can't be saved", {{"file", path}, {"error", std::strerror(errno)}});
  }
}

void restore_rtt(Epoch& epoch, const std::string& path) {
  const auto text = read_file(path);
  if (!text) { return; }
  const std::size_t useless = epoch.estimator.read(*text);
  log_info("state", "round-trip times restored",
           {{"file", path}, {"pairs", epoch.estimator.figures().pairs}, {"left_out", useless}});
}

}  // namespace gslb::control
