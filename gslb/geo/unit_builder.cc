#include "gslb/geo/unit_builder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gslb/geo/countries.h"

namespace gslb::geo {
namespace {

constexpr double kKmPerDegree = 111.195;  // of latitude: 6371.0088 km * pi / 180
constexpr double kBandDegrees = 0.9;
constexpr std::uint32_t kBands = 200;          // 180 / 0.9
constexpr std::uint32_t kBandStride = 512;     // more than the 400 cells of a band at the equator
constexpr std::uint32_t kNoCell = 0xffffffff;  // the country is all that is known
static_assert(360 / kBandDegrees < kBandStride);

// The key's hash is the key: among 150,000 units two share a 64-bit id once in 10^9 maps, and
// would then only be steered alike.
std::uint64_t id_of(const Record& record, std::int32_t override_index) noexcept {
  const std::uint32_t cell =
      record.has_place() ? cell_of(record.latitude, record.longitude) : kNoCell;
  std::uint64_t id = hash_combine(record.asn, cell);
  id = hash_combine(id, static_cast<std::uint64_t>(static_cast<unsigned char>(record.country[0])) |
                            static_cast<std::uint64_t>(record.country[1]) << 8);
  if (record.subdivision[0] != 0) {
    id = hash_combine(id, hash_text({record.subdivision.data(), record.subdivision.size()}));
  }
  return hash_combine(id, static_cast<std::uint32_t>(override_index));
}

}  // namespace

std::uint32_t cell_of(double latitude, double longitude) noexcept {
  const auto band = static_cast<std::uint32_t>(
      std::clamp((latitude + 90) / kBandDegrees, 0.0, static_cast<double>(kBands - 1)));
  const double middle = (band + 0.5) * kBandDegrees - 90;
  const double cells =
      std::max(1.0, std::round(360 / kBandDegrees * std::cos(middle * (std::numbers::pi / 180))));
  const auto cell =
      static_cast<std::uint32_t>(std::clamp((longitude + 180) / 360 * cells, 0.0, cells - 1));
  return band * kBandStride + cell;
}

UnitBuilder::UnitBuilder() { unit_of(Record{}, -1); }

UnitIndex UnitBuilder::unit_of(const Record& record, std::int32_t override_index) {
  const std::uint64_t id = id_of(record, override_index);
  const auto [it, is_new] = by_id_.try_emplace(id, static_cast<UnitIndex>(units_.size()));
  if (is_new) {
    Unit unit;
    unit.id = id;
    unit.asn = record.asn;
    unit.country = record.country;
    unit.subdivision = record.subdivision;
    unit.has_place = record.has_place();
    unit.override_index = override_index;
    units_.push_back(unit);
    sums_.emplace_back();
  }
  return it->second;
}

void UnitBuilder::add(UnitIndex unit, const Record& record, double weight) noexcept {
  units_[unit].address_weight += weight;
  if (!record.has_place()) { return; }
  // Plain means are right: a cell spans neither the date line nor a pole.
  const double latitude = record.latitude;
  const double longitude = record.longitude;
  Sums& sums = sums_[unit];
  sums.latitude += weight * latitude;
  sums.longitude += weight * longitude;
  sums.latitude_squared += weight * latitude * latitude;
  sums.longitude_squared += weight * longitude * longitude;
  sums.sigma_squared += weight * record.sigma_km * record.sigma_km;
}

std::vector<Unit> UnitBuilder::finish() {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    Unit& unit = units_[i];
    if (!unit.has_place) {
      // The country's middle is a place too, as wrong as the country is large.
      if (const Country* country = find_country(unit.country)) {
        unit.has_place = true;
        unit.place = {country->latitude, country->longitude};
        unit.place_sigma_km = std::max<double>(kCitySigmaKm, country->radius_km);
      }
      continue;
    }
    const Sums& sums = sums_[i];
    const double weight = unit.address_weight;
    unit.place = {sums.latitude / weight, sums.longitude / weight};
    const double up =
        std::max(0.0, sums.latitude_squared / weight - unit.place.latitude * unit.place.latitude);
    const double across = std::max(
        0.0, sums.longitude_squared / weight - unit.place.longitude * unit.place.longitude);
    const double shrink = std::cos(unit.place.latitude * (std::numbers::pi / 180));
    const double spread_squared = (up + across * shrink * shrink) * kKmPerDegree * kKmPerDegree;
    unit.place_sigma_km = std::sqrt(sums.sigma_squared / weight + spread_squared);
  }
  return std::move(units_);
}

}  // namespace gslb::geo
