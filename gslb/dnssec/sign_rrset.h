// RRSIG records: the canonical form of an RRset and a signature over it.
//
// Source: RFC 4034 3 (RRSIG RDATA) and 6 (canonical form and order), RFC 6840 5.1 (names in NSEC
// keep their case), RFC 4035 2.2 and 5.3.
#pragma once

#include <cstdint>
#include <optional>

#include "gslb/dns/rrset.h"
#include "gslb/dnssec/key.h"

namespace gslb::dnssec {

// Seconds since 1970 modulo 2^32, compared by serial arithmetic (RFC 4034 3.1.5).
struct Validity {
  std::uint32_t inception = 0;
  std::uint32_t expiration = 0;
};

// The RDATA of an RRSIG, as views into it.
struct Rrsig {
  dns::RrType covered = dns::RrType::kA;
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t original_ttl_s = 0;
  Validity validity;
  std::uint16_t key_tag = 0;
  Octets signer;  // wire form, case as found
  Octets signature;
};
// nullopt when malformed.
std::optional<Rrsig> parse_rrsig(Octets rdata) noexcept;

// Appends RDATA with the names of RFC 4034 6.2 in lower case; malformed RDATA as it is.
void append_canonical_rdata(dns::RrType type, Octets rdata, Buffer& out);

// Labels as RRSIG counts them: without the root and a leading "*" (RFC 4034 3.1.3).
std::uint8_t signed_labels(Octets owner) noexcept;

// Of an RRSIG by that key: 18 octets, the signer's name and the signature.
std::size_t rrsig_octets(const SigningKey& key) noexcept;

// Signs RRsets with one key, keeping its buffers.  Thread-confined.
class RrsetSigner {
 public:
  explicit RrsetSigner(std::shared_ptr<const SigningKey> key);

  const SigningKey& key() const noexcept { return signer_.key(); }
  // Writes the RDATA of the RRSIG, rrsig_octets(key()), to `rdata`.  `lower_owner`: wire form in
  // lower case, the wildcard itself for a wildcard's RRset.  `set.ttl_s` becomes the original TTL;
  // the records may stand in any order.
  void sign(Octets lower_owner, const dns::RrsetView& set, Validity validity, std::uint8_t* rdata);

 private:
  KeySigner signer_;
  Buffer message_;
};

// One RRSIG's RDATA.
Buffer sign_rrset(const std::shared_ptr<const SigningKey>& key, Octets lower_owner,
                  const dns::RrsetView& set, Validity validity);

// What the signature of `rrsig` is made over.  `lower_owner` may be any name the wildcard was
// expanded to: `rrsig.labels` tells (RFC 4035 5.3.2).
Buffer signed_octets(const Rrsig& rrsig, Octets lower_owner, const dns::RrsetView& set);

// True when `rrsig_rdata` was made with `key` over that RRset.  Times are not looked at.
bool verify_rrset(const PublicKey& key, Octets lower_owner, const dns::RrsetView& set,
                  Octets rrsig_rdata);

}  // namespace gslb::dnssec
