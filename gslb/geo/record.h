// What one source says about a stretch of addresses, and the table of all such records.
//
// Records are interned: sources repeat the same few hundred thousand records over millions of
// ranges, and everything after reading works on their 32-bit numbers.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gslb/geo/flat_map.h"
#include "gslb/geo/geo_map.h"

namespace gslb::geo {

// Number of a record in its table; 0 is the record that says nothing.
using RecordId = std::uint32_t;

// Immutable value.  A float holds a degree to about a metre.
struct Record {
  std::uint32_t asn = 0;
  std::array<char, 2> country{};
  Subdivision subdivision{};                                 // of the country
  float latitude = std::numeric_limits<float>::quiet_NaN();  // NaN: no place
  float longitude = 0;
  float sigma_km = 0;  // of the place; 0 when there is none

  bool has_place() const noexcept { return !std::isnan(latitude); }
  bool has_country() const noexcept { return country[0] != 0; }
  bool is_empty() const noexcept { return asn == 0 && !has_country() && !has_place(); }
};

// How wrong a city database's place is when it does not say so itself.  Two good ones disagree by
// 129 km at the median and 2118 km at p90: a log-normal through both points (s = 2.18) has its
// 68 % point at 358 km, and one of two equally wrong sources carries 1/sqrt(2) of that.  68 % is
// also what MaxMind's accuracy_radius promises, so both kinds of sigma mean the same.
constexpr float kCitySigmaKm = 250;
// A radius below this is not believed, whoever says it.
constexpr float kLeastSigmaKm = 10;
// The operator named the place of a prefix: right to the metro area.
constexpr float kOverrideSigmaKm = 25;

// `primary` with what it lacks taken from `secondary`, field by field (a place with its sigma is
// one field).  Where both have a place, their distance is believed as its error if it is more.
Record merge(const Record& primary, const Record& secondary) noexcept;

// Thread-compatible; control path.
class RecordTable {
 public:
  RecordTable() { records_.emplace_back(); }

  // The number of an equal record, or a new one.
  RecordId intern(const Record& record);
  // REQUIRES: an id this table gave.
  const Record& operator[](RecordId id) const noexcept { return records_[id]; }
  std::size_t size() const noexcept { return records_.size(); }

 private:
  std::vector<Record> records_;
  FlatMap by_hash_;
};

}  // namespace gslb::geo
