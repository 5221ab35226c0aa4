#include "gslb/geo/cache.h"

#include <bit>
#include <cstring>

#include "gslb/base/hash.h"
#include "gslb/geo/compiled.h"

namespace gslb::geo {
namespace {

// Changes with the layout of what follows and with the meaning of units: a new program must not
// take an old one's map.
constexpr std::string_view kMagic = "PROXIMA-GEO-0002";
// Written as a number of the machine: a cache from one of the other byte order doesn't match.
constexpr std::uint32_t kByteOrder = 0x01020304;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void u32(std::uint32_t value) { raw(&value, sizeof(value)); }
  void u64(std::uint64_t value) { raw(&value, sizeof(value)); }
  void real(double value) { raw(&value, sizeof(value)); }
  void text(std::string_view value) {
    u32(static_cast<std::uint32_t>(value.size()));
    raw(value.data(), value.size());
  }
  void raw(const void* data, std::size_t size) {
    out_.append(static_cast<const char*>(data), size);
  }

 private:
  std::string& out_;
};

// As ByteReader, with the machine's byte order.
class Reader {
 public:
  explicit Reader(Octets octets) : octets_(octets) {}

  template <typename T>
  T number() {
    T value{};
    raw(&value, sizeof(value));
    return value;
  }
  std::string text() {
    const Octets taken = octets_.take(number<std::uint32_t>());
    return std::string(as_text(taken));
  }
  void raw(void* into, std::size_t size) {
    const Octets taken = octets_.take(size);
    if (!taken.empty()) { std::memcpy(into, taken.data(), taken.size()); }
  }
  // A count of things of at least `octets` octets each; 0 when there can't be as many.
  std::size_t count(std::size_t octets) {
    const auto count = number<std::uint64_t>();
    return count <= octets_.remaining() / octets ? static_cast<std::size_t>(count) : fail();
  }
  std::size_t fail() {
    (void)octets_.take(octets_.remaining() + 1);
    return 0;
  }
  bool failed() const { return octets_.failed(); }
  bool at_end() const { return !octets_.failed() && octets_.remaining() == 0; }

 private:
  ByteReader octets_;
};

template <typename Key>
void put_table(Writer& writer, const LeafTable<Key>& table) {
  writer.u64(table.size());
  writer.u64(table.cells().size());
  writer.raw(table.cells().data(), table.cells().size() * sizeof(table.cells()[0]));
}

// REQUIRES: the units have been read.
template <typename Key>
bool take_table(Reader& reader, std::size_t units, LeafTable<Key>& table) {
  const auto leaves = reader.number<std::uint64_t>();
  HugeVector<std::uint32_t> cells(reader.count(sizeof(std::uint32_t)));
  reader.raw(cells.data(), cells.size() * sizeof(cells[0]));
  return !reader.failed() && table.restore(std::move(cells), leaves, units);
}

void put_unit(Writer& writer, const Unit& unit) {
  writer.u64(unit.id);
  writer.u32(unit.asn);
  writer.raw(unit.country.data(), unit.country.size());
  writer.raw(unit.subdivision.data(), unit.subdivision.size());
  writer.u32(unit.has_place ? 1 : 0);
  writer.real(unit.place.latitude);
  writer.real(unit.place.longitude);
  writer.real(unit.place_sigma_km);
  writer.real(unit.address_weight);
  writer.u32(std::bit_cast<std::uint32_t>(unit.override_index));
}

Unit take_unit(Reader& reader) {
  Unit unit;
  unit.id = reader.number<std::uint64_t>();
  unit.asn = reader.number<std::uint32_t>();
  reader.raw(unit.country.data(), unit.country.size());
  reader.raw(unit.subdivision.data(), unit.subdivision.size());
  unit.has_place = reader.number<std::uint32_t>() != 0;
  unit.place.latitude = reader.number<double>();
  unit.place.longitude = reader.number<double>();
  unit.place_sigma_km = reader.number<double>();
  unit.address_weight = reader.number<double>();
  unit.override_index = reader.number<std::int32_t>();
  return unit;
}
constexpr std::size_t kUnitOctets = 8 + 4 + 2 + 3 + 4 + 4 * 8 + 4;

bool take_all(Reader& reader, Compiled& into) {
  into.units.reserve(reader.count(kUnitOctets));
  for (std::size_t left = into.units.capacity(); left > 0; --left) {
    into.units.push_back(take_unit(reader));
  }
  if (into.units.empty() || !take_table(reader, into.units.size(), into.ipv4) ||
      !take_table(reader, into.units.size(), into.ipv6)) {
    return false;
  }
  for (std::size_t left = reader.count(8); left > 0 && !reader.failed(); --left) {
    const auto asn = reader.number<std::uint32_t>();
    into.operator_names.emplace_back(asn, reader.text());
  }
  for (std::size_t left = reader.count(4); left > 0 && !reader.failed(); --left) {
    into.attributions.push_back(reader.text());
  }
  return reader.at_end();
}

}  // namespace

std::string write_cache(const GeoMap& map, std::string_view made_from) {
  const Compiled& from = map.compiled();
  std::string body;
  body.reserve(map.memory_octets() + made_from.size() + 4096);
  Writer writer(body);
  writer.text(made_from);
  writer.u64(from.units.size());
  for (const Unit& unit : from.units) { put_unit(writer, unit); }
  put_table(writer, from.ipv4);
  put_table(writer, from.ipv6);
  writer.u64(from.operator_names.size());
  for (const auto& [asn, name] : from.operator_names) {
    writer.u32(asn);
    writer.text(name);
  }
  writer.u64(from.attributions.size());
  for (const std::string& line : from.attributions) { writer.text(line); }

  std::string cache(kMagic);
  Writer head(cache);
  head.u32(kByteOrder);
  head.u64(hash_text(body));
  return cache + body;
}

std::shared_ptr<const GeoMap> read_cache(Octets cache, std::string_view made_from) {
  Reader reader(cache);
  std::array<char, kMagic.size()> magic{};
  reader.raw(magic.data(), magic.size());
  const auto order = reader.number<std::uint32_t>();
  const auto checksum = reader.number<std::uint64_t>();
  if (reader.failed() || std::string_view(magic.data(), magic.size()) != kMagic ||
      order != kByteOrder) {
    return nullptr;
  }
  // What it was made from stands first: a stale cache is not read to its end.
  constexpr std::size_t kHead = kMagic.size() + sizeof(order) + sizeof(checksum);
  if (reader.text() != made_from || hash_octets(cache.subspan(kHead)) != checksum) {
    return nullptr;
  }
  auto compiled = std::make_unique<Compiled>();
  if (!take_all(reader, *compiled)) { return nullptr; }
  return std::make_shared<GeoMap>(std::move(compiled));
}

}  // namespace gslb::geo
