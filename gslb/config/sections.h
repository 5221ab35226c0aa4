// The readers of the file's tables.  Internal to gslb/config.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gslb/config/config.h"

namespace gslb::config {

// What every reader needs: the folder of `file` is the base of relative paths, `config` is filled.
// Tables are put into `config` even when something in them is wrong, so that a reference to them
// isn't reported as unknown as well.
struct Context {
  const std::string& file;
  Problems& problems;
  Config& config;
  Secrets secrets = Secrets::kRead;
};

void read_server(TomlTable& root, Context& context);
void read_admin(TomlTable& root, Context& context);
void read_acl(TomlTable& root, Context& context);
void read_debug(TomlTable& root, Context& context);
void read_record(TomlTable& root, Context& context);
void read_cookies(TomlTable& root, Context& context);
void read_rate_limit(TomlTable& root, Context& context);
void read_dnssec(TomlTable& root, Context& context);  // after the server: state_dir
void read_keys(TomlTable& root, Context& context);
void read_remotes(TomlTable& root, Context& context);  // after the keys
void read_transfer(TomlTable& root, Context& context);
void read_secondary(TomlTable& root, Context& context);
void read_geo(TomlTable& root, Context& context);
void read_monitors(TomlTable& root, Context& context);
void read_groups(TomlTable& root, Context& context);
void read_clusters(TomlTable& root, Context& context);   // after the monitors and groups
void read_pools(TomlTable& root, Context& context);      // after the clusters
void read_maps(TomlTable& root, Context& context);       // after the pools
void read_services(TomlTable& root, Context& context);   // after the clusters: tiers; the maps
void read_routes(TomlTable& root, Context& context);     // after the services
void read_probes(TomlTable& root, Context& context);
void read_overrides(TomlTable& root, Context& context);  // after the clusters

// The tables below `capacity`; `off` is how to take the whole thing out of service instead.
std::vector<Capacity> read_capacity(TomlTable& table, std::string_view off, Context& context);
// `commit_mbps` and `cost_per_mbps`: both or none.
Commitment read_commitment(TomlTable& table);
// The group in `group`, which is to be one of those in `known`.
std::optional<LocatedString> read_group_id(TomlTable& table, const std::vector<std::string>& known,
                                           Context& context);
void read_traffic(TomlTable& table, Service& service);
void read_masks(TomlTable& table, Service& service, const Context& context);
void read_delivery(TomlTable& table, Cluster& cluster);
void read_geofence(TomlTable& table, Cluster& cluster, const Context& context);
void read_cost_file(const LocatedString& path, Context& context);  // after the clusters
void add_cost_overrides(Config& config);                           // after the overrides and costs

// Upper-case codes.
bool is_country(std::string_view text) noexcept;
bool is_subdivision(std::string_view text) noexcept;  // of a country: "US-CA"
bool is_continent(std::string_view text) noexcept;

// Of a service, or of a window of it, for which `usual` is the service's.
Choosing read_choosing(TomlTable& table, const Choosing& usual, Context& context);
std::vector<Window> read_windows(TomlTable& service, const Choosing& usual, Context& context);

// Of one [[zone]]; after the remotes.
ZoneTransfer read_zone_transfer(TomlTable& table, const Context& context);
ZoneSecondary read_zone_secondary(TomlTable& table, const Context& context);
void check_catalogs(Context& context);  // after the zones
// A list of prefixes, "key:NAME" and ids of remotes; empty when absent.
std::vector<AccessRule> read_access(TomlTable& table, std::string_view key, const Context& context);
// A list of ids of remotes; empty when absent.
std::vector<LocatedString> read_remote_ids(TomlTable& table, std::string_view key,
                                           const Context& context);

// The list in `monitors`, each known and once; nullopt when there is no such key.
enum class MonitoredFor : std::uint8_t { kAll, kService };
std::optional<std::vector<LocatedString>> read_monitor_ids(
    TomlTable& table, const Context& context, MonitoredFor whom = MonitoredFor::kAll);

// The value with its place, or nullopt when it is absent or no string.
std::optional<LocatedString> located(TomlTable& table, std::string_view key,
                                     Need need = Need::kOptional);

// The strings of `key`; an empty list is an error with `hint`.
std::vector<LocatedString> read_list(TomlTable& table, std::string_view key, std::string_view hint,
                                     const Context& context);

// Reports `policy`, what a zone's `dnssec` says, when it is none of the policies read.
void check_policy(const LocatedString& policy, const Context& context);

inline constexpr std::uint16_t kDnsPort = 53;

// The addresses of other servers; port `port` if none is given.
std::vector<Endpoint> read_servers(TomlTable& table, std::string_view key, std::uint16_t port,
                                   Need need, Problems& problems);

// The prefixes of `key`; an empty list is an error with `hint`.
std::vector<Prefix> read_prefixes(TomlTable& table, std::string_view key, std::string_view hint,
                                  const Context& context);

// Reports what isn't [a-z0-9-]{1,63} without a hyphen at either end.  `kind` is "cluster" …
void check_id(const LocatedString& id, std::string_view kind, Problems& problems);

using Seen = std::unordered_map<std::string, std::uint32_t>;  // name → its line

// Reports a name that stands in `seen` already; adds it otherwise.
void check_duplicate(const LocatedString& name, std::string_view kind, Seen& seen,
                     Problems& problems);

// "unknown cluster 'frq'", with "did you mean" or the list of what there is.
void report_unknown(const LocatedString& name, std::string_view kind,
                    const std::vector<std::string>& known, Problems& problems);

// A country code in upper case; "" when absent or wrong (reported).
std::string read_country(TomlTable& table, std::string_view key);
// A country or a subdivision of one: "US-CA".
std::string read_region(TomlTable& table, std::string_view key);

// A number as an unsigned 32-bit ASN; 0 is reserved (RFC 7607).
std::optional<std::uint32_t> read_asn(TomlTable& table, std::string_view key);

// The required domain name in `name`: not empty, not in `seen` (case and a last dot make no
// difference).  Its syntax is the zone loader's business.
std::optional<LocatedString> read_owner(TomlTable& table, const Context& context,
                                        std::string_view kind, Seen& seen);

// The path in `key` against the configuration's folder; empty text is an error.
std::optional<LocatedString> read_path(TomlTable& table, std::string_view key,
                                       const Context& context, Need need = Need::kOptional);
// `tls_certificate` and `tls_key`: both or none.
void read_tls_files(TomlTable& table, const Context& context, std::string* certificate_file,
                    std::string* key_file);

// A secret from `key`, or from the file that `key`_file names (its last newline stripped); ""
// when there is neither.  Both, a short secret and an unreadable file are errors.
std::string read_secret(TomlTable& table, const std::string& key, std::size_t min_octets,
                        const Context& context);

}  // namespace gslb::config
