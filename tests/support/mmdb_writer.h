// Writes small MMDB files, so that tests need no download.
//
// Source: MaxMind DB format 2.0.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gslb/base/ip.h"

namespace tests {

// Encoded values: octets of the data section.
std::string mmdb_string(std::string_view text);
std::string mmdb_double(double value);
std::string mmdb_float(float value);
std::string mmdb_uint16(std::uint16_t value);
std::string mmdb_uint32(std::uint32_t value);
std::string mmdb_uint64(std::uint64_t value);
// Of encoded values, in the order given.
std::string mmdb_map(const std::vector<std::pair<std::string, std::string>>& entries);
std::string mmdb_array(const std::vector<std::string>& values);

struct MmdbOptions {
  int ip_version = 6;  // 4 or 6; IPv4 prefixes go under ::/96 of a version 6 tree
  int record_bits = 28;
  std::string database_type = "Test";
  std::string description = "Proxima test database";
  // ::ffff:0:0/96, 2001::/32 and 2002::/16 lead into the IPv4 tree, as in MaxMind's own files.
  bool ipv4_aliases = false;
};

// Thread-compatible.
class MmdbWriter {
 public:
  // REQUIRES: ip_version 4 or 6; record_bits 24, 28 or 32.
  explicit MmdbWriter(MmdbOptions options);

  // A later insert replaces what is below its prefix; above it, the rest is kept.
  // REQUIRES: an IPv4 prefix in a version 4 tree; a prefix longer than /0.
  void insert(const gslb::Prefix& prefix, const std::string& encoded);

  // The whole file.  REQUIRES: it fits the record size.
  std::string finish();

 private:
  // A node number, kEmpty, or kData + the offset of a value.
  using Record = std::uint64_t;
  static constexpr Record kEmpty = ~Record{0};
  static constexpr Record kData = Record{1} << 62;

  Record& reach(const gslb::Prefix& prefix);
  void link_aliases();
  void put_node(std::string& out, const std::array<Record, 2>& node) const;
  std::string metadata() const;

  MmdbOptions options_;
  std::vector<std::array<Record, 2>> nodes_;
  std::string data_;
  std::map<std::string, std::uint64_t> offsets_;  // of values in data_
};

}  // namespace tests
