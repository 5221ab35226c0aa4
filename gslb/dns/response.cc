#include "gslb/dns/response.h"

#include <algorithm>
#include <cstring>

#include "gslb/base/check.h"

namespace gslb::dns {
namespace {

constexpr std::uint16_t kFlagResponse = 0x8000;
constexpr std::uint16_t kFlagAuthoritative = 0x0400;
constexpr std::uint16_t kFlagTruncated = 0x0200;
constexpr std::uint16_t kMaskEcho = 0x0110;  // RD and CD come back as sent, AD and RA stay 0
constexpr std::uint16_t kMaskOpcode = 0x7800;
constexpr std::uint16_t kMaskRcode = 0x000f;
constexpr std::uint16_t kEdnsFlagDnssecOk = 0x8000;
constexpr std::uint16_t kEdnsFlagCompactOk = 0x4000;
constexpr std::uint32_t kMaxTtl = 0x7fffffff;  // RFC 2181 8

constexpr std::size_t kFixedRecordOctets = 8;  // TYPE, CLASS, TTL; RDLENGTH comes with the RDATA
constexpr std::size_t kOptOctets = 11;         // OPT without options, owner included
constexpr std::size_t kOptionHeaderOctets = 4;
constexpr std::size_t kMaxPointer = 0x3fff;

constexpr std::uint16_t kOptionNsid = 3;
constexpr std::uint16_t kOptionCookie = 10;
constexpr std::uint16_t kOptionTcpKeepalive = 11;
constexpr std::uint16_t kOptionPadding = 12;
constexpr std::uint16_t kOptionEde = 15;
constexpr std::uint16_t kOptionReportChannel = 18;

// Header, question and an ECS-carrying OPT fit the least response there is, whatever was asked.
static_assert(kHeaderOctets + kMaxNameOctets + 4 + kOptOctets + 24 <= kMinUdpPayload);

// Where names stand in the RDATA of a type: behind `fixed` octets, `names` in a row.
struct RdataLayout {
  std::uint8_t fixed = 0;
  std::uint8_t names = 0;  // 0: nothing to compress
};

// The types RFC 1035 defines and no others: a resolver need not know newer ones (RFC 3597 4).
RdataLayout layout_of(RrType type) noexcept {
  switch (type) {
    case RrType::kNs:
    case RrType::kMd:
    case RrType::kMf:
    case RrType::kCname:
    case RrType::kMb:
    case RrType::kMg:
    case RrType::kMr:
    case RrType::kPtr:
      return {0, 1};
    case RrType::kSoa:
    case RrType::kMinfo:
      return {0, 2};
    case RrType::kMx:
      return {2, 1};
    default:
      return {};
  }
}

// Few lengths make up nearly all copies; known at compile time they need no call.
void copy_rdata(std::uint8_t* to, const std::uint8_t* from, std::size_t size) noexcept {
  switch (size) {
    case 2 + 4:  // A
      std::memcpy(to, from, 6);
      break;
    case 2 + 16:  // AAAA
      std::memcpy(to, from, 18);
      break;
    default:
      std::memcpy(to, from, size);
  }
}

void copy_owner(std::uint8_t* to, const std::uint8_t* from, std::size_t size) noexcept {
  if (size == 2) {
    std::memcpy(to, from, 2);
  } else {
    std::memcpy(to, from, size);
  }
}

// TYPE, CLASS and TTL, the same in all records of an RRset: eight octets, as one number.
std::uint64_t fixed_octets(const RrsetView& set, RrClass qclass) noexcept {
  const RrClass klass = qclass == RrClass::kAny ? RrClass::kIn : qclass;
  return (std::uint64_t{static_cast<std::uint16_t>(set.type)} << 48) |
         (std::uint64_t{static_cast<std::uint16_t>(klass)} << 32) | std::min(set.ttl_s, kMaxTtl);
}

// An option of `data` octets in the rest of `*out`, or null when it does not fit.
std::uint8_t* take_option(MutableOctets* out, std::uint16_t code, std::size_t data) noexcept {
  if (out->size() < kOptionHeaderOctets + data) { return nullptr; }
  std::uint8_t* const at = out->data();
  store_u16(at, code);
  store_u16(at + 2, static_cast<std::uint16_t>(data));
  *out = out->subspan(kOptionHeaderOctets + data);
  return at + kOptionHeaderOctets;
}

void put_text(std::uint8_t* at, std::string_view text) noexcept {
  if (!text.empty()) { std::memcpy(at, text.data(), text.size()); }
}

void put_ede(MutableOctets* out, EdeCode code, std::string_view text) noexcept {
  std::uint8_t* at = take_option(out, kOptionEde, 2 + text.size());
  if (at == nullptr) {
    text = {};
    at = take_option(out, kOptionEde, 2);
  }
  if (at == nullptr) { return; }
  store_u16(at, static_cast<std::uint16_t>(code));
  put_text(at + 2, text);
}

// Zeros (RFC 7830 3) until the message, with `before` octets in front of the option, fills its
// block, or all there is room for.
void put_padding(MutableOctets* out, std::size_t before, std::size_t block) noexcept {
  if (out->size() < kOptionHeaderOctets) { return; }
  const std::size_t over = (before + kOptionHeaderOctets) % block;
  const std::size_t wanted = over == 0 ? 0 : block - over;
  const std::size_t size = std::min(wanted, out->size() - kOptionHeaderOctets);
  std::memset(take_option(out, kOptionPadding, size), 0, size);
}

// Writes the OPT record at the front of `out`, `before` octets into the message, the dearest
// options first; returns its size.
// REQUIRES: out.size() >= kOptOctets
std::size_t put_opt(MutableOctets out, std::size_t before, Rcode rcode,
                    const ResponseEdns& edns) noexcept {
  MutableOctets rest = out.subspan(kOptOctets);
  if (edns.ecs != nullptr) {
    rest = rest.subspan(write_ecs_option(*edns.ecs, edns.ecs_scope_bits, rest));
  }
  if (!edns.cookie.empty()) {
    std::uint8_t* const at = take_option(&rest, kOptionCookie, edns.cookie.size());
    if (at != nullptr) { std::memcpy(at, edns.cookie.data(), edns.cookie.size()); }
  }
  if (edns.expire_s) {
    std::uint8_t* const at = take_option(&rest, kOptionExpire, 4);
    if (at != nullptr) { store_u32(at, *edns.expire_s); }
  }
  if (edns.tcp_keepalive_100ms != 0) {
    std::uint8_t* const at = take_option(&rest, kOptionTcpKeepalive, 2);
    if (at != nullptr) { store_u16(at, edns.tcp_keepalive_100ms); }
  }
  if (!edns.nsid.empty()) {
    std::uint8_t* const at = take_option(&rest, kOptionNsid, edns.nsid.size());
    if (at != nullptr) { put_text(at, edns.nsid); }
  }
  if (edns.has_ede) { put_ede(&rest, edns.ede, edns.ede_text); }
  if (!edns.report_channel.empty()) {
    std::uint8_t* const at = take_option(&rest, kOptionReportChannel, edns.report_channel.size());
    if (at != nullptr) { put_text(at, as_text(edns.report_channel)); }
  }
  if (edns.padding_block != 0) {
    put_padding(&rest, before + out.size() - rest.size(), edns.padding_block);
  }

  const std::size_t size = out.size() - rest.size();
  std::uint8_t* const at = out.data();
  at[0] = 0;  // the root
  store_u16(at + 1, static_cast<std::uint16_t>(RrType::kOpt));
  store_u16(at + 3, edns.udp_payload);
  at[5] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(rcode) >> 4);
  at[6] = 0;  // EDNS version: the highest we know
  store_u16(at + 7, static_cast<std::uint16_t>((edns.dnssec_ok ? kEdnsFlagDnssecOk : 0) |
                                               (edns.compact_ok ? kEdnsFlagCompactOk : 0)));
  store_u16(at + 9, static_cast<std::uint16_t>(size - kOptOctets));
  return size;
}

std::uint16_t rcode_bits(Rcode rcode) noexcept {
  return static_cast<std::uint16_t>(static_cast<std::uint16_t>(rcode) & kMaskRcode);
}

std::uint16_t echoed_bits(const Query& query) noexcept {
  return static_cast<std::uint16_t>((query.recursion_desired ? 0x0100 : 0) |
                                    (query.checking_disabled ? 0x0010 : 0));
}

}  // namespace

