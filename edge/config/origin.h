// Where misses go, as plain data: servers, how one is chosen, what they are asked with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edge::config {

// "http://host:port" or "https://host:port"; no path but "/".
struct Url {
  bool tls = false;
  std::string host;  // name or address, without brackets
  std::uint16_t port = 0;

  // As in Host: brackets around IPv6, the port unless it is the scheme's own.
  std::string authority() const;
  std::string to_string() const;
  friend bool operator==(const Url&, const Url&) = default;
};
std::optional<Url> parse_url(std::string_view text);
// A request's host without ":port".
std::string_view without_port(std::string_view host);

// [site.swift] with an auth_url of Identity v3.
struct Keystone {
  std::string user_domain = "Default";
  std::string project;
  std::string project_domain = "Default";
  std::string credential_id;  // of an application credential, in the place of all these

  friend bool operator==(const Keystone&, const Keystone&) = default;
};

// [site.swift]: the origin is OpenStack Swift, hosts are <container>.<account>.<domain>.
struct Swift {
  std::string domain;  // the site's host without "*."
  std::string account_prefix = "AUTH_";
  // Who the edge reads as; without it as anybody: then Swift decides alone who may read, and its
  // own static web middleware answers for directories.
  std::optional<Url> auth;
  std::string auth_path;  // "/auth/v1.0"
  std::string user;
  std::string key;
  std::optional<Keystone> keystone;
  std::int64_t container_ttl_ms = 30'000;  // how long a container's settings are believed
  // How long what has no freshness of its own is fresh; a container's own goes before it.
  std::int64_t ttl_s = 300;
  std::int64_t negative_ttl_s = 10;  // 404
  std::string ttl_field = "X-Container-Meta-Cdn-Ttl";

  friend bool operator==(const Swift&, const Swift&) = default;
};

// [site.s3]: the origin is an S3-compatible store, the site a bucket of it.
struct S3 {
  std::string bucket;  // "": what stands before `domain` in the host
  std::string domain;  // the site's host without "*."
  std::string region = "us-east-1";
  std::string key_id;
  std::string secret;
  std::string token;                 // of a session; "": none
  bool virtual_host = false;         // the bucket is a label of Host, not the first of the path
  std::string index;                 // of directories; "": none
  std::string error;                 // what is shown instead of a 4xx; "": a line of ours
  bool listing = false;              // GET of the bucket itself is passed
  std::int64_t ttl_s = 300;          // of what has no freshness of its own
  std::int64_t negative_ttl_s = 10;  // 403, 404

  friend bool operator==(const S3&, const S3&) = default;
};

// [[site.server]]: one of those that answer for an origin.
struct Server {
  Url url;
  std::uint32_t weight = 1;
  bool backup = false;                // only while no other is well
  std::uint32_t max_connections = 0;  // requests under way, of the whole process; 0: no bound

  friend bool operator==(const Server&, const Server&) = default;
};

enum class Balance : std::uint8_t {
  kPriority,    // the first that is well
  kRoundRobin,  // by weight
  kLeast,       // the fewest requests under way for its weight
  kUrl,         // by rendezvous hash of host and target
  kClient,      // by rendezvous hash of the client's address
};

// [site.health]: checks of each server, by one checker a process.
struct HealthCheck {
  std::string path = "/";
  std::string host;  // sent; "": the server's own
  std::int64_t interval_ms = 5'000;
  std::int64_t timeout_ms = 2'000;
  int healthy = 2;                                           // good ones in a row
  int unhealthy = 3;                                         // bad ones in a row
  std::vector<std::pair<int, int>> statuses = {{200, 399}};  // that are good, inclusive

  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

// [site.tls] towards servers.
struct ServerTls {
  std::string ca_file;      // PEM; "": the system's
  std::string certificate;  // PEM with its chain, for servers that ask for one; "": none
  std::string key;
  std::string name;  // in SNI and the certificate; "": the URL's host
  bool verify = true;
  bool only_tls13 = false;

  friend bool operator==(const ServerTls&, const ServerTls&) = default;
};

// What is changed in a head.  Names as written; compared without case.
struct FieldRules {
  std::vector<std::string> remove;                         // first
  std::vector<std::pair<std::string, std::string>> set;    // in the place of what is there
  std::vector<std::pair<std::string, std::string>> added;  // beside what is there

  bool empty() const noexcept { return remove.empty() && set.empty() && added.empty(); }
  friend bool operator==(const FieldRules&, const FieldRules&) = default;
};

// Sending a request again, and leaving servers alone that fail.
struct Failover {
  int retries = 1;                  // beyond the first try, on another server where there is one
  std::int64_t retry_percent = 20;  // of all requests, at most, once a few were free
  std::vector<int> retry_statuses;  // answers that count as failures to be tried elsewhere
  int eject_after = 3;              // failures in a row; 0: never
  std::int64_t eject_ms = 5'000;    // doubles with each ejection in a row
  std::int64_t eject_max_ms = 60'000;

  friend bool operator==(const Failover&, const Failover&) = default;
};

// Where misses go.  [origin], or what a [[site]] says instead.
struct Origin {
  std::string name;  // the site's host, or "origin": in metrics
  std::vector<Server> servers;
  Balance balance = Balance::kPriority;
  std::string host;                         // Host sent; "": the client's
  std::string path;                         // before every target: "/base"; "": nothing
  std::int64_t connect_timeout_ms = 3'000;  // of all addresses together, their look-up included
  std::int64_t tls_timeout_ms = 3'000;
  std::int64_t first_byte_timeout_ms = 15'000;
  std::int64_t between_bytes_timeout_ms = 15'000;
  std::int64_t total_timeout_ms = 0;          // until the last octet; 0: none
  std::int64_t idle_ms = 30'000;              // how long a pooled connection is kept
  std::int64_t idle_connections = 64;         // per worker and server
  std::int64_t connection_requests = 10'000;  // then a connection is closed
  std::int64_t queue = 256;                   // requests that wait for max_connections
  std::int64_t queue_timeout_ms = 5'000;
  Failover failover;
  ServerTls tls;
  std::optional<HealthCheck> health;
  FieldRules request_fields;
  FieldRules response_fields;
  std::optional<Swift> swift;
  std::optional<S3> s3;
  bool tiered = true;  // misses go to the edges of [tier] first
  bool slices = true;  // false: none of what it sends is kept in slices

  friend bool operator==(const Origin&, const Origin&) = default;
};

}  // namespace edge::config
