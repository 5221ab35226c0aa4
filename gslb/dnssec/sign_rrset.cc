#include "gslb/dnssec/sign_rrset.h"

#include <algorithm>

#include "gslb/base/check.h"

namespace gslb::dnssec {
namespace {

constexpr std::size_t kRrsigFixed = 18;
constexpr std::uint16_t kClassIn = 1;

// Where names stand in RDATA: after so many octets and character strings, so many names.
struct NamePlaces {
  std::uint16_t type;
  std::uint8_t octets = 0;
  std::uint8_t strings = 0;
  std::uint8_t names = 1;
};
// RFC 4034 6.2 as corrected by RFC 6840 5.1: without NSEC, and HINFO has no names.  SIG and RRSIG
// are never signed themselves.  A6 has a prefix of varying length; nobody has used it since 2002.
constexpr NamePlaces kNamePlaces[] = {
    {2},            // NS
    {3},            // MD
    {4},            // MF
    {5},            // CNAME
    {6, 0, 0, 2},   // SOA
    {7},            // MB
    {8},            // MG
    {9},            // MR
    {12},           // PTR
    {14, 0, 0, 2},  // MINFO
    {15, 2},        // MX
    {17, 0, 0, 2},  // RP
    {18, 2},        // AFSDB
    {21, 2},        // RT
    {26, 2, 0, 2},  // PX
    {30},           // NXT
    {33, 6},        // SRV
    {35, 4, 3},     // NAPTR
    {36, 2},        // KX
    {39},           // DNAME
};

void put_u16(Buffer& out, std::uint16_t value) {
  out.resize(out.size() + 2);
  store_u16(out.data() + out.size() - 2, value);
}

void put_u32(Buffer& out, std::uint32_t value) {
  out.resize(out.size() + 4);
  store_u32(out.data() + out.size() - 4, value);
}

void put(Buffer& out, Octets octets) { out.insert(out.end(), octets.begin(), octets.end()); }

// The records of `set` behind what is in `message`, as RFC 4034 3.1.8.1 wants them.
void append_records(Octets owner, const dns::RrsetView& set, std::uint32_t original_ttl_s,
                    Buffer& message) {
  const auto type = static_cast<std::uint16_t>(set.type);
  const auto append_record = [&](Octets canonical_rdata) {
    put(message, owner);
    put_u16(message, type);
    put_u16(message, kClassIn);
    put_u32(message, original_ttl_s);
    put_u16(message, static_cast<std::uint16_t>(canonical_rdata.size()));
    put(message, canonical_rdata);
  };
  std::vector<Buffer> records;
  records.reserve(set.count);
  for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
    append_canonical_rdata(set.type, cursor.rdata(), records.emplace_back());
  }
  std::ranges::sort(records);  // octet by octet, the shorter first: RFC 4034 6.3
  records.erase(std::unique(records.begin(), records.end()), records.end());
  for (const Buffer& record : records) { append_record(record); }
}

}  // namespace

std::optional<Rrsig> parse_rrsig(Octets rdata) noexcept {
  ByteReader reader(rdata);
  Rrsig rrsig;
  rrsig.covered = static_cast<dns::RrType>(reader.u16());
  rrsig.algorithm = reader.u8();
  rrsig.labels = reader.u8();
  rrsig.original_ttl_s = reader.u32();
  rrsig.validity.expiration = reader.u32();
  rrsig.validity.inception = reader.u32();
  rrsig.key_tag = reader.u16();
  if (reader.failed()) { return std::nullopt; }
  rrsig.signer = reader.take(dns::wire_name_size(rdata.subspan(kRrsigFixed)));
  rrsig.signature = reader.take(reader.remaining());
  if (rrsig.signer.empty() || rrsig.signature.empty()) { return std::nullopt; }
  return rrsig;
}