ResponseWriter::ResponseWriter(MutableOctets out, std::size_t limit, Octets message,
                               const Query& query, std::size_t edns_octets) noexcept
    : query_(query),
      out_(out.data()),
      position_(query.question_end),
      limit_(limit),
      names_(out.data(), query.qname) {
  DCHECK(limit <= out.size() && limit >= kMinUdpPayload);
  DCHECK(query.question_end > kHeaderOctets && query.question_end <= message.size());
  // An OPT too large to set aside (a long NSID) loses options in finish(), never the question.
  end_ = limit - std::min(edns_octets, limit - position_);
  std::memcpy(out_, message.data(), query.question_end);  // the header is overwritten by finish()
}

std::size_t ResponseWriter::edns_size(const ResponseEdns& edns) noexcept {
  std::size_t size = kOptOctets;
  if (edns.ecs != nullptr) { size += ecs_option_size(*edns.ecs); }
  if (edns.expire_s) { size += kOptionHeaderOctets + 4; }
  if (edns.tcp_keepalive_100ms != 0) { size += kOptionHeaderOctets + 2; }
  if (!edns.cookie.empty()) { size += kOptionHeaderOctets + edns.cookie.size(); }
  if (!edns.nsid.empty()) { size += kOptionHeaderOctets + edns.nsid.size(); }
  if (edns.has_ede) { size += kOptionHeaderOctets + 2 + edns.ede_text.size(); }
  if (!edns.report_channel.empty()) { size += kOptionHeaderOctets + edns.report_channel.size(); }
  return size;
}

