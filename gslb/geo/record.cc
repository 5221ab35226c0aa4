#include "gslb/geo/record.h"

#include <algorithm>
#include <bit>

#include "gslb/geo/geo_map.h"

namespace gslb::geo {
namespace {

std::array<std::uint32_t, 6> key_of(const Record& record) noexcept {
  const bool place = record.has_place();  // every NaN is the same absence
  return {record.asn,
          std::uint32_t{static_cast<unsigned char>(record.country[0])} << 8 |
              static_cast<unsigned char>(record.country[1]),
          std::uint32_t{static_cast<unsigned char>(record.subdivision[0])} << 16 |
              std::uint32_t{static_cast<unsigned char>(record.subdivision[1])} << 8 |
              static_cast<unsigned char>(record.subdivision[2]),
          place ? std::bit_cast<std::uint32_t>(record.latitude) : 0xffffffffU,
          place ? std::bit_cast<std::uint32_t>(record.longitude) : 0,
          place ? std::bit_cast<std::uint32_t>(record.sigma_km) : 0};
}

}  // namespace

Record merge(const Record& primary, const Record& secondary) noexcept {
  Record merged = primary;
  if (merged.asn == 0) { merged.asn = secondary.asn; }
  if (!merged.has_country()) { merged.country = secondary.country; }
  if (merged.subdivision[0] == 0 && merged.country == secondary.country) {
    merged.subdivision = secondary.subdivision;
  }
  if (!secondary.has_place()) { return merged; }
  if (!merged.has_place()) {
    merged.latitude = secondary.latitude;
    merged.longitude = secondary.longitude;
    merged.sigma_km = secondary.sigma_km;
  } else {
    const double apart = distance_km({primary.latitude, primary.longitude},
                                     {secondary.latitude, secondary.longitude});
    merged.sigma_km = std::max(merged.sigma_km, static_cast<float>(apart));
  }
  return merged;
}

RecordId RecordTable::intern(const Record& record) {
  if (record.is_empty()) { return 0; }
  const auto key = key_of(record);
  const std::uint64_t hash =
      hash_octets({reinterpret_cast<const std::uint8_t*>(key.data()), key.size() * sizeof(key[0])});
  const auto [id, is_new] = by_hash_.find_or_add(hash | 1);
  if (!is_new && key_of(records_[*id]) == key) { return *id; }
  // Of two records with one hash the second is not found again and stands in the table once more
  // each time: harmless, and once in 10^7 maps.
  *id = static_cast<RecordId>(records_.size());
  records_.push_back(record);
  return *id;
}

}  // namespace gslb::geo
