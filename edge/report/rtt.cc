#include "edge/report/rtt.h"

#include <algorithm>
#include <cstddef>

#include <linux/tcp.h>  // glibc's own tcp_info lacks tcpi_min_rtt
#include <netinet/in.h>
#include <sys/socket.h>

namespace edge::report {

std::optional<std::uint32_t> rtt_us_of(int socket) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) { return std::nullopt; }
  const bool has_min = length >= offsetof(tcp_info, tcpi_min_rtt) + sizeof(info.tcpi_min_rtt);
  // All ones is the kernel's "not measured yet".
  if (has_min && info.tcpi_min_rtt != 0 && info.tcpi_min_rtt != ~0U) { return info.tcpi_min_rtt; }
  if (info.tcpi_rtt != 0) { return info.tcpi_rtt; }
  return std::nullopt;
}

void RttCollector::add(const gslb::Address& client, std::uint32_t rtt_us) {
  const gslb::Prefix prefix(client, client.is_v6() ? 48 : 24);
  const std::lock_guard lock(mutex_);
  const auto known = samples_.find(prefix);
  if (known != samples_.end()) {
    known->second.rtt_us = std::min(known->second.rtt_us, rtt_us);
    ++known->second.count;
  } else if (samples_.size() < gslb::fleet::kMaxReportRttSamples) {
    samples_.emplace(prefix, gslb::fleet::RttSample{prefix, rtt_us, 1});
  }
}

std::vector<gslb::fleet::RttSample> RttCollector::drain() {
  std::map<gslb::Prefix, gslb::fleet::RttSample> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(samples_);
  }
  std::vector<gslb::fleet::RttSample> samples;
  samples.reserve(taken.size());
  for (const auto& [prefix, sample] : taken) { samples.push_back(sample); }
  return samples;
}

}  // namespace edge::report
