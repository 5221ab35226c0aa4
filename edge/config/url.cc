#include <algorithm>
#include <cctype>
#include <charconv>

#include "edge/config/config.h"

namespace edge::config {

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : '[' + host + ']';
  if (port != (tls ? 443 : 80)) { text += ':' + std::to_string(port); }
  return text;
}

std::string Url::to_string() const { return (tls ? "https://" : "http://") + authority(); }

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  if (text.ends_with('/')) { text.remove_suffix(1); }
  url.port = url.tls ? 443 : 80;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view port = text.substr(colon + 1);
    const auto end = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (end.ec != std::errc{} || end.ptr != port.data() + port.size() || url.port == 0) {
      return std::nullopt;
    }
    text = text.substr(0, colon);
  }
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) {
    text = text.substr(1, text.size() - 2);
    const auto address = gslb::Address::parse(text);
    if (!address || !address->is_v6()) { return std::nullopt; }
  }
  const bool good = std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
           (bracketed && c == ':');
  });
  if (text.empty() || !good) { return std::nullopt; }
  url.host = text;
  return url;
}

// Sites and beacons name hosts, not ports.
std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return has_port ? host.substr(0, colon) : host;
}

std::optional<std::string_view> Config::beacon_nonce(std::string_view host) const {
  host = without_port(host);
  for (const std::string& beacon : report.beacons) {
    const std::string_view zone = std::string_view(beacon).substr(1);  // with its first dot
    if (host.size() <= zone.size() || !host.ends_with(zone)) { continue; }
    return host.substr(0, host.size() - zone.size());
  }
  return std::nullopt;
}

const Site* Config::site_for(std::string_view host) const {
  host = without_port(host);
  const Site* best = nullptr;
  for (const Site& site : sites) {
    if (site.host == host) { return &site; }
    const bool wild = site.host.starts_with("*.") && host.size() > site.host.size() - 1 &&
                      host.ends_with(std::string_view(site.host).substr(1));
    if (wild && (best == nullptr || best->host.size() < site.host.size())) { best = &site; }
  }
  return best;
}

std::vector<const Origin*> Config::origins() const {
  std::vector<const Origin*> all;
  if (origin) { all.push_back(&*origin); }
  for (const Site& site : sites) { all.push_back(&site.origin); }
  if (!tier) { return all; }
  for (const Peer& peer : tier->parents) { all.push_back(&peer.origin); }
  for (const Peer& peer : tier->siblings) { all.push_back(&peer.origin); }
  return all;
}

const Origin* Config::origin_for(std::string_view host) const {
  const Site* site = site_for(host);
  if (site != nullptr) { return &site->origin; }
  return origin ? &*origin : nullptr;
}

const Filters& Config::filters_for(std::string_view host) const {
  if (!has_filters) { return filters; }
  const Site* site = site_for(host);
  return site != nullptr ? site->filters : filters;
}

const CachePolicy& Config::policy_for(const Origin& from) const {
  for (const Site& site : sites) {
    if (&site.origin == &from) { return site.cache; }
  }
  return cache.policy;
}

}  // namespace edge::config
