// The edge's configuration file as plain data, every problem with its place.
//
// The schema, with defaults and examples, is written in docs/edge.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/cache_policy.h"
#include "edge/config/filters.h"
#include "edge/config/origin.h"
#include "edge/config/redirect.h"
#include "edge/config/rules.h"
#include "gslb/base/ip.h"
#include "gslb/base/problem.h"

namespace edge::config {

// [[site]]: hosts that have an origin of their own.
struct Site {
  std::string host;  // lower case; "*.example.com" matches any name below example.com
  Origin origin;
  Filters filters;
  CachePolicy cache;        // [site.cache]: [cache] where it says nothing
  std::vector<Rule> rules;  // asked after the global ones
};

// [[tier.parent]], [[tier.sibling]]: another edge.
struct Peer {
  std::string name;  // "<cluster>-<node>", as it calls itself in CDN-Loop
  double weight = 1;
  Origin origin;  // where it listens
};

// [tier]: the edges that are asked before origins.
struct Tier {
  std::string key;  // of the field edges know each other by
  std::vector<Peer> parents;
  std::vector<Peer> siblings;     // of the cluster; may name this node too
  bool origin_on_failure = true;  // when no parent answers; else that is an error
  double load_bound = 1.25;       // no parent has more than this times its share in flight
  std::int64_t max_hops = 4;      // tiers a request may pass
  // For so long after its start a node asks who had its keys meanwhile, before it goes up.
  std::int64_t warm_up_ms = 600'000;
  std::int64_t probe_interval_ms = 2'000;
  std::int64_t probe_timeout_ms = 1'000;
};

// [resolver]: who is asked for the addresses of origins, and what customers' domains stand for.
struct Resolver {
  std::vector<gslb::Endpoint> servers;  // empty: the system's
  std::int64_t timeout_ms = 2'000;      // of one try
  std::int64_t min_ttl_ms = 5'000;      // answers are believed at least so long
  std::int64_t max_ttl_ms = 3'600'000;  // and at most so long

  friend bool operator==(const Resolver&, const Resolver&) = default;
};

// [customers]: hosts no site names, which are aliases (CNAME) of hosts that sites do name.
struct Customers {
  std::vector<std::string> domains;       // "*.cdn.example.com", lower case: where aliases may lead
  bool share = false;                     // what is stored is one with the CDN host's, else apart
  std::int64_t negative_ttl_ms = 60'000;  // of a name that leads nowhere, at most
  std::int64_t names = 10'000;            // remembered, a worker; as many that lead nowhere
  std::int64_t lookups_per_second = 50;   // of names not known, a worker
};

// [report.capacity.NAME]
struct Capacity {
  std::string resource;
  double target = 0;
  double max = 0;
};

// A socket clients come to.
struct Listener {
  gslb::Endpoint at;
  bool tls = false;
  bool http2 = false;  // without TLS too, for clients that begin with it
  // Peers that put a PROXY header in front of every connection, and are believed.
  std::vector<gslb::Prefix> proxy_from;
};

// [[tls.certificate]], PEM files.  What is wrong with their content shows when they are loaded.
struct Certificate {
  std::string certificate;         // with its chain
  std::string key;                 // not encrypted
  std::string ocsp;                // DER response to staple; "": none
  std::vector<std::string> hosts;  // lower case, "*.example.com" too; empty: those it names
  gslb::Location at;
};

// [tls] towards clients.
struct Tls {
  bool only_tls13 = false;
  bool http2 = true;
  std::vector<Certificate> certificates;  // the first is for hosts none is for
};

struct Edge {
  std::string cluster;
  std::string node;
  std::string key;  // HMAC key of the heartbeats; may be empty when there is no [report]
  std::vector<Listener> listen;
  gslb::Endpoint admin;
  std::string admin_token;  // "": state changes need none
  unsigned workers = 0;     // 0: one per core
};

struct Limits {
  std::int64_t connections = 10'000;
  std::int64_t header_octets = 16 * 1024;
  std::int64_t header_timeout_ms = 10'000;     // from the first octet of a head to its end
  std::int64_t handshake_timeout_ms = 10'000;  // for PROXY header and TLS, from accept on
  std::int64_t idle_timeout_ms = 30'000;       // between requests
  std::int64_t body_timeout_ms = 30'000;       // between octets of a request body
  std::int64_t write_timeout_ms = 30'000;      // for up to 256 KiB to a client
  std::int64_t drain_grace_ms = 1'000;         // still accepting after the draining heartbeat
  std::int64_t drain_timeout_ms = 20'000;      // then what is left is cut
  std::int64_t fetches = 4'000;                // from origins under way at once; 0: no bound
  std::int64_t client_connections = 0;         // of one client at once; 0: no bound
  std::int64_t body_octets = 0;                // of a request's body; 0: no bound
  std::int64_t retry_after_s = 5;              // told to whom it refused for its load
};

// [cache.disk]
struct DiskCache {
  std::string path;  // a folder of its own
  std::uint64_t octets = 0;
  std::uint64_t segment_octets = 64ULL << 20;  // of one file
  friend bool operator==(const DiskCache&, const DiskCache&) = default;
};

// Large responses in slices (cache/slices.h).
struct Slices {
  bool enabled = true;
  std::uint64_t octets = 1ULL << 20;       // of a slice
  std::uint64_t from_octets = 8ULL << 20;  // responses of at least this much
};

struct Cache {
  std::uint64_t memory_octets = 256ULL << 20;
  std::uint64_t max_object_octets = 16ULL << 20;
  float size_exponent = 0.6F;  // cache::Favour: what a hit is worth, from its octets (0) to 1
  CachePolicy policy;
  Slices slices;
  std::optional<DiskCache> disk;
};

// [purge]
struct Purge {
  bool method = false;  // whether PURGE is taken on the listeners for clients
  std::vector<gslb::Prefix> allow = {gslb::Prefix(*gslb::Address::parse("127.0.0.0"), 8),
                                     gslb::Prefix(*gslb::Address::parse("::1"), 128)};  // from whom
  std::int64_t per_second = 1'000;  // of PURGE and the admin listener; ten times this at once
  bool show_keys = false;           // whether clients see Surrogate-Key and Cache-Tag
};

// [prefetch]
struct Prefetch {
  std::int64_t per_second = 10;
  std::int64_t in_flight = 4;
  // What is to be fetched off-peak waits for this time of the day, local time; alike: any time.
  unsigned from_minute = 60;
  unsigned to_minute = 360;
};

struct Report {
  std::vector<Url> gslb;
  std::int64_t interval_ms = 1'000;
  std::string ca_file;
  std::vector<Capacity> capacity;
  std::vector<std::string> beacons;  // "*.probe.example.com", lower case
  std::vector<std::string> hosts;    // groups of hosts that are told of, beside the sites
};

// [probe]: what a GSLB may have this edge measure.
struct Probe {
  bool enabled = true;
  std::int64_t per_second = 20;
  std::int64_t in_flight = 32;
  std::int64_t target_interval_ms = 10'000;  // between two probes of one address
  std::int64_t timeout_ms = 2'000;
  std::vector<std::uint16_t> ports = {53, 80, 443, 853};
  std::vector<gslb::Prefix> exclude;
  std::vector<gslb::Address> source;  // what probes are sent from, at most one of a family
  bool allow_private = false;         // addresses that are not of the public Internet

