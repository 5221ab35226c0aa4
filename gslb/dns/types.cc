#include "gslb/dns/types.h"

#include <array>
#include <charconv>
#include <span>
#include <utility>

namespace gslb::dns {
namespace {

constexpr std::array kTypeNames = std::to_array<std::pair<RrType, std::string_view>>({
    {RrType::kA, "A"},
    {RrType::kNs, "NS"},
    {RrType::kMd, "MD"},
    {RrType::kMf, "MF"},
    {RrType::kCname, "CNAME"},
    {RrType::kSoa, "SOA"},
    {RrType::kMb, "MB"},
    {RrType::kMg, "MG"},
    {RrType::kMr, "MR"},
    {RrType::kNull, "NULL"},
    {RrType::kPtr, "PTR"},
    {RrType::kHinfo, "HINFO"},
    {RrType::kMinfo, "MINFO"},
    {RrType::kMx, "MX"},
    {RrType::kTxt, "TXT"},
    {RrType::kRp, "RP"},
    {RrType::kAfsdb, "AFSDB"},
    {RrType::kSig, "SIG"},
    {RrType::kKey, "KEY"},
    {RrType::kAaaa, "AAAA"},
    {RrType::kLoc, "LOC"},
    {RrType::kSrv, "SRV"},
    {RrType::kNaptr, "NAPTR"},
    {RrType::kKx, "KX"},
    {RrType::kCert, "CERT"},
    {RrType::kDname, "DNAME"},
    {RrType::kOpt, "OPT"},
    {RrType::kApl, "APL"},
    {RrType::kDs, "DS"},
    {RrType::kSshfp, "SSHFP"},
    {RrType::kRrsig, "RRSIG"},
    {RrType::kNsec, "NSEC"},
    {RrType::kDnskey, "DNSKEY"},
    {RrType::kNsec3, "NSEC3"},
    {RrType::kNsec3param, "NSEC3PARAM"},
    {RrType::kTlsa, "TLSA"},
    {RrType::kSmimea, "SMIMEA"},
    {RrType::kCds, "CDS"},
    {RrType::kCdnskey, "CDNSKEY"},
    {RrType::kOpenpgpkey, "OPENPGPKEY"},
    {RrType::kCsync, "CSYNC"},
    {RrType::kZonemd, "ZONEMD"},
    {RrType::kSvcb, "SVCB"},
    {RrType::kHttps, "HTTPS"},
    {RrType::kSpf, "SPF"},
    {RrType::kNid, "NID"},
    {RrType::kL32, "L32"},
    {RrType::kL64, "L64"},
    {RrType::kLp, "LP"},
    {RrType::kEui48, "EUI48"},
    {RrType::kEui64, "EUI64"},
    {RrType::kNxname, "NXNAME"},
    {RrType::kTkey, "TKEY"},
    {RrType::kTsig, "TSIG"},
    {RrType::kIxfr, "IXFR"},
    {RrType::kAxfr, "AXFR"},
    {RrType::kMailb, "MAILB"},
    {RrType::kMaila, "MAILA"},
    {RrType::kAny, "ANY"},
    {RrType::kUri, "URI"},
    {RrType::kCaa, "CAA"},
});

// Types no code names.
constexpr std::array kOtherTypeNames = std::to_array<std::pair<RrType, std::string_view>>({
    {static_cast<RrType>(11), "WKS"},       {static_cast<RrType>(19), "X25"},
    {static_cast<RrType>(20), "ISDN"},      {static_cast<RrType>(21), "RT"},
    {static_cast<RrType>(22), "NSAP"},      {static_cast<RrType>(23), "NSAP-PTR"},
    {static_cast<RrType>(26), "PX"},        {static_cast<RrType>(27), "GPOS"},
    {static_cast<RrType>(30), "NXT"},       {static_cast<RrType>(31), "EID"},
    {static_cast<RrType>(32), "NIMLOC"},    {static_cast<RrType>(34), "ATMA"},
    {static_cast<RrType>(38), "A6"},        {static_cast<RrType>(40), "SINK"},
    {static_cast<RrType>(45), "IPSECKEY"},  {static_cast<RrType>(49), "DHCID"},
    {static_cast<RrType>(55), "HIP"},       {static_cast<RrType>(56), "NINFO"},
    {static_cast<RrType>(57), "RKEY"},      {static_cast<RrType>(58), "TALINK"},
    {static_cast<RrType>(66), "DSYNC"},     {static_cast<RrType>(67), "HHIT"},
    {static_cast<RrType>(68), "BRID"},      {static_cast<RrType>(100), "UINFO"},
    {static_cast<RrType>(101), "UID"},      {static_cast<RrType>(102), "GID"},
    {static_cast<RrType>(103), "UNSPEC"},   {static_cast<RrType>(128), "NXNAME"},
    {static_cast<RrType>(258), "AVC"},      {static_cast<RrType>(259), "DOA"},
    {static_cast<RrType>(260), "AMTRELAY"}, {static_cast<RrType>(261), "RESINFO"},
    {static_cast<RrType>(262), "WALLET"},   {static_cast<RrType>(263), "CLA"},
    {static_cast<RrType>(264), "IPN"},      {static_cast<RrType>(32768), "TA"},
    {static_cast<RrType>(32769), "DLV"},
});

using TypeNames = std::span<const std::pair<RrType, std::string_view>>;

constexpr std::array kRcodeNames = std::to_array<std::pair<Rcode, std::string_view>>({
    {Rcode::kNoError, "NOERROR"},
    {Rcode::kFormErr, "FORMERR"},
    {Rcode::kServFail, "SERVFAIL"},
    {Rcode::kNxDomain, "NXDOMAIN"},
    {Rcode::kNotImp, "NOTIMP"},
    {Rcode::kRefused, "REFUSED"},
    {Rcode::kYxDomain, "YXDOMAIN"},
    {Rcode::kNotAuth, "NOTAUTH"},
    {Rcode::kBadVers, "BADVERS"},
    {Rcode::kBadCookie, "BADCOOKIE"},
});

constexpr char upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// REQUIRES: `capitals` is in upper case
bool equals_in_any_case(std::string_view text, std::string_view capitals) noexcept {
  if (text.size() != capitals.size()) { return false; }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (upper(text[i]) != capitals[i]) { return false; }
  }
  return true;
}

}  // namespace

