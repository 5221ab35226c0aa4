// An RRset as octets ready to be written: what zones store and the writer copies.
#pragma once

#include <cstdint>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/dns/types.h"

namespace gslb::dns {

// A view: does not own; valid as long as the snapshot (or buffer) it points into.
// `rdata` is `count` records, each a 16-bit length (network order) and that many octets, names
// inside uncompressed and in the case of the zone file.
struct RrsetView {
  RrType type = RrType::kA;
  std::uint32_t ttl_s = 0;
  std::uint16_t count = 0;
  Octets rdata;
};

// The type an RRSIG set covers, RFC 4034 3.1; 0 for another set.  With the type it tells any two
// sets of an owner apart.
inline RrType covered_type(const RrsetView& set) noexcept {
  // The octets before it are the first record's length.
  const bool is_rrsig = set.type == RrType::kRrsig && set.rdata.size() >= 4;
  return is_rrsig ? static_cast<RrType>(load_u16(set.rdata.data() + 2)) : RrType{};
}

// Walks the records of an RrsetView: for (RdataCursor r(set); !r.done(); r.next()) use(r.rdata());
class RdataCursor {
 public:
  explicit RdataCursor(const RrsetView& set) noexcept : rest_(set.rdata) {}
  bool done() const noexcept { return rest_.size() < 2; }
  Octets rdata() const noexcept { return rest_.subspan(2, load_u16(rest_.data())); }
  void next() noexcept { rest_ = rest_.subspan(2U + load_u16(rest_.data())); }

 private:
  Octets rest_;
};

inline std::uint16_t count_records(Octets rdata) noexcept {
  std::uint16_t count = 0;
  for (RdataCursor record({.rdata = rdata}); !record.done(); record.next()) { ++count; }
  return count;
}

// Appends a record to what is to be the `rdata` of an RrsetView.
// REQUIRES: record.size() <= 65535
inline void append_record(std::vector<std::uint8_t>& rdata, Octets record) {
  const std::size_t at = rdata.size();
  rdata.resize(at + 2);
  store_u16(rdata.data() + at, static_cast<std::uint16_t>(record.size()));
  rdata.insert(rdata.end(), record.begin(), record.end());
}

}  // namespace gslb::dns