  friend bool operator==(const Probe&, const Probe&) = default;
};

// [access_log]
struct AccessLog {
  std::string file;  // "-": standard output; "": no log
  bool json = false;

  friend bool operator==(const AccessLog&, const AccessLog&) = default;
};

struct Log {
  std::string level = "info";
  std::string format = "text";
};

struct Config {
  Edge edge;
  Tls tls;
  Limits limits;
  Cache cache;
  Purge purge;
  Prefetch prefetch;
  std::optional<Origin> origin;
  std::vector<Site> sites;
  Filters filters;           // of hosts without a site
  bool has_filters = false;  // of any host
  std::optional<Tier> tier;
  std::optional<Redirect> redirect;
  std::vector<Rule> rules;  // of all hosts
  Resolver resolver;
  std::optional<Customers> customers;
  Report report;
  Probe probe;
  Log log;
  AccessLog access_log;

  // The origin for a request's host (lower case, maybe with a port): exact site, longest wildcard,
  // [origin]; null when there is none.  Valid as long as this object.
  const Origin* origin_for(std::string_view host) const;
  // All there are, other edges included; likewise.
  std::vector<const Origin*> origins() const;
  // What is done to the bodies of that host; valid as long as this object.  One look where no host
  // has any.
  const Filters& filters_for(std::string_view host) const;
  // Its [[site]], or null.
  const Site* site_for(std::string_view host) const;
  // The host that is meant by the name of it that [redirect] sends clients to, of this cluster or
  // another of its; nullopt: it is none of these.  Valid as long as `host`.
  std::optional<std::string_view> redirected_host(std::string_view host) const;
  // What holds for the hosts of one of this object's origins.
  const CachePolicy& policy_for(const Origin& from) const;
  // The nonce when the host is a beacon's; valid as long as `host`.
  std::optional<std::string_view> beacon_nonce(std::string_view host) const;
};

// Held by everything that uses it: a reload replaces the current one, it changes none.
using ConfigRef = std::shared_ptr<const Config>;

// Reads and checks the file, and the key file it names.  nullopt when there are errors.
std::optional<Config> load(const std::string& path, gslb::Problems& problems);
// The same from text; relative files are found next to `file`.
std::optional<Config> parse(std::string_view text, const std::string& file,
                            gslb::Problems& problems);

}  // namespace edge::config
