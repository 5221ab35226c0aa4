#include <algorithm>

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

std::optional<Prefix> read_prefix(TomlTable& table) {
  const auto text = table.string("prefix");
  if (!text) { return std::nullopt; }
  Prefix::ParseError why{};
  const auto prefix = Prefix::parse(*text, &why);
  if (prefix) { return prefix; }
  std::string hint = "such as \"192.0.2.0/24\" or \"2001:db8::/32\"";
  if (why == Prefix::ParseError::kLength) { hint = "a length of 0 to 32 (IPv4) or 128 (IPv6)"; }
  if (why == Prefix::ParseError::kHostBits) {
    const std::size_t slash = text->find('/');
    const Prefix cleared(*Address::parse(text->substr(0, slash)),
                         std::stoi(text->substr(slash + 1)));
    hint = "bits beyond the length are set; did you mean " + cleared.to_string() + "?";
  }
  table.error("prefix", "'" + *text + "' is not a prefix", hint);
  return std::nullopt;
}

// Exactly one of prefix, asn, country, and nobody else has the same.
void read_subject(TomlTable& table, Context& context, Override& entry,
                  Seen& seen) {
  entry.prefix = read_prefix(table);
  entry.asn = read_asn(table, "asn");
  entry.country = read_country(table, "country");
  const int given = int{table.has("prefix")} + int{table.has("asn")} + int{table.has("country")};
  if (given != 1) {
    context.problems.error(entry.at,
                           given == 0 ? "the override says not whom it is for"
                                      : "the override is for more than one thing",
                           "set exactly one of prefix, asn, country");
    return;
  }
  if (entry.prefix) {
    check_duplicate({entry.prefix->to_string(), table.at("prefix")}, "override of", seen,
                    context.problems);
  } else if (entry.asn) {
    check_duplicate({"AS" + std::to_string(*entry.asn), table.at("asn")}, "override of", seen,
                    context.problems);
  } else if (!entry.country.empty()) {
    check_duplicate({entry.country, table.at("country")}, "override of", seen, context.problems);
  }
}

void read_relocation(TomlTable& table, Override& entry) {
  entry.latitude = table.number("latitude", -90, 90);
  entry.longitude = table.number("longitude", -180, 180);
  entry.set_country = read_region(table, "set_country");
  entry.set_asn = read_asn(table, "set_asn");
  if (table.has("latitude") != table.has("longitude")) {
    const bool lacks_longitude = table.has("latitude");
    table.error(lacks_longitude ? "latitude" : "longitude",
                lacks_longitude ? "'longitude' is missing" : "'latitude' is missing",
                "a place needs both");
  }
  if (table.has("prefix")) { return; }
  for (const char* key : {"latitude", "longitude", "set_country", "set_asn"}) {
    if (table.has(key)) {
      table.error(key, "'" + std::string(key) + "' needs a prefix",
                  "an AS or a country is not at one place");
    }
  }
}

std::vector<LocatedString> read_clusters_of(TomlTable& table, std::string_view key,
                                            const std::vector<std::string>& known,
                                            Context& context) {
  std::vector<LocatedString> clusters = read_list(table, key, "leave it out", context);
  Seen seen;
  for (const LocatedString& cluster : clusters) {
    check_duplicate(cluster, "cluster", seen, context.problems);
    if (std::find(known.begin(), known.end(), cluster.text) == known.end()) {
      report_unknown(cluster, "cluster", known, context.problems);
    }
  }
  return clusters;
}

Override read_override(TomlTable& table, const std::vector<std::string>& known,
                       Seen& seen, Context& context) {
  Override entry;
  entry.at = table.at();
  read_subject(table, context, entry, seen);
  read_relocation(table, entry);
  entry.prefer = read_clusters_of(table, "prefer", known, context);
  entry.ban = read_clusters_of(table, "ban", known, context);
  for (const LocatedString& banned : entry.ban) {
    const bool both = std::any_of(entry.prefer.begin(), entry.prefer.end(),
                                  [&](const auto& other) { return other.text == banned.text; });
    if (both) {
      context.problems.error(banned.at,
                             "cluster '" + banned.text + "' is both preferred and banned");
    }
  }
  const bool acts = table.has("latitude") || table.has("longitude") || table.has("set_country") ||
                    table.has("set_asn") || table.has("prefer") || table.has("ban");
  if (!acts) {
    context.problems.error(entry.at, "the override changes nothing",
                           "set prefer, ban, latitude and longitude, set_country or set_asn");
  }
  table.finish();
  return entry;
}

}  // namespace

void read_overrides(TomlTable& root, Context& context) {
  std::vector<std::string> known;
  for (const Cluster& cluster : context.config.clusters) { known.push_back(cluster.id.text); }
  Seen seen;
  for (TomlTable& table : root.tables("override")) {
    context.config.overrides.push_back(read_override(table, known, seen, context));
  }
}

}  // namespace gslb::config