bool ResponseWriter::put_rrset(Section section, Octets owner, const RrsetView& set) noexcept {
  if (truncated_) { return false; }
  if (put(section, owner, set)) { return true; }
  if (section != Section::kAdditional) { truncated_ = true; }
  return false;
}

bool ResponseWriter::put_required_additional(Octets owner, const RrsetView& set) noexcept {
  if (truncated_) { return false; }
  truncated_ = !put(Section::kAdditional, owner, set);
  return !truncated_;
}

bool ResponseWriter::put(Section section, Octets owner, const RrsetView& set) noexcept {
  const auto index = static_cast<std::size_t>(section);
  // A later section having records means the caller mixed up the order.
  DCHECK(std::all_of(counts_.begin() + static_cast<std::ptrdiff_t>(index) + 1, counts_.end(),
                     [](std::uint16_t count) { return count == 0; }));
  if (set.count == 0) { return true; }
  const std::size_t start = position_;
  const std::size_t mark = names_.mark();
  const std::size_t owner_octets = put_owner(owner);
  position_ += owner_octets;
  const bool is_opaque = is_address(set.type) || layout_of(set.type).names == 0;
  const bool fits = owner_octets != 0 && (is_opaque ? put_opaque(start, owner_octets, set)
                                                    : put_with_names(start, owner_octets, set));
  if (!fits) {
    position_ = start;
    names_.rollback(mark);
    return false;
  }
  counts_[index] = static_cast<std::uint16_t>(counts_[index] + set.count);
  return true;
}

// The octets written, 0 when there is no room.
std::size_t ResponseWriter::put_owner(Octets owner) noexcept {
  const Octets qname = query_.qname.wire();
  const bool is_qname = owner.data() == qname.data() && owner.size() == qname.size();
  if (is_qname && owner.size() > 1 && end_ - position_ >= 2) {
    store_u16(out_ + position_, 0xc000 | kHeaderOctets);
    return 2;
  }
  return names_.put(owner, position_, end_ - position_);
}

namespace {

// What stands for an owner from the second record on: a pointer to the first record's, unless that
// is no longer than a pointer or too far into the message to be pointed at.
struct RepeatedOwner {
  RepeatedOwner(const std::uint8_t* message, std::size_t owner_at,
                std::size_t owner_octets) noexcept
      : octets(message + owner_at), size(owner_octets) {
    if (owner_octets > 2 && owner_at <= kMaxPointer) {
      store_u16(pointer.data(), static_cast<std::uint16_t>(0xc000 | owner_at));
      octets = pointer.data();
      size = 2;
    }
  }
  RepeatedOwner(const RepeatedOwner&) = delete;
  RepeatedOwner& operator=(const RepeatedOwner&) = delete;

  std::array<std::uint8_t, 2> pointer{};
  const std::uint8_t* octets;
  std::size_t size;
};

}  // namespace

// The size is known beforehand, so one test covers the whole RRset.
bool ResponseWriter::put_opaque(std::size_t owner_at, std::size_t owner_octets,
                                const RrsetView& set) noexcept {
  if (set.count == 1) {
    const std::size_t needed = kFixedRecordOctets + set.rdata.size();
    if (needed > end_ - position_) { return false; }
    store_u64(out_ + position_, fixed_octets(set, query_.qclass));
    copy_rdata(out_ + position_ + kFixedRecordOctets, set.rdata.data(), set.rdata.size());
    position_ += needed;
    return true;
  }
  const RepeatedOwner again(out_, owner_at, owner_octets);
  const std::size_t needed =
      ((set.count - 1U) * again.size) + (set.count * kFixedRecordOctets) + set.rdata.size();
  if (needed > end_ - position_) { return false; }
  const std::uint64_t fixed = fixed_octets(set, query_.qclass);
  std::uint8_t* at = out_ + position_;
  const std::uint8_t* rdata = set.rdata.data();
  for (std::size_t i = 0; i < set.count; ++i) {
    if (i != 0) {
      copy_owner(at, again.octets, again.size);
      at += again.size;
    }
    store_u64(at, fixed);
    at += kFixedRecordOctets;
    const std::size_t size = 2U + load_u16(rdata);
    copy_rdata(at, rdata, size);
    at += size;
    rdata += size;
  }
  DCHECK(rdata == set.rdata.data() + set.rdata.size());
  position_ += needed;
  return true;
}