std::string to_string(RrType type) {
  for (const TypeNames names : {TypeNames(kTypeNames), TypeNames(kOtherTypeNames)}) {
    for (const auto& [known, name] : names) {
      if (known == type) { return std::string(name); }
    }
  }
  return "TYPE" + std::to_string(static_cast<std::uint16_t>(type));
}

std::string to_string(RrClass klass) {
  switch (klass) {
    case RrClass::kIn:
      return "IN";
    case RrClass::kCh:
      return "CH";
    case RrClass::kHs:
      return "HS";
    case RrClass::kNone:
      return "NONE";
    case RrClass::kAny:
      return "ANY";
  }
  return "CLASS" + std::to_string(static_cast<std::uint16_t>(klass));
}

std::string to_string(Rcode rcode) {
  for (const auto& [known, name] : kRcodeNames) {
    if (known == rcode) { return std::string(name); }
  }
  return "RCODE" + std::to_string(static_cast<std::uint16_t>(rcode));
}

std::optional<RrType> parse_rr_type(std::string_view text) {
  for (const TypeNames names : {TypeNames(kTypeNames), TypeNames(kOtherTypeNames)}) {
    for (const auto& [type, name] : names) {
      if (equals_in_any_case(text, name)) { return type; }
    }
  }
  constexpr std::string_view kUnknownPrefix = "TYPE";
  if (!equals_in_any_case(text.substr(0, kUnknownPrefix.size()), kUnknownPrefix)) {
    return std::nullopt;
  }
  const std::string_view digits = text.substr(kUnknownPrefix.size());
  std::uint16_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stopped != end) { return std::nullopt; }
  return static_cast<RrType>(number);
}

}  // namespace gslb::dns
