// make_mmdb [--nested] [--version 4|6] [--record-bits 24|28|32] [--type TEXT] OUT.mmdb < LINES
//
// Lines: prefix,country,latitude,longitude,asn,organisation[,radius_km].  Fields may be empty; the
// organisation may not hold a comma.  "#" begins a comment line.  Flat shape (country_code,
// latitude, longitude, accuracy_radius) or, with --nested, MaxMind's (country.iso_code,
// location.latitude ...); the ASN's fields are the same in both.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/support/mmdb_writer.h"

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

std::string record_of(const std::vector<std::string>& fields, bool nested) {
  Entries top;
  Entries place;
  if (!fields[2].empty()) {
    place.emplace_back("latitude", tests::mmdb_double(std::stod(fields[2])));
  }
  if (!fields[3].empty()) {
    place.emplace_back("longitude", tests::mmdb_double(std::stod(fields[3])));
  }
  if (!fields[6].empty()) {
    place.emplace_back("accuracy_radius",
                       tests::mmdb_uint16(static_cast<std::uint16_t>(std::stoul(fields[6]))));
  }
  if (!fields[1].empty()) {
    const std::string code = tests::mmdb_string(fields[1]);
    top.emplace_back(nested ? "country" : "country_code",
                     nested ? tests::mmdb_map({{"iso_code", code}}) : code);
  }
  if (nested && !place.empty()) {
    top.emplace_back("location", tests::mmdb_map(place));
  } else {
    top.insert(top.end(), place.begin(), place.end());
  }
  if (!fields[4].empty()) {
    top.emplace_back("autonomous_system_number",
                     tests::mmdb_uint32(static_cast<std::uint32_t>(std::stoul(fields[4]))));
  }
  if (!fields[5].empty()) {
    top.emplace_back("autonomous_system_organization", tests::mmdb_string(fields[5]));
  }
  return tests::mmdb_map(top);
}

int usage() {
  std::fputs(
      "usage: make_mmdb [--nested] [--version 4|6] [--record-bits 24|28|32] [--type TEXT] OUT"
      " < LINES\n",
      stderr);
  return 2;
}

int run(const std::string& out_path, bool nested, const tests::MmdbOptions& options) {
  tests::MmdbWriter writer(options);
  std::string line;
  for (int number = 1; std::getline(std::cin, line); ++number) {
    if (line.empty() || line[0] == '#') { continue; }
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ',');) { fields.push_back(field); }
    const auto prefix = gslb::Prefix::parse(fields[0]);
    if (!prefix || prefix->bits() == 0 || fields.size() > 7) {
      std::fprintf(stderr, "line %d: not prefix,country,lat,lon,asn,org[,radius]\n", number);
      return 1;
    }
    fields.resize(7);
    writer.insert(*prefix, record_of(fields, nested));
  }
  std::ofstream out(out_path, std::ios::binary);
  out << writer.finish();
  out.close();
  if (!out) { std::perror(out_path.c_str()); }
  return out ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  bool nested = false;
  tests::MmdbOptions options;
  std::string out_path;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--nested") {
      nested = true;
    } else if (word == "--version" && i + 1 < argc) {
      options.ip_version = std::stoi(argv[++i]);
    } else if (word == "--record-bits" && i + 1 < argc) {
      options.record_bits = std::stoi(argv[++i]);
    } else if (word == "--type" && i + 1 < argc) {
      options.database_type = argv[++i];  // some readers look for "City" in it
    } else if (!word.starts_with("-") && out_path.empty()) {
      out_path = word;
    } else {
      return usage();
    }
  }
  return out_path.empty() ? usage() : run(out_path, nested, options);
}
