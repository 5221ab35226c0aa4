#include "gslb/geo/geo_map.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gslb/geo/compiled.h"
#include "gslb/geo/unit_builder.h"

namespace gslb::geo {
namespace {

constexpr double kEarthRadiusKm = 6371.0088;

double radians(double degrees) noexcept { return degrees * (std::numbers::pi / 180); }

}  // namespace

double distance_km(const Place& a, const Place& b) noexcept {
  const double up = std::sin(radians(b.latitude - a.latitude) / 2);
  const double across = std::sin(radians(b.longitude - a.longitude) / 2);
  const double h =
      up * up + std::cos(radians(a.latitude)) * std::cos(radians(b.latitude)) * across * across;
  return 2 * kEarthRadiusKm * std::asin(std::sqrt(std::clamp(h, 0.0, 1.0)));
}

std::string country_text(const Unit& unit) {
  if (unit.country[0] == 0) { return {}; }
  std::string text(unit.country.begin(), unit.country.end());
  const auto end = std::find(unit.subdivision.begin(), unit.subdivision.end(), '\0');
  return end == unit.subdivision.begin() ? text
                                         : text + '-' + std::string(unit.subdivision.begin(), end);
}

GeoMap::GeoMap(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
GeoMap::~GeoMap() = default;

std::shared_ptr<const GeoMap> GeoMap::empty() { return of_units(UnitBuilder().finish()); }

std::shared_ptr<const GeoMap> GeoMap::of_units(std::vector<Unit> units) {
  auto compiled = std::make_unique<Compiled>();
  compiled->ipv4.append(0, 0, 0);
  compiled->ipv4.finish();
  compiled->ipv6.append(0, 0, 0);
  compiled->ipv6.finish();
  compiled->units = std::move(units);
  return std::make_shared<GeoMap>(std::move(compiled));
}

Leaf GeoMap::find(const Address& address) const noexcept {
  return address.is_v6() ? compiled_->ipv6.find(address.high64())
                         : compiled_->ipv4.find(address.v4_host_order());
}

const std::vector<Unit>& GeoMap::units() const noexcept { return compiled_->units; }

std::string GeoMap::operator_name(std::uint32_t asn) const {
  const auto& names = compiled_->operator_names;
  const auto it = std::lower_bound(names.begin(), names.end(), asn,
                                   [](const auto& entry, auto key) { return entry.first < key; });
  return it != names.end() && it->first == asn ? it->second : std::string();
}

std::size_t GeoMap::leaf_count() const noexcept {
  return compiled_->ipv4.size() + compiled_->ipv6.size();
}

std::size_t GeoMap::memory_octets() const noexcept {
  std::size_t names = 0;
  for (const auto& [asn, name] : compiled_->operator_names) {
    names += sizeof(asn) + sizeof(std::string) + name.capacity();
  }
  return compiled_->ipv4.memory_octets() + compiled_->ipv6.memory_octets() +
         compiled_->units.capacity() * sizeof(Unit) + names;
}

const std::vector<std::string>& GeoMap::attributions() const noexcept {
  return compiled_->attributions;
}

Address GeoMap::address_of(std::uint64_t upper, bool is_v6) noexcept {
  if (!is_v6) { return Address::v4(static_cast<std::uint32_t>(upper >> 32)); }
  std::array<std::uint8_t, 16> octets{};
  store_u64(octets.data(), upper);
  return Address::from_octets(octets);
}

}  // namespace gslb::geo
