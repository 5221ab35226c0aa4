// What a secondary asks a primary, as octets: SOA, IXFR and AXFR queries, and the SOA's answer.
// What a signer asks the parent (DS) is made likewise; its answer is in parent_query.h.
//
// Source: RFC 1034 4.3.5, RFC 1995 3, RFC 5936 2.1, RFC 6891, RFC 7314 (EXPIRE option).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/transfer/message_reader.h"
#include "gslb/transfer/record.h"

namespace gslb::transfer {

// kSoa, kAxfr, kDs, or kIxfr with our version's SOA in the authority section.  `with_edns`: an OPT
// that asks for the EXPIRE option.
struct PrimaryQuery {
  dns::Name apex;
  std::uint16_t id = 0;
  dns::RrType type = dns::RrType::kSoa;
  const Record* soa = nullptr;  // REQUIRED with kIxfr
  bool with_edns = false;
};
std::vector<std::uint8_t> write_query(const PrimaryQuery& query);

struct SoaAnswer {
  SoaNumbers soa;
  std::optional<seconds> expire;  // RFC 7314
};
enum class SoaAnswerError : std::uint8_t {
  kForeign,    // another id or question, or no response: not the answer to our query
  kMalformed,  // cut off, or a record that can't be read
  kTruncated,  // TC: to be asked over TCP
  kRcode,      // refused
  kLame,       // not authoritative, or without the zone's SOA
};
std::string_view describe(SoaAnswerError error) noexcept;

// A reader behind the question of a whole, good response to the query for `apex` and `type`. Total.
Result<MessageReader, SoaAnswerError> open_answer(Octets message, std::uint16_t id,
                                                  const dns::Name& apex, dns::RrType type);

// Total.
Result<SoaAnswer, SoaAnswerError> read_soa_answer(Octets message, std::uint16_t id,
                                                  const dns::Name& apex);

}  // namespace gslb::transfer
