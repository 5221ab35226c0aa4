// Octets of a DNS message → Query, or the reason why not.
//
// Source: RFC 1035 4.1, RFC 6891 (EDNS), RFC 7871 (ECS), RFC 5001 (NSID), RFC 7873 (cookies),
// RFC 7828 (tcp-keepalive), RFC 7830 (padding), RFC 9619 (QDCOUNT is 1 at most).
#pragma once

#include <cstdint>
#include <optional>

#include "gslb/base/bytes.h"
#include "gslb/base/result.h"
#include "gslb/dns/ecs.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"

namespace gslb::dns {

inline constexpr std::size_t kHeaderOctets = 12;
inline constexpr std::uint16_t kOptionExpire = 9;     // RFC 7314
inline constexpr std::size_t kMinUdpPayload = 512;  // RFC 1035 4.2.1, RFC 6891 6.2.3

// Why there is no Query.  answer() maps each to silence or an RCODE from one table.
enum class QueryError : std::uint8_t {
  kShort,           // fewer than 12 octets: no one to answer
  kResponse,        // QR is set: answering could loop
  kOpcode,          // not QUERY: NOTIMP (NOTIFY too, until transfers exist)
  kQuestionCount,   // QDCOUNT is not 1: FORMERR (RFC 9619)
  kQuestion,        // QNAME, QTYPE or QCLASS cut off or malformed: FORMERR
  kSections,        // ANCOUNT/NSCOUNT not 0, a record cut off, octets left over: FORMERR
  kOptTwice,        // two OPT records: FORMERR (RFC 6891 6.1.1)
  kOptOwner,        // OPT owner is not the root: FORMERR
  kOption,          // an option runs past RDLENGTH: FORMERR
  kEcs,             // malformed client subnet: FORMERR (RFC 7871 7.1.2)
  kCookie,          // COOKIE of wrong length: FORMERR (RFC 7873 5.2.2)
  kTransactionSig,  // TSIG at the end of the additional section: see answer()
};

// EDNS(0) as the query carried it.  All false/zero when there was no OPT.
struct Edns {
  bool present = false;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  bool compact_ok = false;        // CO (RFC 9824 5.1)
  std::uint16_t udp_payload = 0;  // as sent; see udp_limit()
  bool nsid = false;              // NSID asked for
  bool expire = false;            // EXPIRE asked for
  bool tcp_keepalive = false;
  bool padding = false;
  std::uint8_t cookie_size = 0;  // 0, 8, or 16..40
  std::array<std::uint8_t, 40> cookie{};
  std::optional<ClientSubnet> ecs;
};

// One parsed query.  Worker-confined; reused from query to query.  `message` is not kept: the
// raw question (case as sent) is octets [kHeaderOctets, question_end) of the message.
struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  QuestionName qname;
  RrType qtype = RrType::kA;
  RrClass qclass = RrClass::kIn;
  std::uint16_t question_end = kHeaderOctets;
  bool ends_with_tsig = false;  // of a message that gives an error: maybe not its only fault
  Edns edns;

  // Octets a UDP answer may have: 512 without EDNS, else the advertised size, at least 512, at
  // most `server_limit` (1232 by default, RFC 9715).
  std::size_t udp_limit(std::size_t server_limit) const noexcept;
};

// Total: any octets give a Query in `query` or a reason; reads nothing past `message`.  On error
// `query` holds what was read before it (id, question_end > kHeaderOctets when the question was
// whole, edns of an OPT that can be found, and whether it ends with a TSIG), so that an error
// response can echo it.  A message without any question but with a good OPT gives kQuestionCount
// and its options.  Allocates nothing.
Result<void, QueryError> parse_query(Octets message, Query& query) noexcept;

}  // namespace gslb::dns
