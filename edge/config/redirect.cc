#include "edge/config/redirect.h"

#include "edge/config/config.h"

namespace edge::config {
namespace {

constexpr std::string_view kCluster = "{cluster}";
constexpr std::string_view kHost = "{host}";

bool is_plain(std::string_view text) { return text.find_first_of("{}/:? ") == text.npos; }

}  // namespace

std::optional<TargetPattern> parse_target(std::string_view text) {
  const std::size_t cluster = text.find(kCluster);
  const std::size_t host = text.find(kHost);
  if (cluster == text.npos || host == text.npos || host < cluster) { return std::nullopt; }
  // What a URL has around them is read as a URL's.
  std::string filled(text);
  filled.replace(host, kHost.size(), "h").replace(cluster, kCluster.size(), "c");
  const auto url = parse_url(filled);
  if (!url) { return std::nullopt; }
  TargetPattern pattern;
  pattern.scheme = url->tls ? "https" : "http";
  pattern.port = url->port;
  const std::size_t begin = pattern.scheme.size() + 3;
  pattern.before = text.substr(begin, cluster - begin);
  const std::size_t between = cluster + kCluster.size();
  pattern.between = text.substr(between, host - between);
  std::string_view behind = text.substr(host + kHost.size());
  if (behind.ends_with('/')) { behind.remove_suffix(1); }
  pattern.behind = behind.substr(0, behind.find(':'));
  const bool good = !pattern.between.empty() && is_plain(pattern.before) &&
                    is_plain(pattern.between) && is_plain(pattern.behind);
  return good ? std::optional(pattern) : std::nullopt;
}

std::string TargetPattern::name_at(std::string_view cluster, std::string_view host) const {
  std::string name = before;
  name.append(cluster).append(between).append(host).append(behind);
  return name;
}

std::string TargetPattern::authority_at(std::string_view cluster, std::string_view host) const {
  return Url{scheme == "https", name_at(cluster, host), port}.authority();
}

std::optional<std::string_view> TargetPattern::host_of(std::string_view name,
                                                       std::string_view cluster) const {
  for (const std::string_view part :
       {std::string_view(before), cluster, std::string_view(between)}) {
    if (!name.starts_with(part)) { return std::nullopt; }
    name.remove_prefix(part.size());
  }
  if (name.size() <= behind.size() || !name.ends_with(behind)) { return std::nullopt; }
  name.remove_suffix(behind.size());
  return name;
}

std::optional<std::string_view> Config::redirected_host(std::string_view host) const {
  if (!redirect) { return std::nullopt; }
  const std::string_view name = without_port(host);
  const TargetPattern& target = redirect->target;
  if (const auto here = target.host_of(name, edge.cluster)) { return here; }
  if (!redirect->spill.empty()) {
    if (const auto there = target.host_of(name, redirect->spill)) { return there; }
  }
  for (const Redirect::Clients& each : redirect->clients) {
    if (const auto there = target.host_of(name, each.cluster)) { return there; }
  }
  return std::nullopt;
}

std::string_view Redirect::cluster_for(const gslb::Address& client, bool up) const {
  if (!up && !spill.empty()) { return spill; }
  for (const Clients& each : clients) {
    if (each.prefixes.contains(client)) { return each.cluster; }
  }
  return {};
}

}  // namespace edge::config
