#include "gslb/zone/rdata_text.h"

#include <algorithm>
#include <array>
#include <memory>

#include <ldns/ldns.h>
#include <strings.h>

#include "gslb/zone/rdata_fields.h"

namespace gslb::zone {
namespace {

using field::Buffer;
using field::Fault;
using field::quoted;
using field::Words;

constexpr auto kIpseckey = static_cast<dns::RrType>(45);
constexpr auto kDsync = static_cast<dns::RrType>(66);
constexpr auto kResinfo = static_cast<dns::RrType>(261);
constexpr auto kWallet = static_cast<dns::RrType>(262);
constexpr auto kCla = static_cast<dns::RrType>(263);

// The form is that of TXT (RFC 9606 4; WALLET and CLA by their registrations); ldns lacks them.
bool is_text_type(dns::RrType type) noexcept {
  return type == kResinfo || type == kWallet || type == kCla;
}

std::string describe_field(ldns_rdf_type field) {
  switch (field) {
    case LDNS_RDF_TYPE_B64:
      return "base64";
    case LDNS_RDF_TYPE_B32_EXT:
    case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
      return "base32hex";
    case LDNS_RDF_TYPE_NSEC:
      return "a list of RR types";
    case LDNS_RDF_TYPE_LOC:
      return "a place (RFC 1876)";
    case LDNS_RDF_TYPE_APL:
      return "an address prefix list (RFC 3123)";
    default:
      return "valid here";
  }
}

// Words of `left` that a field takes: some may stretch over several and take all that are left.
std::size_t words_of(ldns_rdf_type field, std::size_t left) noexcept {
  switch (field) {
    case LDNS_RDF_TYPE_B64:
    case LDNS_RDF_TYPE_NSEC:
    case LDNS_RDF_TYPE_APL:
    case LDNS_RDF_TYPE_LOC:
    case LDNS_RDF_TYPE_WKS:
    case LDNS_RDF_TYPE_AMTRELAY:
    case LDNS_RDF_TYPE_SVCPARAMS:
    case LDNS_RDF_TYPE_ATMA:
    case LDNS_RDF_TYPE_HEX:
      return left;
    case LDNS_RDF_TYPE_HIP:  // algorithm, HIT and key; rendezvous servers follow (RFC 8005 6)
      return std::min<std::size_t>(left, 3);
    default:
      return 1;
  }
}

// One field (of one or all `words`) by ldns's own reader.
Fault parse_by_ldns(ldns_rdf_type field, Words words, Buffer& rdata) {
  std::string text;
  for (const Word& word : words) {
    if (!text.empty() && field != LDNS_RDF_TYPE_B64) { text += ' '; }
    text += word.text;
  }
  const std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> parsed(
      ldns_rdf_new_frm_str(field, text.c_str()), &ldns_rdf_deep_free);
  if (!parsed) { return RdataFault{0, quoted(text) + " is not " + describe_field(field)}; }
  field::put(rdata, {ldns_rdf_data(parsed.get()), ldns_rdf_size(parsed.get())});
  return std::nullopt;
}

// RFC 7218 2.
constexpr std::array<ldns_lookup_table, 6> kCertificateUsages = {{{0, "PKIX-TA"},
                                                                  {1, "PKIX-EE"},
                                                                  {2, "DANE-TA"},
                                                                  {3, "DANE-EE"},
                                                                  {255, "PrivCert"},
                                                                  {0, nullptr}}};
constexpr std::array<ldns_lookup_table, 4> kSelectors = {
    {{0, "Cert"}, {1, "SPKI"}, {255, "PrivSel"}, {0, nullptr}}};
constexpr std::array<ldns_lookup_table, 5> kMatchingTypes = {
    {{0, "Full"}, {1, "SHA2-256"}, {2, "SHA2-512"}, {255, "PrivMatch"}, {0, nullptr}}};

// A number, or its name in the table.  Not through ldns's field readers: that of CERT leaks for
// words it doesn't know, and all cut numbers to size.
Fault mnemonic(const Word& word, const ldns_lookup_table* table, int octets, Buffer& rdata) {
  const std::string text(word.text);
  for (; table->name != nullptr; ++table) {
    if (::strcasecmp(table->name, text.c_str()) != 0) { continue; }
    field::put_number(rdata, static_cast<std::uint64_t>(table->id), octets);
    return std::nullopt;
  }
  return field::number(word, octets, rdata);
}

// Where quotes may stand: elsewhere they are most likely a shell's or a template's.
bool may_be_quoted(ldns_rdf_type kind) noexcept {
  return kind == LDNS_RDF_TYPE_STR || kind == LDNS_RDF_TYPE_LONG_STR || kind == LDNS_RDF_TYPE_TAG ||
         kind == LDNS_RDF_TYPE_SVCPARAMS;
}

Fault parse_field(ldns_rdf_type kind, Words words, const dns::Name& origin, Buffer& rdata) {
  switch (kind) {
    case LDNS_RDF_TYPE_DNAME:
      return field::domain(words[0], origin, rdata);
    case LDNS_RDF_TYPE_A:
      return field::address(words[0], false, rdata);
    case LDNS_RDF_TYPE_AAAA:
      return field::address(words[0], true, rdata);
    case LDNS_RDF_TYPE_INT8:
      return field::number(words[0], 1, rdata);
    case LDNS_RDF_TYPE_INT16:
      return field::number(words[0], 2, rdata);
    case LDNS_RDF_TYPE_INT32:
      return field::number(words[0], 4, rdata);
    case LDNS_RDF_TYPE_PERIOD:
      return field::period(words[0], rdata);
    case LDNS_RDF_TYPE_STR:
      return field::text(words[0], true, rdata);
    case LDNS_RDF_TYPE_LONG_STR:
      return field::text(words[0], false, rdata);
    case LDNS_RDF_TYPE_HEX:
      return field::hex(words, rdata);
    case LDNS_RDF_TYPE_TYPE:
      return field::type(words[0], rdata);
    case LDNS_RDF_TYPE_NSEC:
      return field::bitmap(words, rdata);
    case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
      return field::hashed_owner(words[0], rdata);
    case LDNS_RDF_TYPE_TIME:
      return field::timestamp(words[0], rdata);
    case LDNS_RDF_TYPE_SVCPARAMS:
      return field::service_parameters(words, rdata);
    case LDNS_RDF_TYPE_NSAP:
      return field::nsap(words[0], rdata);
    case LDNS_RDF_TYPE_APL:
      return field::prefixes(words, rdata);
    case LDNS_RDF_TYPE_LOC:
      return field::place(words, rdata);
    case LDNS_RDF_TYPE_ALG:
      return mnemonic(words[0], ldns_algorithms, 1, rdata);
    case LDNS_RDF_TYPE_CERT_ALG:
      return mnemonic(words[0], ldns_cert_algorithms, 2, rdata);
    case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
      return mnemonic(words[0], kCertificateUsages.data(), 1, rdata);
    case LDNS_RDF_TYPE_SELECTOR:
      return mnemonic(words[0], kSelectors.data(), 1, rdata);
    case LDNS_RDF_TYPE_MATCHING_TYPE:
      return mnemonic(words[0], kMatchingTypes.data(), 1, rdata);
    default:
      return parse_by_ldns(kind, words, rdata);
  }
}

// RFC 3597 5: \# length hex...
Fault parse_generic(Words words, Buffer& rdata) {
  std::vector<std::uint8_t> length;
  if (words.size() < 2) { return RdataFault{words.size(), "\\# without a length"}; }
  if (auto fault = field::number(words[1], 2, length)) { return RdataFault{1, fault->what}; }
  if (auto fault = field::hex(words.subspan(2), rdata)) {
    return RdataFault{fault->word + 2, fault->what};
  }
  if (rdata.size() != load_u16(length.data())) {
    return RdataFault{1, "\\# says " + std::to_string(load_u16(length.data())) + " octets, " +
                             std::to_string(rdata.size()) + " follow"};
  }
  return std::nullopt;
}

// Generic RDATA of a type with a known form must have that form.
bool has_form_of(dns::RrType type, const Buffer& rdata) {
  if (type == dns::RrType::kA) { return rdata.size() == 4; }
  if (type == dns::RrType::kAaaa) { return rdata.size() == 16; }
  // An RR from the root: owner, type, class, TTL, length, then the RDATA.
  Buffer wire{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  store_u16(wire.data() + 1, static_cast<std::uint16_t>(type));
  store_u16(wire.data() + 9, static_cast<std::uint16_t>(rdata.size()));
  field::put(wire, rdata);
  std::size_t position = 0;
  ldns_rr* parsed = nullptr;
  const ldns_status status =
      ldns_wire2rr(&parsed, wire.data(), wire.size(), &position, LDNS_SECTION_ANSWER);
  std::size_t size = 0;  // differs from what was given when ldns followed a compression pointer
  if (status == LDNS_STATUS_OK) {
    for (std::size_t i = 0; i < ldns_rr_rd_count(parsed); ++i) {
      size += ldns_rdf_size(ldns_rr_rdf(parsed, i));
    }
    ldns_rr_free(parsed);
  }
  return status == LDNS_STATUS_OK && position == wire.size() && size == rdata.size();
}

Fault parse_by_fields(dns::RrType type, Words words, const dns::Name& origin, Buffer& rdata) {
  const ldns_rr_descriptor* form = ldns_rr_descript(static_cast<std::uint16_t>(type));
  const std::size_t least = ldns_rr_descriptor_minimum(form);
  const std::size_t most = ldns_rr_descriptor_maximum(form);
  std::size_t field = 0;
  std::size_t at = 0;
  for (; at < words.size() && field < most; ++field) {
    const ldns_rdf_type kind = ldns_rr_descriptor_field_type(form, field);
    if (kind == LDNS_RDF_TYPE_UNKNOWN || kind == LDNS_RDF_TYPE_NONE) {
      return RdataFault{at, "no text form is known for this type: write it as \\# (RFC 3597)"};
    }
    const std::size_t count = words_of(kind, words.size() - at);
    if (!may_be_quoted(kind) && words[at].is_quoted) {
      return RdataFault{at, "quotes are for character strings, take them off"};
    }
    if (auto fault = parse_field(kind, words.subspan(at, count), origin, rdata)) {
      return RdataFault{at + fault->word, std::move(fault->what)};
    }
    at += count;
  }
  if (at < words.size()) { return RdataFault{at, "more fields than the type has"}; }
  // The last field may be an empty list of types: a CSYNC or NSEC3 of nothing.
  const bool lacks_types =
      field + 1 == least && ldns_rr_descriptor_field_type(form, field) == LDNS_RDF_TYPE_NSEC;
  if (field < least && !lacks_types) { return RdataFault{at, "fields are missing"}; }
  return std::nullopt;
}

// RFC 4025 3.1.  ldns knows no text form without a gateway.
Fault parse_ipseckey(Words words, const dns::Name& origin, Buffer& rdata) {
  if (words.size() < 4) { return RdataFault{words.size(), "fields are missing"}; }
  for (std::size_t at = 0; at < 3; ++at) {
    if (auto fault = field::number(words[at], 1, rdata)) {
      return RdataFault{at, std::move(fault->what)};
    }
  }
  Fault fault;
  switch (rdata[1]) {
    case 0:
      if (words[3].text != ".") { fault = RdataFault{3, "gateway of type 0 is written \".\""}; }
      break;
    case 1:
      fault = field::address(words[3], false, rdata);
      break;
    case 2:
      fault = field::address(words[3], true, rdata);
      break;
    case 3:
      fault = field::domain(words[3], origin, rdata);
      break;
    default:
      fault = RdataFault{3, "gateway type is 0 to 3"};
  }
  if (fault) { return RdataFault{3, std::move(fault->what)}; }
  const bool has_key = words.size() > 4;
  if (has_key != (rdata[2] != 0)) {
    return RdataFault{4, has_key ? "algorithm 0 has no key" : "the key is missing"};
  }
  if (!has_key) { return std::nullopt; }
  fault = parse_by_ldns(LDNS_RDF_TYPE_B64, words.subspan(4), rdata);
  return fault ? Fault(RdataFault{4, std::move(fault->what)}) : std::nullopt;
}

// RFC 9859 2.1: type, scheme, port, target.
Fault parse_dsync(Words words, const dns::Name& origin, Buffer& rdata) {
  constexpr std::array<ldns_lookup_table, 2> kSchemes = {{{1, "NOTIFY"}, {0, nullptr}}};
  if (words.size() < 4) { return RdataFault{words.size(), "fields are missing"}; }
  if (words.size() > 4) { return RdataFault{4, "more fields than the type has"}; }
  const std::array<Fault, 4> faults = {
      field::type(words[0], rdata), mnemonic(words[1], kSchemes.data(), 1, rdata),
      field::number(words[2], 2, rdata), field::domain(words[3], origin, rdata)};
  for (std::size_t at = 0; at < faults.size(); ++at) {
    if (faults[at]) { return RdataFault{at, faults[at]->what}; }
  }
  return std::nullopt;
}

// What a number in the RDATA says of the octets after it; "" when they fit.
std::string wrong_size(dns::RrType type, Octets rdata) {
  struct Digest {
    std::uint8_t type;
    std::size_t octets;
  };
  // RFC 3658 2.4.4, RFC 4509 2.1, RFC 5933 2, RFC 6605 2.
  constexpr std::array<Digest, 4> kDelegation = {{{1, 20}, {2, 32}, {3, 32}, {4, 48}}};
  constexpr std::array<Digest, 2> kHostKey = {{{1, 20}, {2, 32}}};  // RFC 4255 3.1.3, RFC 6594 4
  const auto check = [&](std::span<const Digest> known, std::size_t at) -> std::string {
    for (const Digest& each : known) {
      if (rdata.size() <= at || rdata[at] != each.type || rdata.size() - at - 1 == each.octets) {
        continue;
      }
      return "a digest of type " + std::to_string(each.type) + " has " +
             std::to_string(each.octets) + " octets, not " + std::to_string(rdata.size() - at - 1);
    }
    return {};
  };
  if (type == dns::RrType::kDs || type == dns::RrType::kCds) { return check(kDelegation, 3); }
  if (type == dns::RrType::kSshfp) { return check(kHostKey, 1); }
  const bool is_nameless = type == dns::RrType::kCaa && rdata.size() > 1 && rdata[1] == 0;
  return is_nameless ? "the property's tag is empty (RFC 8659 4.1)" : "";
}

// RFC 9460 8: keys listed as mandatory must be there, once, and never "mandatory" itself.
bool has_mandatory_keys(const Buffer& rdata) {
  const auto target =
      dns::Name::from_wire(Octets(rdata).subspan(std::min<std::size_t>(2, rdata.size())));
  if (!target) { return false; }
  std::vector<std::uint16_t> keys;
  Octets mandatory;
  ByteReader reader(rdata, 2 + target->wire().size());
  while (reader.remaining() > 0) {
    keys.push_back(reader.u16());
    const Octets value = reader.take(reader.u16());
    if (keys.back() == 0) { mandatory = value; }
  }
  for (std::size_t at = 0; at + 1 < mandatory.size(); at += 2) {
    const std::uint16_t key = load_u16(mandatory.data() + at);
    if (key == 0 || std::ranges::find(keys, key) == keys.end()) { return false; }
  }
  return !reader.failed();
}

}  // namespace

Result<dns::Name, dns::NameError> parse_name(std::string_view text, const dns::Name& origin) {
  if (text == "@") { return origin; }
  std::size_t slashes = 0;  // before the final dot: an odd number escapes it
  const bool ends_in_dot = text.ends_with('.');
  while (ends_in_dot && slashes + 1 < text.size() && text[text.size() - 2 - slashes] == '\\') {
    ++slashes;
  }
  auto name = dns::Name::parse(text);
  if (!name || (ends_in_dot && slashes % 2 == 0)) { return name; }
  const Octets front = name->wire();
  const Octets back = origin.wire();
  if (front.size() - 1 + back.size() > dns::kMaxNameOctets) {
    return Unexpected(dns::NameError::kNameTooLong);
  }
  std::array<std::uint8_t, dns::kMaxNameOctets> wire{};
  std::ranges::copy(front, wire.begin());
  std::ranges::copy(back, wire.begin() + static_cast<std::ptrdiff_t>(front.size()) - 1);
  return dns::Name::from_wire({wire.data(), front.size() - 1 + back.size()});
}

std::optional<dns::RrType> parse_zone_type(std::string_view text) {
  if (const auto type = dns::parse_rr_type(text)) { return type; }
  if (text.size() > 16 || text.size() < 2) { return std::nullopt; }
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') { c = static_cast<char>(c - 'a' + 'A'); }
  }
  if (upper.starts_with("TYPE")) { return std::nullopt; }  // a number dns::parse_rr_type refused
  const ldns_rr_type type = ldns_get_rr_type_by_name(upper.c_str());
  if (type == 0) { return std::nullopt; }
  return static_cast<dns::RrType>(type);
}

std::optional<RdataFault> parse_rdata(dns::RrType type, std::span<const Word> words,
                                      const dns::Name& origin, std::vector<std::uint8_t>& rdata) {
  rdata.clear();
  std::optional<RdataFault> fault;
  if (!words.empty() && !words[0].is_quoted && words[0].text == "\\#") {
    fault = parse_generic(words, rdata);
    if (!fault && !has_form_of(type, rdata)) {
      fault = RdataFault{0, "these octets are not RDATA of type " + dns::to_string(type)};
    }
  } else if (type == kIpseckey) {
    fault = parse_ipseckey(words, origin, rdata);
  } else if (type == kDsync) {
    fault = parse_dsync(words, origin, rdata);
  } else if (is_text_type(type)) {
    fault = parse_by_fields(dns::RrType::kTxt, words, origin, rdata);
  } else {
    fault = parse_by_fields(type, words, origin, rdata);
  }
  const bool has_parameters = type == dns::RrType::kSvcb || type == dns::RrType::kHttps;
  if (!fault && has_parameters && !has_mandatory_keys(rdata)) {
    fault = RdataFault{0, "a parameter listed as mandatory is missing (RFC 9460 8)"};
  }
  if (std::string what = fault ? "" : wrong_size(type, rdata); !what.empty()) {
    fault = RdataFault{words.size() - 1, std::move(what)};
  }
  if (!fault && rdata.size() > 0xffff) { fault = RdataFault{0, "RDATA is over 65535 octets"}; }
  return fault;
}

}  // namespace gslb::zone