void append_canonical_rdata(dns::RrType type, Octets rdata, Buffer& out) {
  const std::size_t start = out.size();
  put(out, rdata);
  const auto* places =
      std::ranges::find(kNamePlaces, static_cast<std::uint16_t>(type), &NamePlaces::type);
  if (places == std::end(kNamePlaces)) { return; }
  ByteReader reader(rdata);
  reader.take(places->octets);
  for (int i = 0; i < places->strings; ++i) { reader.take(reader.u8()); }
  for (int i = 0; i < places->names && !reader.failed(); ++i) {
    const std::size_t at = reader.position();
    const Octets name = reader.take(dns::wire_name_size(rdata.subspan(at)));
    std::ranges::transform(name, out.begin() + static_cast<std::ptrdiff_t>(start + at),
                           dns::ascii_lower);
  }
}

std::uint8_t signed_labels(Octets owner) noexcept {
  std::uint8_t labels = 0;
  for (std::size_t at = 0; at < owner.size() && owner[at] != 0; at += std::size_t{1} + owner[at]) {
    const bool is_leading_star = at == 0 && owner[0] == 1 && owner[1] == '*';
    labels = static_cast<std::uint8_t>(labels + (is_leading_star ? 0 : 1));
  }
  return labels;
}

RrsetSigner::RrsetSigner(std::shared_ptr<const SigningKey> key) : signer_(std::move(key)) {}

std::size_t rrsig_octets(const SigningKey& key) noexcept {
  return kRrsigFixed + key.owner().wire().size() + key.signature_octets();
}

void RrsetSigner::sign(Octets lower_owner, const dns::RrsetView& set, Validity validity,
                       std::uint8_t* rdata) {
  message_.clear();
  put_u16(message_, static_cast<std::uint16_t>(set.type));
  message_.push_back(static_cast<std::uint8_t>(key().algorithm()));
  message_.push_back(signed_labels(lower_owner));
  put_u32(message_, set.ttl_s);
  put_u32(message_, validity.expiration);
  put_u32(message_, validity.inception);
  put_u16(message_, key().tag());
  put(message_, key().owner().wire());
  std::ranges::copy(message_, rdata);
  const std::size_t head = message_.size();
  append_records(lower_owner, set, set.ttl_s, message_);
  signer_.sign(message_, rdata + head);
}

Buffer sign_rrset(const std::shared_ptr<const SigningKey>& key, Octets lower_owner,
                  const dns::RrsetView& set, Validity validity) {
  RrsetSigner signer(key);
  Buffer rdata(rrsig_octets(*key));
  signer.sign(lower_owner, set, validity, rdata.data());
  return rdata;
}

Buffer signed_octets(const Rrsig& rrsig, Octets lower_owner, const dns::RrsetView& set) {
  Buffer message;
  put_u16(message, static_cast<std::uint16_t>(rrsig.covered));
  message.push_back(rrsig.algorithm);
  message.push_back(rrsig.labels);
  put_u32(message, rrsig.original_ttl_s);
  put_u32(message, rrsig.validity.expiration);
  put_u32(message, rrsig.validity.inception);
  put_u16(message, rrsig.key_tag);
  std::ranges::transform(rrsig.signer, std::back_inserter(message), dns::ascii_lower);
  // Owners with more labels than were signed came from a wildcard.
  Buffer owner(lower_owner.begin(), lower_owner.end());
  const std::uint8_t labels = signed_labels(lower_owner);
  if (labels > rrsig.labels) {
    std::size_t at = owner[0] == 1 && owner[1] == '*' ? 2 : 0;
    for (int left = labels - rrsig.labels; left > 0; --left) { at += std::size_t{1} + owner[at]; }
    owner.assign({1, '*'});
    put(owner, lower_owner.subspan(at));
  }
  append_records(owner, set, rrsig.original_ttl_s, message);
  return message;
}

bool verify_rrset(const PublicKey& key, Octets lower_owner, const dns::RrsetView& set,
                  Octets rrsig_rdata) {
  const auto rrsig = parse_rrsig(rrsig_rdata);
  if (!rrsig || rrsig->covered != set.type || rrsig->key_tag != key.tag() ||
      rrsig->algorithm != static_cast<std::uint8_t>(key.algorithm()) ||
      rrsig->labels > signed_labels(lower_owner)) {
    return false;
  }
  return key.verify(signed_octets(*rrsig, lower_owner, set), rrsig->signature);
}

}  // namespace gslb::dnssec
