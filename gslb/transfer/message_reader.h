// A DNS message walked section by section, names expanded: responses of primaries and NOTIFY.
//
// Source: RFC 1035 4.1.
//
// Why beside dns::parse_query: that one is for the query path, allocates nothing and refuses what
// an ordinary query can't have; here every section holds records.
#pragma once

#include <optional>

#include "gslb/base/bytes.h"
#include "gslb/base/clock.h"
#include "gslb/base/result.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"
#include "gslb/transfer/rdata_wire.h"

namespace gslb::transfer {

struct MessageHeader {
  std::uint16_t id = 0;
  bool is_response = false;
  std::uint8_t opcode = 0;
  bool is_authoritative = false;
  bool is_truncated = false;
  std::uint8_t rcode = 0;  // the header's four bits
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;
};

struct MessageQuestion {
  dns::Name name;
  dns::RrType type = dns::RrType::kA;
  dns::RrClass klass = dns::RrClass::kIn;
};

// One record, its RDATA still in the message.
struct MessageRecord {
  dns::Name owner;
  dns::RrType type = dns::RrType::kA;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;  // as it stands; see transfer_ttl()
  std::size_t rdata_at = 0;
  std::size_t rdata_size = 0;
};

// RFC 2181 8: a TTL with the top bit set is taken as 0.
constexpr std::uint32_t transfer_ttl(std::uint32_t raw) noexcept {
  return raw > 0x7fff'ffffU ? 0 : raw;
}

// Thread-compatible; the message must outlive it.  After an error nothing more may be read.
class MessageReader {
 public:
  // kShort when there is no whole header.
  static Result<MessageReader, WireError> open(Octets message);

  const MessageHeader& header() const noexcept { return header_; }
  Octets message() const noexcept { return message_; }
  std::size_t position() const noexcept { return at_; }

  Result<MessageQuestion, WireError> question();
  Result<MessageRecord, WireError> record();
  Octets rdata(const MessageRecord& record) const noexcept {
    return message_.subspan(record.rdata_at, record.rdata_size);
  }
  // What the EXPIRE option of an OPT record says (RFC 7314 3); nullopt: there is none.
  std::optional<seconds> expire(const MessageRecord& opt) const noexcept;

 private:
  explicit MessageReader(Octets message) : message_(message) {}

  Octets message_;
  MessageHeader header_;
  std::size_t at_ = 0;
};

}  // namespace gslb::transfer
