// Numbers of the DNS wire format and their names.
//
// Source: RFC 1035 3.2 and 4.1.1, RFC 3597 (unknown types), RFC 6895 and the IANA "DNS Parameters"
// registry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gslb::dns {

// Any 16-bit value is a valid RrType; the enumerators are those the code itself names.
enum class RrType : std::uint16_t {
  kA = 1,
  kNs = 2,
  kMd = 3,
  kMf = 4,
  kCname = 5,
  kSoa = 6,
  kMb = 7,
  kMg = 8,
  kMr = 9,
  kNull = 10,
  kPtr = 12,
  kHinfo = 13,
  kMinfo = 14,
  kMx = 15,
  kTxt = 16,
  kRp = 17,
  kAfsdb = 18,
  kSig = 24,
  kKey = 25,
  kAaaa = 28,
  kLoc = 29,
  kSrv = 33,
  kNaptr = 35,
  kKx = 36,
  kCert = 37,
  kDname = 39,
  kOpt = 41,
  kApl = 42,
  kDs = 43,
  kSshfp = 44,
  kRrsig = 46,
  kNsec = 47,
  kDnskey = 48,
  kNsec3 = 50,
  kNsec3param = 51,
  kTlsa = 52,
  kSmimea = 53,
  kCds = 59,
  kCdnskey = 60,
  kOpenpgpkey = 61,
  kCsync = 62,
  kZonemd = 63,
  kSvcb = 64,
  kHttps = 65,
  kSpf = 99,
  kNid = 104,
  kL32 = 105,
  kL64 = 106,
  kLp = 107,
  kEui48 = 108,
  kEui64 = 109,
  kNxname = 128,
  kTkey = 249,
  kTsig = 250,
  kIxfr = 251,
  kAxfr = 252,
  kMailb = 253,
  kMaila = 254,
  kAny = 255,
  kUri = 256,
  kCaa = 257,
};

enum class RrClass : std::uint16_t { kIn = 1, kCh = 3, kHs = 4, kNone = 254, kAny = 255 };

enum class Opcode : std::uint8_t { kQuery = 0, kIquery = 1, kStatus = 2, kNotify = 4, kUpdate = 5 };

// 12 bits: the lower four travel in the header, the rest in OPT (RFC 6891 6.1.3).
enum class Rcode : std::uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kYxDomain = 6,
  kNotAuth = 9,
  kBadVers = 16,
  kBadCookie = 23,
};

// Extended DNS errors, RFC 8914 4.
enum class EdeCode : std::uint16_t {
  kOther = 0,
  kStaleAnswer = 3,
  kForgedAnswer = 4,
  kNotReady = 14,
  kBlocked = 15,
  kProhibited = 18,
  kNotAuthoritative = 20,
  kNotSupported = 21,
  kNetworkError = 23,
  kInvalidData = 24,
  kInvalidQueryType = 30,
};

// "A", "TYPE65280" (RFC 3597 5).
std::string to_string(RrType type);
std::string to_string(RrClass klass);
// "NOERROR", "RCODE4000".
std::string to_string(Rcode rcode);
// Case-insensitive, "TYPE123" too.
std::optional<RrType> parse_rr_type(std::string_view text);

constexpr bool is_address(RrType type) noexcept {
  return type == RrType::kA || type == RrType::kAaaa;
}

// QTYPEs and meta-types never stored in a zone: OPT, TKEY..ANY (RFC 6895 3.1), and type 0.
constexpr bool is_meta(RrType type) noexcept {
  const auto number = static_cast<std::uint16_t>(type);
  return number == 0 || type == RrType::kOpt || (number >= 128 && number <= 255);
}

}  // namespace gslb::dns
