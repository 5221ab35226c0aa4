// [redirect]: clients that another cluster should serve are told so.
//
// Source: RFC 9110 15.4.3, 15.4.8 (302, 307); RFC 7838 (Alt-Svc).
//
// Why names and not a mark in the URL: a URL with a mark would be another object in every cache.
// A request for the name of a cluster has been redirected, so it is answered there, whatever.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/prefix_set.h"

namespace edge::config {

// "https://{cluster}.{host}": host names around what is filled in.
struct TargetPattern {
  std::string scheme;
  std::string before;   // {cluster}
  std::string between;  // never empty
  std::string behind;   // {host}
  std::uint16_t port = 0;

  // The host's name at a cluster.  `host`: without port.
  std::string name_at(std::string_view cluster, std::string_view host) const;
  std::string authority_at(std::string_view cluster, std::string_view host) const;
  // The host whose name at `cluster` is `name`, without port; nullopt: of none.
  std::optional<std::string_view> host_of(std::string_view name, std::string_view cluster) const;
};
std::optional<TargetPattern> parse_target(std::string_view text);

struct Redirect {
  enum class Answer : std::uint8_t { kFound, kTemporary, kAltSvc };
  struct Clients {
    std::string cluster;
    gslb::PrefixSet prefixes;
  };
  Answer answer = Answer::kFound;
  bool all = false;  // else what is stored and at least `octets` large
  bool overload = false;  // and what there is no room for goes to `spill`
  std::uint64_t octets = 1 << 20;
  TargetPattern target;
  std::string spill;             // everybody's cluster while this one is not up; "": none
  std::vector<Clients> clients;  // whose cluster is known; the first that has them

  // The cluster that should serve the client; "": this one.  `up`: this node wants requests.
  std::string_view cluster_for(const gslb::Address& client, bool up) const;
};

}  // namespace edge::config
