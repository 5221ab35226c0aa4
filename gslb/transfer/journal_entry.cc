#include "gslb/transfer/journal_entry.h"

namespace gslb::transfer {
namespace {

constexpr std::size_t kFixedOctets = 8;  // type, TTL, length

void put(std::vector<std::uint8_t>& out, const Record& record) {
  const Octets owner = record.owner.wire();
  out.insert(out.end(), owner.begin(), owner.end());
  std::array<std::uint8_t, kFixedOctets> fixed{};
  store_u16(fixed.data(), static_cast<std::uint16_t>(record.type));
  store_u32(fixed.data() + 2, record.ttl_s);
  store_u16(fixed.data() + 6, static_cast<std::uint16_t>(record.rdata.size()));
  out.insert(out.end(), fixed.begin(), fixed.end());
  out.insert(out.end(), record.rdata.begin(), record.rdata.end());
}

}  // namespace

JournalEntry encode(const Difference& difference, std::uint64_t digest) {
  JournalEntry entry;
  entry.from = read_soa_numbers(difference.old_soa.rdata).serial;
  entry.to = read_soa_numbers(difference.new_soa.rdata).serial;
  entry.digest = digest;
  put(entry.records, difference.old_soa);
  for (const Record& record : difference.deleted) { put(entry.records, record); }
  put(entry.records, difference.new_soa);
  for (const Record& record : difference.added) { put(entry.records, record); }
  return entry;
}

std::optional<EntryRecord> record_at(Octets records, std::size_t at) noexcept {
  EntryRecord record;
  if (at >= records.size()) { return std::nullopt; }
  const Octets rest = records.subspan(at);
  const std::size_t owner = dns::wire_name_size(rest);
  if (owner == 0 || rest.size() - owner < kFixedOctets) { return std::nullopt; }
  const std::uint8_t* const fixed = rest.data() + owner;
  const std::size_t rdata = 2U + load_u16(fixed + 6);
  if (rest.size() - owner - 6 < rdata) { return std::nullopt; }
  record.owner = rest.first(owner);
  record.set = {static_cast<dns::RrType>(load_u16(fixed)), load_u32(fixed + 2), 1,
                rest.subspan(owner + 6, rdata)};
  record.size = owner + 6 + rdata;
  return record;
}

}  // namespace gslb::transfer
