#include "gslb/transfer/rdata_wire.h"

#include <algorithm>
#include <array>

namespace gslb::transfer {
namespace {

using dns::RrType;
using Buffer = std::vector<std::uint8_t>;

// Fields of RDATA, one letter each:
//   1 2 4 6 8  that many octets          x  16 octets
//   n  name, may be compressed           N  name, may not
//   s  character string                  S  one or more of them, to the end
//   *  anything to the end               +  at least one octet to the end
//   b  type bitmap to the end            p  service parameters to the end
//   g  IPSECKEY's gateway, by the second octet of the RDATA
struct Shape {
  std::uint16_t type;
  std::string_view fields;
};
constexpr std::array kShapes = std::to_array<Shape>({
    {1, "4"},           // A
    {2, "n"},           // NS
    {3, "n"},           // MD
    {4, "n"},           // MF
    {5, "n"},           // CNAME
    {6, "nn44444"},     // SOA
    {7, "n"},           // MB
    {8, "n"},           // MG
    {9, "n"},           // MR
    {12, "n"},          // PTR
    {13, "ss"},         // HINFO
    {14, "nn"},         // MINFO
    {15, "2n"},         // MX
    {16, "S"},          // TXT
    {17, "nn"},         // RP
    {18, "2n"},         // AFSDB
    {19, "s"},          // X25
    {20, "S"},          // ISDN
    {21, "2n"},         // RT
    {24, "2114442n*"},  // SIG
    {25, "211*"},       // KEY
    {26, "2nn"},        // PX
    {27, "sss"},        // GPOS
    {28, "x"},          // AAAA
    {29, "x"},          // LOC
    {30, "n*"},         // NXT
    {33, "222n"},       // SRV
    {35, "22sssn"},     // NAPTR
    {36, "2n"},         // KX
    {37, "221*"},       // CERT
    {39, "n"},          // DNAME
    {43, "211+"},       // DS
    {44, "11+"},        // SSHFP
    {45, "111g*"},      // IPSECKEY
    {46, "2114442N+"},  // RRSIG
    {47, "Nb"},         // NSEC
    {48, "211*"},       // DNSKEY
    {50, "112ssb"},     // NSEC3
    {51, "112s"},       // NSEC3PARAM
    {52, "111+"},       // TLSA
    {53, "111+"},       // SMIMEA
    {59, "211+"},       // CDS
    {60, "211*"},       // CDNSKEY
    {62, "42b"},        // CSYNC
    {63, "411+"},       // ZONEMD
    {64, "2Np"},        // SVCB
    {65, "2Np"},        // HTTPS
    {99, "S"},          // SPF
    {104, "28"},        // NID
    {105, "24"},        // L32
    {106, "28"},        // L64
    {107, "2N"},        // LP
    {108, "6"},         // EUI48
    {109, "8"},         // EUI64
    {256, "22+"},       // URI
    {257, "1s*"},       // CAA
});

std::string_view shape_of(RrType type) {
  const auto number = static_cast<std::uint16_t>(type);
  const auto found = std::ranges::lower_bound(kShapes, number, {}, &Shape::type);
  return found != kShapes.end() && found->type == number ? found->fields : "*";
}

// RFC 4034 4.1.2: windows in ascending order, 1 to 32 octets each, no zero octet at a window's end.
bool is_bitmap(Octets rest) {
  int last = -1;
  while (!rest.empty()) {
    if (rest.size() < 2) { return false; }
    const std::size_t size = rest[1];
    if (rest[0] <= last || size == 0 || size > 32 || rest.size() < 2 + size) { return false; }
    if (rest[1 + size] == 0) { return false; }
    last = rest[0];
    rest = rest.subspan(2 + size);
  }
  return true;
}

// RFC 9460 2.2: keys strictly ascending, each with its length.
bool is_parameters(Octets rest) {
  int last = -1;
  while (!rest.empty()) {
    if (rest.size() < 4 || load_u16(rest.data()) <= last) { return false; }
    last = load_u16(rest.data());
    const std::size_t size = load_u16(rest.data() + 2);
    if (rest.size() - 4 < size) { return false; }
    rest = rest.subspan(4 + size);
  }
  return true;
}

// Walks fields; the end of the RDATA bounds everything but what a pointer leads to.
class FieldReader {
 public:
  FieldReader(Octets message, std::size_t at, std::size_t end, Buffer& out)
      : message_(message), start_(at), at_(at), end_(end), out_(out) {}

  Result<void, WireError> read(std::string_view fields) {
    for (const char field : fields) {
      const auto done = one(field);
      if (!done) { return done; }
    }
    if (at_ != end_) { return Unexpected(WireError::kShape); }
    return {};
  }

