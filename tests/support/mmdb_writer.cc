#include "tests/support/mmdb_writer.h"

#include <algorithm>
#include <bit>

#include "gslb/base/check.h"

namespace tests {
namespace {

using gslb::Address;
using gslb::Prefix;

enum Type : unsigned {
  kString = 2,
  kDouble = 3,
  kUint16 = 5,
  kUint32 = 6,
  kMap = 7,
  kUint64 = 9,
  kArray = 11,
  kFloat = 15,
};

std::string big_endian(std::uint64_t value, int octets) {
  std::string text;
  for (int i = octets - 1; i >= 0; --i) { text += static_cast<char>(value >> (8 * i)); }
  return text;
}

std::string control(Type type, std::size_t size) {
  const unsigned in_first = type <= 7 ? unsigned{type} : 0U;
  std::string extended = type <= 7 ? "" : std::string(1, static_cast<char>(type - 7));
  if (size < 29) { return static_cast<char>(in_first << 5 | size) + extended; }
  if (size < 285) {
    return static_cast<char>(in_first << 5 | 29) + extended + big_endian(size - 29, 1);
  }
  CHECK(size < 65821);
  return static_cast<char>(in_first << 5 | 30) + extended + big_endian(size - 285, 2);
}

// Unsigned integers leave out leading zero octets.
std::string unsigned_value(Type type, std::uint64_t value) {
  const int octets = (std::bit_width(value) + 7) / 8;
  return control(type, static_cast<std::size_t>(octets)) + big_endian(value, octets);
}

}  // namespace

std::string mmdb_string(std::string_view text) {
  return control(kString, text.size()) + std::string(text);
}
std::string mmdb_double(double value) {
  return control(kDouble, 8) + big_endian(std::bit_cast<std::uint64_t>(value), 8);
}
std::string mmdb_float(float value) {
  return control(kFloat, 4) + big_endian(std::bit_cast<std::uint32_t>(value), 4);
}
std::string mmdb_uint16(std::uint16_t value) { return unsigned_value(kUint16, value); }
std::string mmdb_uint32(std::uint32_t value) { return unsigned_value(kUint32, value); }
std::string mmdb_uint64(std::uint64_t value) { return unsigned_value(kUint64, value); }

std::string mmdb_map(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string text = control(kMap, entries.size());
  for (const auto& [key, value] : entries) { text += mmdb_string(key) + value; }
  return text;
}

std::string mmdb_array(const std::vector<std::string>& values) {
  std::string text = control(kArray, values.size());
  for (const auto& value : values) { text += value; }
  return text;
}

MmdbWriter::MmdbWriter(MmdbOptions options) : options_(std::move(options)) {
  CHECK(options_.ip_version == 4 || options_.ip_version == 6);
  nodes_.push_back({kEmpty, kEmpty});
}

void MmdbWriter::insert(const Prefix& prefix, const std::string& encoded) {
  const auto [it, is_new] = offsets_.try_emplace(encoded, data_.size());
  if (is_new) { data_ += encoded; }
  reach(prefix) = kData + it->second;
}

MmdbWriter::Record& MmdbWriter::reach(const Prefix& prefix) {
  CHECK(!prefix.is_v6() || options_.ip_version == 6);
  const bool below_96 = !prefix.is_v6() && options_.ip_version == 6;
  const int bits = prefix.bits() + (below_96 ? 96 : 0);
  CHECK(bits > 0);
  std::array<std::uint8_t, 16> octets{};
  const auto given = prefix.address().octets();
  std::copy(given.begin(), given.end(), octets.begin() + (below_96 ? 12 : 0));
  std::size_t node = 0;
  for (int depth = 0;; ++depth) {
    const unsigned bit = octets[static_cast<std::size_t>(depth / 8)] >> (7 - depth % 8) & 1U;
    const Record record = nodes_[node][bit];
    if (depth + 1 == bits) { return nodes_[node][bit]; }
    if (record >= kData) {  // a value above, or nothing: both sides of a new node inherit it
      nodes_.push_back({record, record});
      nodes_[node][bit] = nodes_.size() - 1;
    }
    node = nodes_[node][bit];
  }
}

void MmdbWriter::link_aliases() {
  const Record ipv4 = reach(Prefix(*Address::parse("::"), 96));
  if (ipv4 >= kData) { return; }
  reach(*Prefix::parse("2001::/32")) = ipv4;
  reach(*Prefix::parse("2002::/16")) = ipv4;
  // ::ffff:0:0/96 can't be said as a Prefix (it is IPv4): walk there by hand.
  std::size_t node = 0;
  for (int depth = 0; depth < 95; ++depth) {
    const unsigned bit = depth >= 80 ? 1 : 0;
    if (nodes_[node][bit] >= kData) {
      nodes_.push_back({nodes_[node][bit], nodes_[node][bit]});
      nodes_[node][bit] = nodes_.size() - 1;
    }
    node = nodes_[node][bit];
  }
  nodes_[node][1] = ipv4;
}

void MmdbWriter::put_node(std::string& out, const std::array<Record, 2>& node) const {
  std::array<std::uint64_t, 2> values{};
  for (std::size_t i = 0; i < 2; ++i) {
    values[i] = node[i] == kEmpty  ? nodes_.size()
                : node[i] >= kData ? nodes_.size() + 16 + (node[i] - kData)
                                   : node[i];
    CHECK(values[i] >> options_.record_bits == 0);
  }
  switch (options_.record_bits) {
    case 24:
      out += big_endian(values[0], 3) + big_endian(values[1], 3);
      break;
    case 28:
      out += big_endian(values[0] & 0xffffff, 3);
      out += static_cast<char>(values[0] >> 24 << 4 | values[1] >> 24);
      out += big_endian(values[1] & 0xffffff, 3);
      break;
    default:
      CHECK(options_.record_bits == 32);
      out += big_endian(values[0], 4) + big_endian(values[1], 4);
  }
}

std::string MmdbWriter::metadata() const {
  return mmdb_map({{"binary_format_major_version", mmdb_uint16(2)},
                   {"binary_format_minor_version", mmdb_uint16(0)},
                   {"build_epoch", mmdb_uint64(1'700'000'000)},
                   {"database_type", mmdb_string(options_.database_type)},
                   {"description", mmdb_map({{"en", mmdb_string(options_.description)}})},
                   {"ip_version", mmdb_uint16(static_cast<std::uint16_t>(options_.ip_version))},
                   {"languages", mmdb_array({mmdb_string("en")})},
                   {"node_count", mmdb_uint32(static_cast<std::uint32_t>(nodes_.size()))},
                   {"record_size", mmdb_uint16(static_cast<std::uint16_t>(options_.record_bits))}});
}

std::string MmdbWriter::finish() {
  if (options_.ip_version == 6 && options_.ipv4_aliases) { link_aliases(); }
  std::string file;
  for (const auto& node : nodes_) { put_node(file, node); }
  file += std::string(16, '\0') + data_;
  return file + "\xab\xcd\xefMaxMind.com" + metadata();
}

}  // namespace tests
