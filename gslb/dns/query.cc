#include "gslb/dns/query.h"

#include <algorithm>
#include <cstring>

namespace gslb::dns {
namespace {

constexpr std::uint16_t kFlagResponse = 0x8000;
constexpr std::uint16_t kMaskOpcode = 0x7800;
constexpr std::uint64_t kOneQuestion = std::uint64_t{1} << 48;  // in the four counts of a header
constexpr std::uint16_t kFlagRecursionDesired = 0x0100;
constexpr std::uint16_t kFlagCheckingDisabled = 0x0010;
constexpr std::uint16_t kEdnsFlagDnssecOk = 0x8000;
constexpr std::uint16_t kEdnsFlagCompactOk = 0x4000;

constexpr std::uint16_t kOptionNsid = 3;
constexpr std::uint16_t kOptionEcs = 8;
constexpr std::uint16_t kOptionCookie = 10;
constexpr std::uint16_t kOptionTcpKeepalive = 11;
constexpr std::uint16_t kOptionPadding = 12;

// Client cookie alone, or with a server cookie of 8..32 octets (RFC 7873 4).
constexpr bool is_cookie_size(std::size_t octets) noexcept {
  return octets == 8 || (octets >= 16 && octets <= 40);
}

// Moves `*at` behind an owner name that is not needed.  A pointer ends the name and is not
// followed, so nothing in it can loop or lead outside.
bool skip_name(Octets message, std::size_t* at) noexcept {
  while (*at < message.size()) {
    const std::size_t length = message[*at];
    if (length >= 0xc0) {
      *at += 2;
      return *at <= message.size();
    }
    if (length > kMaxLabelOctets) { return false; }  // 0x40 and 0x80: reserved label types
    *at += length + 1;
    if (length == 0) { return true; }
  }
  return false;
}

// One resource record, by reference into the message.
struct Record {
  bool is_owner_root = false;
  RrType type = RrType::kA;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  Octets rdata;
};

bool take_record(Octets message, std::size_t* at, Record* record) noexcept {
  record->is_owner_root = *at < message.size() && message[*at] == 0;
  if (!skip_name(message, at)) { return false; }
  constexpr std::size_t kFixedOctets = 10;  // TYPE, CLASS, TTL, RDLENGTH
  if (message.size() - *at < kFixedOctets) { return false; }
  const std::uint8_t* const fixed = message.data() + *at;
  record->type = static_cast<RrType>(load_u16(fixed));
  record->klass = load_u16(fixed + 2);
  record->ttl = load_u32(fixed + 4);
  const std::size_t rdlength = load_u16(fixed + 8);
  *at += kFixedOctets;
  if (message.size() - *at < rdlength) { return false; }
  record->rdata = message.subspan(*at, rdlength);
  *at += rdlength;
  return true;
}

Result<void, QueryError> take_option(std::uint16_t code, Octets data, Edns& edns) noexcept {
  switch (code) {
    case kOptionNsid:
      edns.nsid = true;
      break;
    case kOptionEcs: {
      // RFC 7871 is silent on a second ECS option.  The first counts and later ones are not looked
      // at, as in BIND and Knot; with FORMERR a forwarder's slip would become an outage.
      if (edns.ecs.has_value()) { break; }
      const auto subnet = ClientSubnet::parse(data);
      if (!subnet.has_value()) { return Unexpected(QueryError::kEcs); }
      edns.ecs = *subnet;
      break;
    }
    case kOptionExpire:
      edns.expire = true;
      break;
    case kOptionCookie:
      if (edns.cookie_size != 0) { break; }  // all but the first are ignored (RFC 7873 5.2)
      if (!is_cookie_size(data.size())) { return Unexpected(QueryError::kCookie); }
      edns.cookie_size = static_cast<std::uint8_t>(data.size());
      std::memcpy(edns.cookie.data(), data.data(), data.size());
      break;
    case kOptionTcpKeepalive:
      edns.tcp_keepalive = true;
      break;
    case kOptionPadding:
      edns.padding = true;
      break;
    default:
      break;  // unknown options are ignored (RFC 6891 6.1.2)
  }
  return {};
}

Result<void, QueryError> take_opt(const Record& record, Edns& edns) noexcept {
  if (edns.present) { return Unexpected(QueryError::kOptTwice); }
  if (!record.is_owner_root) { return Unexpected(QueryError::kOptOwner); }
  edns.present = true;
  edns.udp_payload = record.klass;
  edns.version = static_cast<std::uint8_t>(record.ttl >> 16);
  edns.dnssec_ok = (record.ttl & kEdnsFlagDnssecOk) != 0;
  edns.compact_ok = (record.ttl & kEdnsFlagCompactOk) != 0;
  // Options of a version we don't know may mean anything: BADVERS, not FORMERR (RFC 6891 6.1.3).
  if (edns.version != 0) { return {}; }

  for (Octets rest = record.rdata; !rest.empty();) {
    if (rest.size() < 4) { return Unexpected(QueryError::kOption); }
    const std::size_t length = load_u16(rest.data() + 2);
    if (rest.size() - 4 < length) { return Unexpected(QueryError::kOption); }
    const auto taken = take_option(load_u16(rest.data()), rest.subspan(4, length), edns);
    if (!taken.has_value()) { return taken; }
    rest = rest.subspan(4 + length);
  }
  return {};
}

// The `count` records of the additional section at `at`, which must end with the message.  A SIG(0)
// is data like others: nothing here needs it, so it need not be checked (RFC 2931 3).
Result<void, QueryError> take_additional(Octets message, std::size_t at, std::size_t count,
                                         Edns& edns) noexcept {
  bool is_signed = false;
  for (std::size_t i = 0; i < count; ++i) {
    Record record;
    if (!take_record(message, &at, &record)) { return Unexpected(QueryError::kSections); }
    if (record.type == RrType::kOpt) {
      const auto taken = take_opt(record, edns);
      if (!taken.has_value()) { return taken; }
    } else if (record.type == RrType::kTsig) {
      // TSIG anywhere but last is a format error (RFC 8945 5.1).
      if (i + 1 != count) { return Unexpected(QueryError::kSections); }
      is_signed = true;
    }
  }
  if (at != message.size()) { return Unexpected(QueryError::kSections); }
  if (is_signed) { return Unexpected(QueryError::kTransactionSig); }
  return {};
}

bool take_question(Octets message, Query& query) noexcept {
  std::size_t name_octets = 0;
  if (!query.qname.parse(message.subspan(kHeaderOctets), &name_octets)) { return false; }
  const std::size_t at = kHeaderOctets + name_octets;
  if (message.size() - at < 4) { return false; }
  query.qtype = static_cast<RrType>(load_u16(message.data() + at));
  query.qclass = static_cast<RrClass>(load_u16(message.data() + at + 2));
  query.question_end = static_cast<std::uint16_t>(at + 4);
  return true;
}

// What can be found of the OPT and the TSIG of a message with other faults: error responses carry
// them too (RFC 6891 7, RFC 8906 3.2, RFC 8945 5.3).
void find_rest(Octets message, Query& query) noexcept {
  std::size_t at = kHeaderOctets;
  for (std::size_t left = load_u16(message.data() + 4); left > 0; --left) {
    if (!skip_name(message, &at) || message.size() - at < 4) { return; }
    at += 4;
  }
  std::size_t records = 0;
  for (const std::size_t count_at : {6U, 8U, 10U}) {
    records += load_u16(message.data() + count_at);
  }
  Record record;
  for (; records > 0 && take_record(message, &at, &record); --records) {
    if (record.type == RrType::kOpt && !query.edns.present) {
      static_cast<void>(take_opt(record, query.edns));
    }
    query.ends_with_tsig = records == 1 && record.type == RrType::kTsig && at == message.size();
  }
}

// Back to the state of a new Query, without clearing the arrays that sizes guard.
void reset(Query& query) noexcept {
  query.question_end = kHeaderOctets;
  query.ends_with_tsig = false;
  Edns& edns = query.edns;
  edns.present = edns.dnssec_ok = edns.compact_ok = false;
  edns.nsid = edns.expire = edns.tcp_keepalive = edns.padding = false;
  edns.version = 0;
  edns.udp_payload = 0;
  edns.cookie_size = 0;
  edns.ecs.reset();
}

}  // namespace

std::size_t Query::udp_limit(std::size_t server_limit) const noexcept {
  if (!edns.present) { return kMinUdpPayload; }
  const std::size_t advertised = std::max<std::size_t>(edns.udp_payload, kMinUdpPayload);
  return std::min(advertised, server_limit);
}

namespace {

// Behind the question the end or one record: nearly always.
Result<void, QueryError> parse_usual(Octets message, bool has_additional, Query& query) noexcept {
  if (!take_question(message, query)) { return Unexpected(QueryError::kQuestion); }
  Octets rest = message.subspan(query.question_end);
  if (!has_additional) {
    if (!rest.empty()) { return Unexpected(QueryError::kSections); }
    return {};
  }
  constexpr std::size_t kOptOctets = 11;
  const bool is_whole_opt = rest.size() >= kOptOctets && rest[0] == 0 &&
                            load_u16(rest.data() + 1) == static_cast<std::uint16_t>(RrType::kOpt) &&
                            load_u16(rest.data() + 9) == rest.size() - kOptOctets;
  if (!is_whole_opt) { return take_additional(message, query.question_end, 1, query.edns); }
  Record record;
  record.is_owner_root = true;
  record.type = RrType::kOpt;
  record.klass = load_u16(rest.data() + 3);
  record.ttl = load_u32(rest.data() + 5);
  record.rdata = rest.subspan(kOptOctets);
  return take_opt(record, query.edns);
}

Result<void, QueryError> parse_whole(Octets message, Query& query) noexcept {
  query.id = load_u16(message.data());
  const std::uint16_t flags = load_u16(message.data() + 2);
  query.recursion_desired = (flags & kFlagRecursionDesired) != 0;
  query.checking_disabled = (flags & kFlagCheckingDisabled) != 0;
  const std::uint64_t counts = load_u64(message.data() + 4);
  if ((flags & (kFlagResponse | kMaskOpcode)) == 0 &&
      (counts & ~std::uint64_t{1}) == kOneQuestion) {
    return parse_usual(message, (counts & 1) != 0, query);
  }
  if ((flags & kFlagResponse) != 0) { return Unexpected(QueryError::kResponse); }

  const std::size_t question_count = load_u16(message.data() + 4);
  const std::size_t answer_count = load_u16(message.data() + 6);
  const std::size_t authority_count = load_u16(message.data() + 8);
  const std::size_t additional_count = load_u16(message.data() + 10);
  if (((flags >> 11) & 0xf) != static_cast<unsigned>(Opcode::kQuery)) {
    // NOTIMP may echo the question (RFC 8906); without a whole one it goes without.
    if (question_count == 1) { static_cast<void>(take_question(message, query)); }
    return Unexpected(QueryError::kOpcode);
  }
  if (question_count != 1) {
    // Without a question a COOKIE may be asked for (RFC 7873 5.4).
    if (question_count == 0 && answer_count == 0 && authority_count == 0 &&
        !take_additional(message, kHeaderOctets, additional_count, query.edns)) {
      query.edns.cookie_size = 0;
    }
    return Unexpected(QueryError::kQuestionCount);
  }
  if (!take_question(message, query)) { return Unexpected(QueryError::kQuestion); }

  // IXFR carries the client's SOA in the authority section (RFC 1995 3).
  const std::size_t allowed_authority = query.qtype == RrType::kIxfr ? 1 : 0;
  if (answer_count != 0 || authority_count > allowed_authority) {
    return Unexpected(QueryError::kSections);
  }
  std::size_t at = query.question_end;
  if (authority_count == 1) {
    Record soa;
    if (!take_record(message, &at, &soa)) { return Unexpected(QueryError::kSections); }
  }
  return take_additional(message, at, additional_count, query.edns);
}

}  // namespace

Result<void, QueryError> parse_query(Octets message, Query& query) noexcept {
  reset(query);
  if (message.size() < kHeaderOctets) { return Unexpected(QueryError::kShort); }
  auto parsed = parse_whole(message, query);
  if (!parsed && parsed.error() != QueryError::kResponse) { find_rest(message, query); }
  return parsed;
}

}  // namespace gslb::dns
