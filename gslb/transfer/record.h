// A record by itself, and the difference between two versions of a zone.
//
// Source: RFC 1995 2 and 4 (difference sequences), RFC 1982 (serial numbers).
#pragma once

#include <cstdint>
#include <vector>

#include "gslb/dns/name.h"
#include "gslb/dns/types.h"

namespace gslb::transfer {

// Owns its octets.  `rdata` is the uncompressed wire form, as ZoneBuilder::add() wants it.
struct Record {
  dns::Name owner;
  dns::RrType type = dns::RrType::kA;
  std::uint32_t ttl_s = 0;
  std::vector<std::uint8_t> rdata;

  friend bool operator==(const Record&, const Record&) = default;
};

// One step of IXFR: what leaves with the version of serial `old_soa` and comes with that of
// `new_soa`.  The two SOA records are not repeated in the lists.
struct Difference {
  Record old_soa;
  Record new_soa;
  std::vector<Record> deleted;
  std::vector<Record> added;
};

// The five numbers at the end of an SOA's RDATA.  All zero when there are fewer than 20 octets.
struct SoaNumbers {
  std::uint32_t serial = 0;
  std::uint32_t refresh_s = 0;
  std::uint32_t retry_s = 0;
  std::uint32_t expire_s = 0;
  std::uint32_t minimum_s = 0;
};
inline SoaNumbers read_soa_numbers(Octets rdata) noexcept {
  if (rdata.size() < 20) { return {}; }
  const std::uint8_t* at = rdata.data() + rdata.size() - 20;
  return {load_u32(at), load_u32(at + 4), load_u32(at + 8), load_u32(at + 12), load_u32(at + 16)};
}

}  // namespace gslb::transfer