bool ResponseWriter::put_with_names(std::size_t owner_at, std::size_t owner_octets,
                                    const RrsetView& set) noexcept {
  const RepeatedOwner again(out_, owner_at, owner_octets);
  std::array<std::uint8_t, kFixedRecordOctets> fixed;
  store_u64(fixed.data(), fixed_octets(set, query_.qclass));
  bool is_first = true;
  for (RdataCursor records(set); !records.done(); records.next()) {
    if (!is_first && !append({again.octets, again.size})) { return false; }
    is_first = false;
    if (!append(fixed) || !put_rdata_with_names(set.type, records.rdata())) { return false; }
  }
  return true;
}

// RDLENGTH and RDATA.  RDATA that is not what its type promises is copied as it stands.
bool ResponseWriter::put_rdata_with_names(RrType type, Octets rdata) noexcept {
  const std::size_t length_at = position_;
  if (end_ - position_ < 2) { return false; }
  position_ += 2;
  const RdataLayout layout = layout_of(type);
  Octets rest = rdata;
  if (rest.size() >= layout.fixed) {
    if (!append(rest.first(layout.fixed))) { return false; }
    rest = rest.subspan(layout.fixed);
    for (std::size_t i = 0; i < layout.names; ++i) {
      const std::size_t name_octets = wire_name_size(rest);
      if (name_octets == 0) { break; }
      const std::size_t written = names_.put(rest.first(name_octets), position_, end_ - position_);
      if (written == 0) { return false; }
      position_ += written;
      rest = rest.subspan(name_octets);
    }
  }
  if (!append(rest)) { return false; }
  store_u16(out_ + length_at, static_cast<std::uint16_t>(position_ - length_at - 2));
  return true;
}

bool ResponseWriter::append(Octets octets) noexcept {
  if (octets.size() > end_ - position_) { return false; }
  if (!octets.empty()) { std::memcpy(out_ + position_, octets.data(), octets.size()); }
  position_ += octets.size();
  return true;
}

std::size_t ResponseWriter::finish(Rcode rcode, bool authoritative,
                                   const ResponseEdns* edns) noexcept {
  const bool has_opt = edns != nullptr && query_.edns.present && limit_ - position_ >= kOptOctets;
  const auto flags = static_cast<std::uint16_t>(
      kFlagResponse | (authoritative ? kFlagAuthoritative : 0) | (truncated_ ? kFlagTruncated : 0) |
      echoed_bits(query_) | rcode_bits(rcode));
  store_u16(out_, query_.id);
  store_u16(out_ + 2, flags);
  store_u16(out_ + 4, 1);
  store_u16(out_ + 6, counts_[0]);
  store_u16(out_ + 8, counts_[1]);
  store_u16(out_ + 10, static_cast<std::uint16_t>(counts_[2] + (has_opt ? 1 : 0)));
  if (!has_opt) { return position_; }
  return position_ + put_opt({out_ + position_, limit_ - position_}, position_, rcode, *edns);
}

std::size_t write_error_response(MutableOctets out, Octets message, const Query& query, Rcode rcode,
                                 const ResponseEdns* edns) noexcept {
  DCHECK(out.size() >= kMinUdpPayload && message.size() >= kHeaderOctets);
  const bool has_question = query.question_end > kHeaderOctets;
  const bool has_opt = edns != nullptr && query.edns.present;
  const std::uint16_t asked = load_u16(message.data() + 2);
  std::memcpy(out.data(), message.data(), query.question_end);
  store_u16(out.data() + 2,
            static_cast<std::uint16_t>(kFlagResponse | (asked & (kMaskOpcode | kMaskEcho)) |
                                       rcode_bits(rcode)));
  store_u16(out.data() + 4, has_question ? 1 : 0);
  store_u32(out.data() + 6, 0);
  store_u16(out.data() + 10, has_opt ? 1 : 0);
  if (!has_opt) { return query.question_end; }
  const MutableOctets rest = out.first(kMinUdpPayload).subspan(query.question_end);
  return query.question_end + put_opt(rest, query.question_end, rcode, *edns);
}

}  // namespace gslb::dns
