// Shared by the wire tests: hex octets, RRset builders and a DNS message decoder of its own, so
// that what the writer compresses is read by code that shares nothing with it.
#pragma once

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/dns/name.h"
#include "gslb/dns/rrset.h"

namespace gslb::dns::testing {

using Buffer = std::vector<std::uint8_t>;

// Spaces are ignored.
inline Buffer hex(std::string_view text) {
  Buffer octets;
  std::string digits;
  for (const char c : text) {
    if (c != ' ') { digits += c; }
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    octets.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return octets;
}

inline void append(Buffer& to, Octets octets) { to.insert(to.end(), octets.begin(), octets.end()); }

inline Name name(std::string_view text) { return Name::parse(text).value(); }

inline Buffer wire(std::string_view text) {
  Buffer octets;
  append(octets, name(text).wire());
  return octets;
}

// Owns what an RrsetView looks at.
struct Rrset {
  RrType type{};
  std::uint32_t ttl_s = 300;
  std::uint16_t count = 0;
  Buffer rdata{};

  Rrset& add(Octets octets) {
    append_record(rdata, octets);
    ++count;
    return *this;
  }
  RrsetView view() const { return {type, ttl_s, count, rdata}; }
};

// The types in the bitmap of an NSEC or NSEC3 (RFC 4034 4.1.2), in its order.
inline std::vector<RrType> types_in(Octets bitmap) {
  std::vector<RrType> types;
  for (std::size_t at = 0; at + 2 <= bitmap.size(); at += 2U + bitmap[at + 1]) {
    for (unsigned bit = 0; bit < 8U * bitmap[at + 1]; ++bit) {
      if ((bitmap[at + 2 + bit / 8] & (0x80U >> bit % 8)) == 0) { continue; }
      types.push_back(static_cast<RrType>(bitmap[at] * 256U + bit));
    }
  }
  return types;
}

struct DecodedRecord {
  std::string owner;
  RrType type{};
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  std::size_t rdata_at = 0;
  Buffer rdata{};
};

struct Decoded {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::string qname;
  std::vector<DecodedRecord> sections[3];
};

// Throws std::runtime_error on anything a strict reader would not take: counts that don't match,
// pointers that don't lead strictly backwards, octets left over.
class Decoder {
 public:
  explicit Decoder(Octets message) : message_(message) {}

  Decoded decode() {
    Decoded decoded;
    decoded.id = u16(0);
    decoded.flags = u16(2);
    std::size_t at = 12;
    if (u16(4) > 1) { throw std::runtime_error("more than one question"); }
    if (u16(4) == 1) {
      decoded.qname = read_name(&at);
      at += 4;
    }
    for (std::size_t section = 0; section < 3; ++section) {
      for (std::size_t i = 0; i < u16(6 + 2 * section); ++i) {
        decoded.sections[section].push_back(record(&at));
      }
    }
    if (at != message_.size()) { throw std::runtime_error("counts and octets differ"); }
    return decoded;
  }

  // The name at `*at` in presentation form; `*at` moves behind it.
  std::string read_name(std::size_t* at) {
    Buffer wire;
    std::size_t here = *at;
    bool jumped = false;
    while (u8(here) != 0) {
      if (u8(here) >= 0xc0) {
        const std::size_t target = u16(here) & 0x3fffU;
        if (!jumped) { *at = here + 2; }
        jumped = true;
        if (target >= here || target < 12) { throw std::runtime_error("pointer leads astray"); }
        here = target;
        continue;
      }
      if (u8(here) > 63) { throw std::runtime_error("reserved label type"); }
      const std::size_t next = here + 1 + u8(here);
      while (here < next) { wire.push_back(static_cast<std::uint8_t>(u8(here++))); }
    }
    if (!jumped) { *at = here + 1; }
    wire.push_back(0);
    const auto name = Name::from_wire(wire);
    if (!name.has_value()) { throw std::runtime_error("name is too long"); }
    return name->to_string();
  }

 private:
  std::uint32_t u8(std::size_t at) const { return message_[check(at, 1)]; }
  std::uint16_t u16(std::size_t at) const { return load_u16(message_.data() + check(at, 2)); }
  std::size_t check(std::size_t at, std::size_t size) const {
    if (at + size > message_.size()) { throw std::runtime_error("message is cut off"); }
    return at;
  }
  DecodedRecord record(std::size_t* at) {
    DecodedRecord record;
    record.owner = read_name(at);
    record.type = static_cast<RrType>(u16(*at));
    record.klass = u16(*at + 2);
    record.ttl = load_u32(message_.data() + check(*at + 4, 4));
    const std::size_t size = u16(*at + 8);
    record.rdata_at = *at + 10;
    check(record.rdata_at, size);
    append(record.rdata, message_.subspan(record.rdata_at, size));
    *at += 10 + size;
    return record;
  }

  Octets message_;
};

}  // namespace gslb::dns::testing
