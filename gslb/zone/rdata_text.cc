#include "gslb/zone/rdata_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <ldns/ldns.h>

#include "gslb/base/ip.h"
#include "gslb/zone/ttl_text.h"

namespace gslb::zone {
namespace {

using Buffer = std::vector<std::uint8_t>;
using Words = std::span<const Word>;

void append(Buffer& to, Octets octets) { to.insert(to.end(), octets.begin(), octets.end()); }

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string shown = "'";
  for (const char c : text.substr(0, kShown)) {
    shown += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return shown + (text.size() > kShown ? "...'" : "'");
}

std::optional<RdataFault> parse_number(const Word& word, int octets, Buffer& rdata) {
  const std::uint64_t limit = (std::uint64_t{1} << (8 * octets)) - 1;
  std::uint64_t value = 0;
  const char* end = word.text.data() + word.text.size();
  const auto [stopped, error] = std::from_chars(word.text.data(), end, value);
  if (error != std::errc{} || stopped != end || value > limit) {
    return RdataFault{0, quoted(word.text) + " is not a number from 0 to " + std::to_string(limit)};
  }
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    rdata.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return std::nullopt;
}

std::optional<RdataFault> parse_period(const Word& word, Buffer& rdata) {
  const auto seconds = parse_ttl(word.text);
  if (!seconds || *seconds > 0xffffffffU) {
    return RdataFault{0, quoted(word.text) + " is not a time in seconds (or 1w2d3h4m5s)"};
  }
  for (int shift = 24; shift >= 0; shift -= 8) {
    rdata.push_back(static_cast<std::uint8_t>(*seconds >> shift));
  }
  return std::nullopt;
}

// Escapes resolved (RFC 1035 5.1: "\DDD" an octet, "\X" that character); false when malformed.
bool unescape(std::string_view text, Buffer& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    if (++at == text.size()) { return false; }
    if (text[at] < '0' || text[at] > '9') {
      out.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(at, 3);
    const auto [stopped, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || stopped != digits.data() + 3 || value > 255) { return false; }
    out.push_back(static_cast<std::uint8_t>(value));
    at += 2;
  }
  return true;
}

std::optional<RdataFault> parse_text(const Word& word, bool has_length, Buffer& rdata) {
  const std::size_t start = rdata.size();
  if (has_length) { rdata.push_back(0); }
  if (!unescape(word.text, rdata)) {
    return RdataFault{0, "bad escape in " + quoted(word.text) + ": \\DDD is 000 to 255"};
  }
  if (!has_length) { return std::nullopt; }
  const std::size_t length = rdata.size() - start - 1;
  if (length > 255) {
    return RdataFault{0, "character string of " + std::to_string(length) +
                             " octets, over 255: split it into several strings"};
  }
  rdata[start] = static_cast<std::uint8_t>(length);
  return std::nullopt;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') { return c - '0'; }
  if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
  if (c >= 'A' && c <= 'F') { return c - 'A' + 10; }
  return -1;
}

// All words as one run of hexadecimal digits.
std::optional<RdataFault> parse_hex(Words words, Buffer& rdata) {
  int high = -1;
  for (std::size_t index = 0; index < words.size(); ++index) {
    for (const char c : words[index].text) {
      const int digit = hex_value(c);
      if (digit < 0) {
        return RdataFault{index, quoted(words[index].text) + " is not hexadecimal"};
      }
      if (high >= 0) { rdata.push_back(static_cast<std::uint8_t>(high * 16 + digit)); }
      high = high >= 0 ? -1 : digit;
    }
  }
  if (high >= 0) { return RdataFault{words.size() - 1, "odd number of hexadecimal digits"}; }
  return std::nullopt;
}

std::optional<RdataFault> parse_domain(const Word& word, const dns::Name& origin, Buffer& rdata) {
  const auto name = parse_name(word.text, origin);
  if (!name) {
    return RdataFault{
        0, "name " + quoted(word.text) + ": " + std::string(dns::describe(name.error()))};
  }
  append(rdata, name->wire());
  return std::nullopt;
}

std::optional<RdataFault> parse_address(const Word& word, bool is_v6, Buffer& rdata) {
  // Not through Address for IPv6: it would turn ::ffff:192.0.2.1 into IPv4.
  const auto address = Address::parse(word.text);
  const bool mapped =
      address && is_v6 && !address->is_v6() && word.text.find(':') != word.text.npos;
  if (!address || (address->is_v6() != is_v6 && !mapped)) {
    return RdataFault{0,
                      quoted(word.text) + " is not an " + (is_v6 ? "IPv6" : "IPv4") + " address"};
  }
  if (mapped) { rdata.insert(rdata.end(), {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}); }
  append(rdata, address->octets());
  return std::nullopt;
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
    case LDNS_RDF_TYPE_TIME:
      return "a time YYYYMMDDHHMMSS";
    case LDNS_RDF_TYPE_LOC:
      return "a place (RFC 1876)";
    case LDNS_RDF_TYPE_APL:
      return "an address prefix list (RFC 3123)";
    case LDNS_RDF_TYPE_SVCPARAMS:
      return "service parameters (RFC 9460 2.1)";
    default:
      return "valid here";
  }
}

// Fields that may stretch over several words: they take all that are left.
bool takes_rest(ldns_rdf_type field) noexcept {
  switch (field) {
    case LDNS_RDF_TYPE_B64:
    case LDNS_RDF_TYPE_NSEC:
    case LDNS_RDF_TYPE_APL:
    case LDNS_RDF_TYPE_LOC:
    case LDNS_RDF_TYPE_WKS:
    case LDNS_RDF_TYPE_IPSECKEY:
    case LDNS_RDF_TYPE_HIP:
    case LDNS_RDF_TYPE_AMTRELAY:
    case LDNS_RDF_TYPE_SVCPARAMS:
    case LDNS_RDF_TYPE_ATMA:
    case LDNS_RDF_TYPE_HEX:
      return true;
    default:
      return false;
  }
}

// One field (of one or all `words`) by ldns's own reader.
std::optional<RdataFault> parse_by_ldns(ldns_rdf_type field, Words words, Buffer& rdata) {
  std::string text;
  for (const Word& word : words) {
    if (!text.empty() && field != LDNS_RDF_TYPE_B64) { text += ' '; }
    text += word.text;
  }
  const std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> parsed(
      ldns_rdf_new_frm_str(field, text.c_str()), &ldns_rdf_deep_free);
  if (!parsed) { return RdataFault{0, quoted(text) + " is not " + describe_field(field)}; }
  append(rdata, {ldns_rdf_data(parsed.get()), ldns_rdf_size(parsed.get())});
  return std::nullopt;
}

std::optional<RdataFault> parse_field(ldns_rdf_type field, Words words, const dns::Name& origin,
                                      Buffer& rdata) {
  switch (field) {
    case LDNS_RDF_TYPE_DNAME:
      return parse_domain(words[0], origin, rdata);
    case LDNS_RDF_TYPE_A:
      return parse_address(words[0], false, rdata);
    case LDNS_RDF_TYPE_AAAA:
      return parse_address(words[0], true, rdata);
    // ldns reads numbers without looking at their range.
    case LDNS_RDF_TYPE_INT8:
      return parse_number(words[0], 1, rdata);
    case LDNS_RDF_TYPE_INT16:
      return parse_number(words[0], 2, rdata);
    case LDNS_RDF_TYPE_INT32:
      return parse_number(words[0], 4, rdata);
    case LDNS_RDF_TYPE_PERIOD:
      return parse_period(words[0], rdata);
    case LDNS_RDF_TYPE_STR:
      return parse_text(words[0], true, rdata);
    case LDNS_RDF_TYPE_LONG_STR:
      return parse_text(words[0], false, rdata);
    case LDNS_RDF_TYPE_HEX:
      return parse_hex(words, rdata);
    case LDNS_RDF_TYPE_TYPE: {
      const auto type = parse_zone_type(words[0].text);
      if (!type) { return RdataFault{0, quoted(words[0].text) + " is not an RR type"}; }
      const auto number = static_cast<std::uint16_t>(*type);
      rdata.push_back(static_cast<std::uint8_t>(number >> 8));
      rdata.push_back(static_cast<std::uint8_t>(number));
      return std::nullopt;
    }
    default:
      return parse_by_ldns(field, words, rdata);
  }
}

// RFC 3597 5: \# length hex...
std::optional<RdataFault> parse_generic(Words words, Buffer& rdata) {
  std::vector<std::uint8_t> length;
  if (words.size() < 2) { return RdataFault{words.size(), "\\# without a length"}; }
  if (auto fault = parse_number(words[1], 2, length)) { return RdataFault{1, fault->what}; }
  if (auto fault = parse_hex(words.subspan(2), rdata)) {
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
  append(wire, rdata);
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

std::optional<RdataFault> parse_by_fields(dns::RrType type, Words words, const dns::Name& origin,
                                          Buffer& rdata) {
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
    const bool rest = takes_rest(kind);
    const std::size_t count = rest ? words.size() - at : 1;
    if (auto fault = parse_field(kind, words.subspan(at, count), origin, rdata)) {
      return RdataFault{at + fault->word, std::move(fault->what)};
    }
    at += count;
  }
  if (at < words.size()) { return RdataFault{at, "more fields than the type has"}; }
  if (field < least) { return RdataFault{at, "fields are missing"}; }
  return std::nullopt;
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
  } else {
    fault = parse_by_fields(type, words, origin, rdata);
  }
  if (!fault && rdata.size() > 0xffff) { fault = RdataFault{0, "RDATA is over 65535 octets"}; }
  return fault;
}

}  // namespace gslb::zone
