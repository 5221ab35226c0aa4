// What every kind of source is read into.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/geo/compile.h"
#include "gslb/geo/runs.h"

namespace gslb::geo {

using OperatorNames = std::unordered_map<std::uint32_t, std::string>;

// What all sources of one map share.
struct ReadContext {
  RecordTable& records;
  OperatorNames& names;  // a name that is there already stays
  Problems& problems;
};

struct SourceData {
  Runs ipv4;
  Runs ipv6;
  std::string attribution;
};

// The fields of a Source, as indexes.
enum Field : unsigned {
  kCountry,
  kLatitude,
  kLongitude,
  kRadius,
  kAsn,
  kOperator,
  kSubdivision,
  kFieldCount,
};

// One record while it is being read.  Values that can't be true are as if absent.
struct RawRecord {
  std::string_view country;
  std::optional<double> latitude;
  std::optional<double> longitude;
  std::optional<double> radius_km;
  std::optional<double> asn;
  std::string_view operator_name;
  std::string_view subdivision;  // "CA" or "US-CA"
};

// The record's number; its operator's name goes to the context.
RecordId put_record(const RawRecord& raw, const ReadContext& context);

// A whole number or fraction, "AS" before it allowed; nullopt for anything else.
std::optional<double> parse_number(std::string_view text);

// The field's name in the configuration and what the operator gave for it.
const char* name_of(Field field);
const std::string& path_of(const Source& source, Field field);

// Reports fields no record has: a warning for some, an error when it is all of them.
void check_fields(const Source& source, const std::array<bool, kFieldCount>& seen,
                  const std::string& hint, Problems& problems);

// Each reads the whole file; nullopt after an error.  Control path; mmdb_source.cc, csv_source.cc.
std::optional<SourceData> read_mmdb(const Source& source, const ReadContext& context);
std::optional<SourceData> read_csv(const Source& source, const ReadContext& context);

// The credit a known database asks for, from its own type and description and from its file name;
// "" when it is not known.
std::string attribution_of(std::string_view file, std::string_view database_type,
                           std::string_view description);

}  // namespace gslb::geo
