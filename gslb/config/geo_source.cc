#include <algorithm>
#include <array>

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

struct Preset {
  std::string_view name;
  std::string_view kind;
  std::string_view country;
  std::string_view latitude;
  std::string_view longitude;
  std::string_view radius;
  std::string_view asn;
  std::string_view operator_name;
  std::string_view subdivision;
};

// The shapes that exist: ip-location-db's flat records, MaxMind's nested ones, and ip-location-db's
// CSV ranges (start, end, ASN, organisation).
constexpr std::array<Preset, 5> kPresets = {{
    {"flat", "mmdb", "country_code", "latitude", "longitude", "", "", "", ""},
    {"maxmind", "mmdb", "country.iso_code", "location.latitude", "location.longitude",
     "location.accuracy_radius", "", "", "subdivisions.0.iso_code"},
    {"maxmind-asn", "mmdb", "", "", "", "", "autonomous_system_number",
     "autonomous_system_organization", ""},
    {"country-flat", "mmdb", "country_code", "", "", "", "", "", ""},
    {"asn-csv", "csv", "", "", "", "", "2", "3", ""},
}};

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  names.reserve(kPresets.size());
  for (const Preset& preset : kPresets) { names.emplace_back(preset.name); }
  return names;
}

void apply_preset(TomlTable& table, GeoSource& source) {
  source.preset = table.choice("preset", preset_names()).value_or("");
  for (const Preset& preset : kPresets) {
    if (preset.name != source.preset) { continue; }
    if (!source.kind.empty() && source.kind != preset.kind) {
      table.error("preset",
                  "preset '" + source.preset + "' is for " + std::string(preset.kind) + " files",
                  "this one is read as " + source.kind);
      return;
    }
    source.country_field = preset.country;
    source.latitude_field = preset.latitude;
    source.longitude_field = preset.longitude;
    source.radius_field = preset.radius;
    source.asn_field = preset.asn;
    source.operator_field = preset.operator_name;
    source.subdivision_field = preset.subdivision;
  }
}

// A '.'-separated path (MMDB) or a column (CSV); columns 0 and 1 are the range itself.
void read_field(TomlTable& table, std::string_view key, const std::string& kind,
                std::string& into) {
  if (kind == "csv") {
    if (const auto column = table.integer(key, 2, 255)) { into = std::to_string(*column); }
    return;
  }
  const auto path = table.string(key);
  if (!path) { return; }
  if (path->starts_with('.') || path->ends_with('.') || path->find("..") != std::string::npos) {
    table.error(key, "'" + std::string(key) + "' is \"" + *path + "\", with an empty step",
                "such as \"location.latitude\"");
  }
  into = *path;  // empty text takes a field of the preset away
}

void read_kind(TomlTable& table, GeoSource& source) {
  if (const auto kind = table.choice("kind", {"mmdb", "csv"})) {
    source.kind = *kind;
  } else if (source.file.text.ends_with(".mmdb")) {
    source.kind = "mmdb";
  } else if (source.file.text.ends_with(".csv")) {
    source.kind = "csv";
  } else if (!table.has("kind") && !source.file.text.empty()) {
    table.error("file", "can't tell the kind of '" + source.file.text + "' by its name",
                "set kind = \"mmdb\" or \"csv\"");
  }
}

GeoSource read_source(TomlTable& table, Context& context) {
  GeoSource source;
  source.file = read_path(table, "file", context, Need::kRequired)
                    .value_or(LocatedString{"", table.at("file")});
  read_kind(table, source);
  const std::size_t errors = context.problems.error_count();
  apply_preset(table, source);
  read_field(table, "country_field", source.kind, source.country_field);
  read_field(table, "latitude_field", source.kind, source.latitude_field);
  read_field(table, "longitude_field", source.kind, source.longitude_field);
  read_field(table, "radius_field", source.kind, source.radius_field);
  read_field(table, "asn_field", source.kind, source.asn_field);
  read_field(table, "operator_field", source.kind, source.operator_field);
  read_field(table, "subdivision_field", source.kind, source.subdivision_field);
  source.attribution = table.string("attribution").value_or("");
  table.finish();
  if (context.problems.error_count() != errors) { return source; }  // enough said
  if (source.latitude_field.empty() != source.longitude_field.empty()) {
    const bool lacks_longitude = source.longitude_field.empty();
    table.error(lacks_longitude ? "latitude_field" : "longitude_field",
                lacks_longitude ? "'longitude_field' is missing" : "'latitude_field' is missing",
                "a place needs both");
  }
  if (source.country_field.empty() && source.latitude_field.empty() &&
      source.longitude_field.empty() && source.asn_field.empty()) {
    table.error("file", "nothing is to be read from this source",
                "set preset = \"flat\", \"maxmind\", \"maxmind-asn\", \"country-flat\" or "
                "\"asn-csv\", or fields such as country_field");
  }
  return source;
}

}  // namespace

void read_geo(TomlTable& root, Context& context) {
  auto table = root.table("geo");
  if (!table) { return; }
  Geo& into = context.config.geo;
  into.watch_interval_ms =
      table->duration_ms("watch_interval", 0, 86'400'000).value_or(into.watch_interval_ms);
  for (TomlTable& source : table->tables("source")) {
    into.sources.push_back(read_source(source, context));
  }
  table->finish();
}

}  // namespace gslb::config
