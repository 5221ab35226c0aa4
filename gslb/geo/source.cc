#include "gslb/geo/source.h"

#include <algorithm>

namespace gslb::geo {
namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char upper(char c) noexcept { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; }

bool contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

Subdivision subdivision_of(const RawRecord& raw, const std::array<char, 2>& country) {
  std::string_view text = raw.subdivision;
  if (text.size() > 3 && text[2] == '-') {
    if (upper(text[0]) != country[0] || upper(text[1]) != country[1]) { return {}; }
    text.remove_prefix(3);
  }
  Subdivision code{};
  if (text.empty() || text.size() > code.size()) { return {}; }  // a name, not a code
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_letter(text[i]) && (text[i] < '0' || text[i] > '9')) { return {}; }
    code[i] = is_letter(text[i]) ? upper(text[i]) : text[i];
  }
  return code;
}

}  // namespace

RecordId put_record(const RawRecord& raw, const ReadContext& context) {
  Record record;
  // "ZZ" and the like are in ISO's private range: not known.
  if (raw.country.size() == 2 && is_letter(raw.country[0]) && is_letter(raw.country[1])) {
    const std::array<char, 2> code{upper(raw.country[0]), upper(raw.country[1])};
    if (code != std::array{'Z', 'Z'} && code != std::array{'X', 'X'}) { record.country = code; }
  }
  if (record.has_country()) { record.subdivision = subdivision_of(raw, record.country); }
  // 0, 0 is in the sea off Ghana: it stands for "not known" in every database that has it.
  if (raw.latitude && raw.longitude && std::abs(*raw.latitude) <= 90 &&
      std::abs(*raw.longitude) <= 180 && (*raw.latitude != 0 || *raw.longitude != 0)) {
    record.latitude = static_cast<float>(*raw.latitude);
    record.longitude = static_cast<float>(*raw.longitude);
    const bool radius = raw.radius_km && *raw.radius_km > 0 && *raw.radius_km < 20'100;
    record.sigma_km =
        radius ? std::max(static_cast<float>(*raw.radius_km), kLeastSigmaKm) : kCitySigmaKm;
  }
  if (raw.asn && *raw.asn > 0 && *raw.asn <= 0xffffffffU) {
    record.asn = static_cast<std::uint32_t>(*raw.asn);
    if (!raw.operator_name.empty()) { context.names.try_emplace(record.asn, raw.operator_name); }
  }
  return context.records.intern(record);
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with("AS")) { text.remove_prefix(2); }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
  return value;
}

const char* name_of(Field field) {
  constexpr std::array<const char*, kFieldCount> kNames = {
      "country_field", "latitude_field", "longitude_field",  "radius_field",
      "asn_field",     "operator_field", "subdivision_field"};
  return kNames[field];
}

const std::string& path_of(const Source& source, Field field) {
  const std::array<const std::string*, kFieldCount> paths = {
      &source.country_field, &source.latitude_field, &source.longitude_field,  &source.radius_field,
      &source.asn_field,     &source.operator_field, &source.subdivision_field};
  return *paths[field];
}

void check_fields(const Source& source, const std::array<bool, kFieldCount>& seen,
                  const std::string& hint, Problems& problems) {
  // A preset asks for more than small databases have (a country database has no place), so one
  // missing field is only worth a warning.
  const bool any = std::any_of(seen.begin(), seen.end(), [](bool s) { return s; });
  if (!any) {
    problems.error(source.at, "no record of " + source.file + " has any of the fields asked for",
                   hint);
    return;
  }
  for (unsigned i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    if (path_of(source, field).empty() || seen[i]) { continue; }
    problems.warning(source.at,
                     "no record of " + source.file + " has the " + name_of(field) + " '" +
                         path_of(source, field) + "'",
                     hint);
  }
}

std::string attribution_of(std::string_view file, std::string_view database_type,
                           std::string_view description) {
  const std::string_view name = file.substr(file.rfind('/') + 1);  // npos + 1 is 0
  if (contains(database_type, "DBIP") || contains(description, "DB-IP") ||
      name.starts_with("dbip-")) {
    return "IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0";
  }
  if (name.starts_with("geo-whois-asn-country")) {
    return "IP to country by ip-location-db from NRO statistics (https://www.nro.net), CC BY 4.0";
  }
  if (name.starts_with("asn-ipv") || name == "asn.mmdb") {
    return "ASN data by ip-location-db from RouteViews (https://www.routeviews.org), "
           "DB-IP (https://db-ip.com) and NRO (https://www.nro.net), CC BY 4.0";
  }
  if (contains(database_type, "GeoLite2")) {
    return "This product includes GeoLite2 data created by MaxMind, available from "
           "https://www.maxmind.com";
  }
  return {};
}

}  // namespace gslb::geo
