// One difference between two versions of a zone, in the octets IXFR sends it as.
//
// Source: RFC 1995 4.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/dns/rrset.h"
#include "gslb/transfer/record.h"

namespace gslb::transfer {

// Immutable.  `records`: the old SOA, what is deleted, the new SOA, what is added; each an
// uncompressed owner, u16 type, u32 TTL, u16 length, RDATA.
struct JournalEntry {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t digest = 0;  // of the version `to`, see digest(ExportedZone)
  std::vector<std::uint8_t> records;
};
using JournalChain = std::vector<std::shared_ptr<const JournalEntry>>;

JournalEntry encode(const Difference& difference, std::uint64_t digest);

// A record of `records` at an offset.  Views.
struct EntryRecord {
  Octets owner;
  dns::RrsetView set;    // of one record
  std::size_t size = 0;  // octets it takes in `records`
};
// nullopt: cut off or malformed.
std::optional<EntryRecord> record_at(Octets records, std::size_t at) noexcept;

}  // namespace gslb::transfer
