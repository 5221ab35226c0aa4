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
    samples_.push_back({{.unit = compiled.geo->find(sample.client.address()).unit,
                         .cluster = cluster,
                         .rtt_ms = sample.rtt_us / 1e3,
                         .count = sample.count},
                        now});
  }
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
