#include "edge/report/rtt.h"

#include <algorithm>
#include <cstddef>

#include <linux/tcp.h>  // glibc's own tcp_info lacks tcpi_min_rtt
#include <netinet/in.h>
#include <sys/socket.h>

namespace edge::report {
namespace {

using gslb::fleet::RttBin;
using gslb::fleet::RttSample;

// nullopt when there is none; the kernel may know less than the header: those members are 0.
std::optional<tcp_info> info_of(int socket) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) { return std::nullopt; }
  return info;
}

gslb::Prefix network_of(const gslb::Address& client) {
  return gslb::Prefix(client, client.is_v6() ? 48 : 24);
}

void count_bin(std::vector<RttBin>& bins, const RttBin& more) {
  const auto at = std::lower_bound(bins.begin(), bins.end(), more,
                                   [](const RttBin& a, const RttBin& b) { return a.bin < b.bin; });
  if (at != bins.end() && at->bin == more.bin) {
    at->count += more.count;
  } else {
    bins.insert(at, more);
  }
}

// The lightest joins its nearer neighbour until the rest fits: modes stay, tails are drawn in.
void fit_bins(std::vector<RttBin>& bins) {
  while (bins.size() > gslb::fleet::kMaxReportRttBins) {
    const auto lightest =
        std::min_element(bins.begin(), bins.end(),
                         [](const RttBin& a, const RttBin& b) { return a.count < b.count; });
    const bool has_left = lightest != bins.begin();
    const bool has_right = lightest + 1 != bins.end();
    const bool go_left = has_left && (!has_right || lightest->bin - (lightest - 1)->bin <=
                                                        (lightest + 1)->bin - lightest->bin);
    (go_left ? lightest - 1 : lightest + 1)->count += lightest->count;
    bins.erase(lightest);
  }
}

}  // namespace

std::optional<std::uint32_t> rtt_us_of(int socket) {
  const auto info = info_of(socket);
  if (!info) { return std::nullopt; }
  // All ones is the kernel's "not measured yet".
  if (info->tcpi_min_rtt != 0 && info->tcpi_min_rtt != ~0U) { return info->tcpi_min_rtt; }
  if (info->tcpi_rtt != 0) { return info->tcpi_rtt; }
  return std::nullopt;
}

PathFigures path_figures_of(int socket) {
  PathFigures figures;
  const auto info = info_of(socket);
  if (!info) { return figures; }
  figures.sent = info->tcpi_data_segs_out;
  // The kernel counts handshakes sent again among them.
  figures.retransmitted = std::min<std::uint64_t>(info->tcpi_total_retrans, figures.sent);
  // A sender that had nothing more to send has measured itself, not the path.
  if (info->tcpi_delivery_rate_app_limited == 0) {
    figures.bits_per_s = info->tcpi_delivery_rate * 8;
  }
  // Once is loss; a second time, after twice the wait, is rather a way that is broken.
  figures.is_stuck = info->tcpi_unacked > 0 && info->tcpi_retransmits >= 2;
  return figures;
}

void RttCollector::add(const gslb::Address& client, std::uint32_t rtt_us) {
  const std::lock_guard lock(mutex_);
  const gslb::Prefix network = network_of(client);
  if (networks_.size() >= kMost && !networks_.contains(network)) { return; }
  Gathered& gathered = networks_[network];
  gathered.rtt_us = gathered.count == 0 ? rtt_us : std::min(gathered.rtt_us, rtt_us);
  ++gathered.count;
  count_bin(gathered.bins, {gslb::fleet::rtt_bin(rtt_us), 1});
}

void RttCollector::add_path(const gslb::Address& client, const PathFigures& figures) {
  const std::lock_guard lock(mutex_);
  const gslb::Prefix network = network_of(client);
  if (networks_.size() >= kMost && !networks_.contains(network)) { return; }
  Gathered& gathered = networks_[network];
  gathered.path.sent += figures.sent;
  gathered.path.retransmitted += figures.retransmitted;
  gathered.path.bits_per_s += figures.bits_per_s;
  gathered.path.requests += figures.requests;
  gathered.path.failed += figures.failed;
  gathered.rates += figures.bits_per_s > 0 ? 1 : 0;
}

std::vector<RttSample> RttCollector::drain() {
  Networks taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(networks_);
  }
  std::vector<Networks::node_type> ready;
  Networks rest;
  while (!taken.empty()) {
    auto node = taken.extract(taken.begin());
    // A connection that ended after its network had been reported: its figures wait for an RTT.
    if (node.mapped().count > 0) {
      ready.push_back(std::move(node));
    } else if (rest.size() < kMost / 4) {
      rest.insert(std::move(node));
    }
  }
  const std::size_t most = std::min(ready.size(), gslb::fleet::kMaxReportRttSamples);
  std::stable_sort(ready.begin(), ready.end(), [](const auto& a, const auto& b) {
    return a.mapped().count > b.mapped().count;
  });
  std::vector<RttSample> samples;
  samples.reserve(most);
  for (std::size_t i = 0; i < ready.size(); ++i) {
    Gathered& from = ready[i].mapped();
    if (i >= most) {
      rest.insert(std::move(ready[i]));
      continue;
    }
    fit_bins(from.bins);
    samples.push_back({.client = ready[i].key(),
                       .rtt_us = from.rtt_us,
                       .count = from.count,
                       .bins = std::move(from.bins),
                       .sent = from.path.sent,
                       .retransmitted = from.path.retransmitted,
                       .bits_per_s = from.rates > 0 ? from.path.bits_per_s / from.rates : 0,
                       .requests = from.path.requests,
                       .failed = from.path.failed});
  }
  give_back(std::move(rest));
  return samples;
}

// What wasn't taken joins what has come meanwhile.
void RttCollector::give_back(Networks rest) {
  const std::lock_guard lock(mutex_);
  for (auto& [network, from] : rest) {
    const auto [at, is_new] = networks_.try_emplace(network, std::move(from));
    if (is_new) { continue; }
    Gathered& into = at->second;
    if (from.count > 0) {
      into.rtt_us = into.count == 0 ? from.rtt_us : std::min(into.rtt_us, from.rtt_us);
    }
    into.count += from.count;
    for (const RttBin& bin : from.bins) { count_bin(into.bins, bin); }
    into.path.sent += from.path.sent;
    into.path.retransmitted += from.path.retransmitted;
    into.path.bits_per_s += from.path.bits_per_s;
    into.path.requests += from.path.requests;
    into.path.failed += from.path.failed;
    into.rates += from.rates;
  }
}

}  // namespace edge::report
