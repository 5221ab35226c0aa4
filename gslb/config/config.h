// The operator's configuration as plain data: what one TOML file says, checked for shape, not yet
// compiled (names are still text, files not yet opened).
//
// Every value that a later step may refuse (an owner name, a file) keeps its Location, so that the
// problem is shown at file:line:column whoever finds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/problem.h"
#include "gslb/base/seldom.h"
#include "gslb/base/toml_table.h"
#include "gslb/config/cost.h"
#include "gslb/config/debugging.h"
#include "gslb/config/monitor.h"
#include "gslb/config/policy.h"
#include "gslb/config/probes.h"
#include "gslb/config/protection.h"
#include "gslb/config/secondary.h"
#include "gslb/config/transfer.h"

namespace gslb::config {

inline constexpr std::size_t kMaxClusters = 1024;
inline constexpr std::size_t kMaxNodesPerCluster = 64;  // one bit each in a health word
inline constexpr std::size_t kMaxGroups = 256;
inline constexpr std::size_t kMaxServices = 256;

// [server]
struct Server {
  std::vector<Endpoint> listen;      // UDP and TCP; default 127.0.0.1:53 and [::1]:53
  std::vector<Endpoint> listen_tls;  // DNS over TLS; needs the certificate and its key
  std::string tls_certificate;       // PEM files; both or none
  std::string tls_key;
  std::string tls_client_ca;        // PEM file: who signs certificates of clients; "": none
  unsigned workers = 0;             // 0: one per core this process may use
  std::string nsid;                 // RFC 5001 text; default the host name; "" switches it off
  std::string version = "Proxima";  // version.bind / version.server CH TXT; "" refuses
  std::string identity;             // id.server / hostname.bind CH TXT; default nsid; "" refuses
  std::optional<LocatedString> report_channel;  // RFC 9567 agent domain
  unsigned udp_payload_octets = 1232;           // 512..4096, RFC 9715
  std::int64_t tcp_idle_ms = 10'000;            // RFC 7766 6.2.3
  unsigned tcp_clients = 1024;                  // per worker
  unsigned tcp_per_client = 128;   // per worker; a client is an IPv4 address or IPv6 /64
  std::vector<Prefix> proxy_from;  // load balancers that speak the PROXY protocol
  // Compact denials: signatures a second, of all workers; names whose denial is kept.
  unsigned compact_signatures = 2000;
  unsigned compact_names = 4096;
  std::string state_dir;                           // "" : nothing is kept across restarts
  std::optional<std::pair<double, double>> place;  // latitude, longitude of this GSLB node
};

// [log]
struct Log {
  std::string level = "info";   // debug info warning error
  std::string format = "text";  // text json
};

// [admin]
struct Admin {
  Endpoint listen;              // default 127.0.0.1:8053
  std::string token;            // operator verbs need it; from `token` or `token_file`
  std::string tls_certificate;  // PEM file; both or none
  std::string tls_key;
};

// [[zone]].  Slim: there may be 100,000.
struct Zone {
  LocatedString name;
  LocatedString file;  // resolved against the configuration file's folder; "": has primaries
  Seldom<ZoneTransfer> transfer;
  Seldom<ZoneSecondary> secondary;
  std::optional<std::vector<Prefix>> allow_query;  // who may ask; nothing: as [acl] says
  std::optional<LocatedString> dnssec;             // id of a policy; nothing: served as it is
};

enum class KeyLayout : std::uint8_t { kCsk, kKskZsk };
enum class Denial : std::uint8_t { kNsec, kNsec3, kCompact };
enum class SerialPolicy : std::uint8_t { kIncrement, kUnixTime, kKeep };

// [dnssec.ID]: how a zone is signed and its keys live.  Times in seconds.
struct DnssecPolicy {
  LocatedString id;
  std::string algorithm = "ecdsap256sha256";  // | ed25519 | rsasha256
  unsigned rsa_bits = 2048;
  KeyLayout keys = KeyLayout::kCsk;
  std::string key_dir;   // default state_dir + "/keys"
  bool generate = true;  // make keys that are missing or due; false: the operator does
  Denial denial = Denial::kNsec;
  bool nsec3_opt_out = false;
  std::int64_t signature_lifetime_s = 14 * 86'400;
  std::int64_t signature_refresh_s = 5 * 86'400;  // made anew this long before they expire
  std::int64_t signature_jitter_s = 12 * 3600;    // expiry is brought forward by up to this
  std::int64_t inception_skew_s = 3600;           // for validators whose clock is behind
  std::uint32_t dnskey_ttl_s = 3600;
  std::int64_t zsk_lifetime_s = 30 * 86'400;  // 0: for ever
  std::int64_t ksk_lifetime_s = 0;            // of KSK or CSK; 0: for ever
  std::int64_t propagation_s = 3600;          // until every server of the zone has a change
  std::int64_t parent_propagation_s = 3600;
  std::int64_t parent_ds_ttl_s = 86'400;
  std::vector<Endpoint> parent;             // its servers, asked whether it has the DS; none: told
  std::int64_t parent_check_s = 300;        // how often
  std::int64_t purge_keys_s = 90 * 86'400;  // files of a retired key go then; 0: never
  bool cds = true;
  bool go_insecure = false;  // leave DNSSEC step by step: withdraw the DS, then the signatures
  SerialPolicy serial = SerialPolicy::kIncrement;
};

// [[geo.source]]: one file; several are merged, later ones fill what earlier ones lack.
struct GeoSource {
  LocatedString file;
  std::string kind;  // mmdb csv (default: by the file's extension)
  // Field paths, '.'-separated for nested maps (mmdb), or column numbers from 0 (csv).  A preset
  // (flat, maxmind, maxmind-asn, country-flat, asn-csv) sets them all; single ones can be given
  // beside it.  Empty: not looked for.  The loader has already put the preset's paths here.
  std::string preset;
  std::string country_field;
  std::string latitude_field;
  std::string longitude_field;
  std::string radius_field;  // accuracy radius, km
  std::string asn_field;
  std::string operator_field;     // organisation name of the ASN
  std::string subdivision_field;  // read when a map names subdivisions
  std::string attribution;  // printed where results are shown; what the data's licence asks for
};

// [geo]
struct Geo {
  std::vector<GeoSource> sources;
  std::int64_t watch_interval_ms = 10'000;  // how often the files are looked at; 0: never
};

struct Capacity {
  std::string resource;  // requests_per_s, egress_bits_per_s, connections, or the operator's own
  double target = 0;     // planned for
  double max = 0;        // never beyond
};

// What is paid for traffic by its 95th percentile a month.
struct Commitment {
  double mbps = 0;           // paid for in any case; 0: it is not paid for so
  double cost_per_mbps = 0;  // of what is over, a month
};

// [group.ID]: what clusters share, such as a building or a link.
struct Group {
  LocatedString id;
  std::vector<Capacity> capacity;      // of what its clusters report, together
  Commitment commit;
  std::optional<LocatedString> group;  // it is itself part of
  bool fails_together = true;          // one failure may take all of its clusters
};

struct Node {
  LocatedString id;  // unique in its cluster
  std::optional<Address> ipv4;
  std::optional<Address> ipv6;
  double weight = 1;                    // share of names in the cluster, > 0
  std::vector<LocatedString> monitors;  // its own list, or the cluster's
};

// [cluster.ID]
struct Cluster {
  LocatedString id;     // [a-z0-9-]{1,63}
  double latitude = 0;  // degrees, WGS 84
  double longitude = 0;
  std::string city;                      // for people only
  std::string country;                   // ISO 3166-1 alpha-2, upper case; may be empty
  std::vector<std::string> tiers;        // default ["default"]
  std::vector<std::uint32_t> operators;  // ASNs this cluster is on-net for
  bool on_net_only = false;              // serve only clients of `operators`
  std::vector<Capacity> capacity;
  Commitment commit;
  std::optional<LocatedString> group;
  double cost_per_gb = 0;  // any currency, the same for all clusters
  double bias_ms = 0;      // operator's knob: added to the cost; may be negative
  Delivery delivery;
  Geofence geofence;
  std::vector<std::string> capabilities;  // what services may need
  std::string key;  // HMAC key of its heartbeats, raw octets (from key or key_file)
  // heartbeat | monitors | both | any | none (assumed up)
  std::string health = "heartbeat";
  std::vector<LocatedString> monitors;  // ids; nodes without a list of their own have these
  bool monitors_first_address = false;  // of a node with two, its first; false: each of them
  std::vector<Node> nodes;              // 1..64; none with `cname`
  std::optional<LocatedString> cname;   // somebody else's name instead of nodes
  std::optional<LocatedString> host;    // a name that leads to this cluster alone
};

enum class FallbackPolicy : std::uint8_t { kAll, kLastGood, kPool, kCname, kServfail };

// [service.ID.https]: the HTTPS record of routed names (RFC 9460).
struct HttpsBinding {
  std::vector<std::string> alpn;
  unsigned port = 0;       // 0: not said
  bool hints = true;       // the addresses of the same decision
  bool runner_up = false;  // the next best cluster's `host` as a second record
};

// [service.ID]
struct Service {
  LocatedString id;
  Choosing choosing;
  std::vector<Window> scheduled;   // the first that holds replaces `choosing`
  std::vector<std::string> tiers;  // in order of preference; default ["default"]
  std::uint32_t ttl_s = 60;
  // The TTL of each answer lies between these and depends on its plan; the same: it is ttl_s.
  std::uint32_t ttl_min_s = 60;
  std::uint32_t ttl_max_s = 60;
  unsigned priority = 0;  // who is served first when capacity is short: the lowest
  double reserve = 0;     // share of each cluster's capacity that more important services leave it
  double load = 1;        // of a query on a cluster, against that of one with 1
  unsigned answers = 1;   // addresses per answer, 1..4
  double on_net_bonus_ms = 20;  // what being on-net is worth
  Traffic traffic;
  bool on_net_only = false;                    // clusters on-net for the client, no others
  std::vector<std::string> needs;              // capabilities
  std::vector<std::string> cluster_countries;  // where clusters may be; empty: anywhere
  NeededFamily needs_family = NeededFamily::kAny;
  FallbackPolicy fallback = FallbackPolicy::kAll;
  std::vector<Address> fallback_pool;           // kPool
  std::optional<LocatedString> fallback_cname;  // kCname
  // What secondaries get for its routed names; empty: the cheapest cluster's nodes.
  std::vector<Address> transfer_answer;
  std::optional<HttpsBinding> https;
  std::vector<LocatedString> monitors;  // of its nodes; who fails one isn't named for it
};

// [[route]]
struct Route {
  LocatedString name;  // owner, exact or wildcard
  LocatedString service;
  bool beacon = false;  // of unique names, to learn whose clients a resolver asks for
};

// [[override]]: exactly one of prefix, asn, country; then what is known better, or a preference.
struct Override {
  Location at;
  std::optional<Prefix> prefix;
  std::optional<std::uint32_t> asn;
  std::string country;
  // Relocation (prefix only): replaces what the geo sources say.
  std::optional<double> latitude;
  std::optional<double> longitude;
  std::string set_country;
  std::optional<std::uint32_t> set_asn;
  // Steering: cluster ids.  `prefer`: these first, in order, while healthy; `ban`: never.
  std::vector<LocatedString> prefer;
  std::vector<LocatedString> ban;
};

// [health]
struct Health {
  std::int64_t heartbeat_interval_ms = 1000;  // what edges are expected to keep
  unsigned missed_heartbeats = 3;             // silent for this many intervals: down
  unsigned up_thresh = 1;                     // good heartbeats in a row before a down node is up
  std::int64_t max_clock_skew_ms = 30'000;    // of a heartbeat's time against ours
  // More of the capacity than this share dead at once: rather we can't see.  1: never.
  double suspect_share = 0.4;
  std::int64_t suspect_window_ms = 30'000;  // what "at once" means
  std::int64_t suspect_hold_ms = 300'000;   // then it is believed
};

// [steering]
struct Steering {
  std::int64_t plan_interval_ms = 15'000;
  double ms_per_km = 0.0125;  // prior slope; light in fibre needs 0.01 a km of RTT
  double base_ms = 5;         // prior offset
};

struct Config {
  std::string file;
  Server server;
  Acl acl;
  Cookies cookies;
  RateLimit rate_limit;
  Log log;
  Admin admin;
  std::vector<DnssecPolicy> dnssec;
  std::vector<TsigKey> keys;
  std::vector<Remote> remotes;
  Transfer transfer;
  Secondary secondary;
  std::vector<Zone> zones;
  Geo geo;
  std::vector<Monitor> monitors;
  std::vector<Group> groups;  // each before the one it is part of
  std::vector<Cluster> clusters;
  std::vector<Pool> pools;
  std::vector<Map> maps;
  std::vector<Service> services;
  std::vector<Route> routes;
  std::vector<Override> overrides;  // also for each prefix of `costs`
  std::vector<CostEntry> costs;
  Health health;
  Steering steering;
  Probes probes;
  Debug debug;
  Record record;
};

// Reads `path`.  Everything wrong goes into `problems`, each at its place; nullopt when one of
// them is an error.  References between tables (route → service, zone → policy, override → cluster,
// service tier → some cluster) are checked here.  Opens no file but `path` and the key and token
// files it names.
std::optional<Config> load(const std::string& path, Problems& problems);
// Only [admin] of `path`: for tools that talk to a running server and must not fail on what is
// wrong elsewhere in its file.  nullopt when the file isn't TOML or [admin] has errors.
std::optional<Admin> load_admin(const std::string& path, Problems& problems);
enum class Secrets : std::uint8_t {
  kRead,
  kStandIns,  // none is read, from the text or from files: each is a row of zeros
};
// The same as load() from text (tests, recordings); `path` is the name shown and the base for
// relative files.
std::optional<Config> parse(const std::string& text, const std::string& path, Problems& problems,
                            Secrets secrets = Secrets::kRead);
// `text` with every secret `config` has read from it blanked; as long as before.
std::string without_secrets(std::string text, const Config& config);

}  // namespace gslb::config