 private:
  Result<void, WireError> one(char field) {
    switch (field) {
      case 'n':
        return name(true);
      case 'N':
        return name(false);
      case 's':
        return text();
      case 'S':
        do {
          const auto done = text();
          if (!done) { return done; }
        } while (at_ < end_);
        return {};
      case '+':
        if (at_ == end_) { return Unexpected(WireError::kShape); }
        return copy(end_ - at_);
      case 'b':
        return tail(is_bitmap);
      case 'p':
        return tail(is_parameters);
      case 'g':
        return gateway();
      case '*':
        return copy(end_ - at_);
      case 'x':
        return copy(16);
      default:
        return copy(static_cast<std::size_t>(field - '0'));
    }
  }

  Result<void, WireError> copy(std::size_t count) {
    if (end_ - at_ < count) { return Unexpected(WireError::kShape); }
    out_.insert(out_.end(), message_.begin() + static_cast<std::ptrdiff_t>(at_),
                message_.begin() + static_cast<std::ptrdiff_t>(at_ + count));
    at_ += count;
    return {};
  }

  Result<void, WireError> text() {
    if (at_ == end_) { return Unexpected(WireError::kShape); }
    return copy(std::size_t{1} + message_[at_]);
  }

  Result<void, WireError> tail(bool (*is_good)(Octets)) {
    if (!is_good(message_.subspan(at_, end_ - at_))) { return Unexpected(WireError::kShape); }
    return copy(end_ - at_);
  }

  Result<void, WireError> name(bool may_point) {
    const Octets own = message_.first(end_);
    if (!may_point) {
      const std::size_t size = dns::wire_name_size(own.subspan(at_));
      if (size == 0) { return Unexpected(WireError::kName); }
      return copy(size);
    }
    const auto name = read_name(own, &at_);
    if (!name) { return Unexpected(name.error()); }
    const Octets wire = name->wire();
    out_.insert(out_.end(), wire.begin(), wire.end());
    return {};
  }

  Result<void, WireError> gateway() {
    switch (message_[start_ + 1]) {  // three octets stand before a gateway
      case 0:
        return {};
      case 1:
        return copy(4);
      case 2:
        return copy(16);
      case 3:
        return name(false);
      default:
        return Unexpected(WireError::kShape);
    }
  }

  Octets message_;
  const std::size_t start_;
  std::size_t at_;
  const std::size_t end_;
  Buffer& out_;
};

}  // namespace

Result<dns::Name, WireError> read_name(Octets message, std::size_t* at) {
  std::array<std::uint8_t, dns::kMaxNameOctets> wire{};
  std::size_t size = 0;
  std::size_t from = *at;
  std::size_t bound = *at;  // a pointer must lead before this
  bool has_jumped = false;
  for (;;) {
    if (from >= message.size()) { return Unexpected(WireError::kShort); }
    const std::size_t length = message[from];
    if (length >= 0xc0) {
      if (message.size() - from < 2) { return Unexpected(WireError::kShort); }
      const std::size_t target = load_u16(message.data() + from) & 0x3fffU;
      if (target >= bound) { return Unexpected(WireError::kName); }
      if (!has_jumped) { *at = from + 2; }
      has_jumped = true;
      from = bound = target;
      continue;
    }
    if (length > dns::kMaxLabelOctets) { return Unexpected(WireError::kName); }
    if (message.size() - from < length + 1) { return Unexpected(WireError::kShort); }
    if (size + length + 1 > wire.size()) { return Unexpected(WireError::kName); }
    std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(from), length + 1,
                wire.begin() + static_cast<std::ptrdiff_t>(size));
    size += length + 1;
    from += length + 1;
    if (length == 0) { break; }
  }
  if (!has_jumped) { *at = from; }
  auto name = dns::Name::from_wire(Octets(wire).first(size));
  if (!name) { return Unexpected(WireError::kName); }
  return std::move(*name);
}

Result<void, WireError> read_rdata(Octets message, std::size_t at, std::size_t size, RrType type,
                                   Buffer& out) {
  out.clear();
  const auto done = FieldReader(message, at, at + size, out).read(shape_of(type));
  if (!done) { return done; }
  // Expanded names may make it longer than a length can say.
  if (out.size() > 0xffff) { return Unexpected(WireError::kShape); }
  return {};
}

Buffer fold_rdata(RrType type, Octets rdata) {
  Buffer folded(rdata.begin(), rdata.end());
  std::size_t at = 0;
  for (const char field : shape_of(type)) {
    if (field == 'n' || (field == 'N' && type == RrType::kRrsig)) {
      const std::size_t size = dns::wire_name_size(rdata.subspan(at));
      for (std::size_t i = at; i < at + size; ++i) { folded[i] = dns::ascii_lower(folded[i]); }
      at += size;
    } else if (field == 's') {
      at += std::size_t{1} + rdata[at];
    } else if (field >= '1' && field <= '8') {
      at += static_cast<std::size_t>(field - '0');
    } else {
      break;  // no folded name stands behind any other field
    }
  }
  return folded;
}

}  // namespace gslb::transfer
