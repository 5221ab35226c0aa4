// Shared by the tests that write responses: a parsed query and a response in the making.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "gslb/dns/response.h"

#include "tests/gslb/dns/wire_testing.h"

namespace gslb::dns::testing {

// A parsed query together with its octets.
struct Asked {
  explicit Asked(std::string_view qname, std::string_view tail = "0001 0001", bool edns = true,
                 std::string_view flags = "0110") {
    octets = hex("1234" + std::string(flags) + "0001 0000 0000 000" + (edns ? "1" : "0"));
    append(octets, wire(qname));
    append(octets, hex(tail));
    if (edns) { append(octets, hex("00 0029 04d0 00000000 0000")); }
    EXPECT_TRUE(parse_query(octets, query).has_value());
  }
  Buffer octets;
  Query query;
};

// One response in the making; finish() decodes it strictly.
struct Answering {
  explicit Answering(const Asked& asked, std::size_t limit = 4096, std::size_t edns_octets = 11)
      : out(limit, 0xee), writer(out, limit, asked.octets, asked.query, edns_octets) {}

  Decoded finish(Rcode rcode = Rcode::kNoError, const ResponseEdns* edns = nullptr) {
    size = writer.finish(rcode, true, edns);
    EXPECT_LE(size, out.size());
    return Decoder({out.data(), size}).decode();
  }
  bool answer(std::string_view owner, const Rrset& set) {
    return writer.put_rrset(Section::kAnswer, wire(owner), set.view());
  }
  bool additional(std::string_view owner, const Rrset& set) {
    return writer.put_rrset(Section::kAdditional, wire(owner), set.view());
  }

  Buffer out;
  ResponseWriter writer;
  std::size_t size = 0;
};

inline Rrset a_records(int count) {
  Rrset set{RrType::kA};
  for (int i = 0; i < count; ++i) { set.add(Buffer{192, 0, 2, static_cast<std::uint8_t>(i)}); }
  return set;
}

inline Rrset named(RrType type, std::string_view target) { return Rrset{type}.add(wire(target)); }

// The name at offset `at` of a record's RDATA, decoded within the message.
inline std::string rdata_name(const Answering& made, const DecodedRecord& record,
                              std::size_t at = 0) {
  std::size_t place = record.rdata_at + at;
  return Decoder({made.out.data(), made.size}).read_name(&place);
}

}  // namespace gslb::dns::testing
