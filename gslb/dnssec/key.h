// DNSSEC keys: the public half as DNSKEY and DS, the private half to sign with.
//
// Source: RFC 4034 2, 5 and appendix B (DNSKEY, DS, key tag), RFC 3110 and 5702 (RSA), RFC 6605
// (ECDSA), RFC 8080 (Ed25519), RFC 8624 (which algorithms), RFC 7344 and 8078 (CDS, CDNSKEY).
//
// Why OpenSSL by its provider interface, with contexts kept: a fresh context for every signature
// costs a tenth of an ECDSA signature on top.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/base/result.h"
#include "gslb/dns/name.h"

struct evp_pkey_st;  // EVP_PKEY of <openssl/types.h>

namespace gslb::dnssec {

using Buffer = std::vector<std::uint8_t>;

// The numbers of the IANA registry; those we sign with, and RSASHA512 besides.
enum class Algorithm : std::uint8_t {
  kRsaSha256 = 8,
  kRsaSha512 = 10,
  kEcdsaP256Sha256 = 13,
  kEcdsaP384Sha384 = 14,
  kEd25519 = 15,
};
// "ECDSAP256SHA256", as in key files.
std::string_view to_string(Algorithm algorithm) noexcept;
// A mnemonic in any case or a number; nullopt for algorithms that are not supported.
std::optional<Algorithm> parse_algorithm(std::string_view text);
std::optional<Algorithm> to_algorithm(std::uint8_t number) noexcept;

enum class DigestType : std::uint8_t { kSha256 = 2, kSha384 = 4 };

// Flags of a DNSKEY (RFC 4034 2.1.1, RFC 5011 7).
inline constexpr std::uint16_t kZoneKeyFlag = 0x0100;
inline constexpr std::uint16_t kRevokeFlag = 0x0080;
inline constexpr std::uint16_t kSepFlag = 0x0001;  // secure entry point: KSK and CSK
inline constexpr std::uint16_t kZskFlags = kZoneKeyFlag;
inline constexpr std::uint16_t kKskFlags = kZoneKeyFlag | kSepFlag;

// RFC 4034 B.  Any octets are taken.
std::uint16_t key_tag(Octets dnskey_rdata) noexcept;
// RDATA of DS and CDS.
Buffer ds_rdata(const dns::Name& owner, Octets dnskey_rdata, DigestType digest);
// RDATA of CDS and CDNSKEY that ask the parent to remove the DS RRset (RFC 8078 4).
Buffer cds_delete_rdata();
Buffer cdnskey_delete_rdata();

// The public half of a key: checks signatures.  Immutable, thread-safe.
class PublicKey {
 public:
  // nullopt when the RDATA is malformed, not a zone key, or of an algorithm we don't have.
  static std::optional<PublicKey> from_rdata(Octets dnskey_rdata);

  Algorithm algorithm() const noexcept { return algorithm_; }
  std::uint16_t tag() const noexcept { return tag_; }
  // `signature` in the form of RRSIG RDATA.  Any octets are taken.
  bool verify(Octets message, Octets signature) const;

 private:
  PublicKey() = default;
  Algorithm algorithm_ = Algorithm::kEcdsaP256Sha256;
  std::uint16_t tag_ = 0;
  std::shared_ptr<evp_pkey_st> pkey_;
};

enum class KeyError : std::uint8_t {
  kMalformed,    // numbers missing, out of range or of the wrong length
  kNotAPair,     // the private half does not belong to the public one
  kUnsupported,  // algorithm not supported
};

// The numbers of a private key as key files name them, unsigned and big-endian.
struct PrivateNumbers {
  Buffer secret;  // PrivateKey: ECDSA's scalar, Ed25519's seed
  // RSA only.
  Buffer modulus, public_exponent, private_exponent, prime1, prime2, exponent1, exponent2,
      coefficient;
};

// A whole key, bound to the zone it signs.  Immutable, thread-safe; shared by those who sign.
class SigningKey {
 public:
  // Random.  `flags` kZskFlags or kKskFlags; `rsa_bits` 1024 to 4096.  RSA takes a second or so.
  static std::shared_ptr<const SigningKey> generate(const dns::Name& owner, Algorithm algorithm,
                                                    std::uint16_t flags, int rsa_bits = 2048);
  // Signs and verifies once, so that a pair which does not belong together is never used.
  static Result<std::shared_ptr<const SigningKey>, KeyError> from_numbers(
      const dns::Name& owner, Octets dnskey_rdata, const PrivateNumbers& numbers);

  const dns::Name& owner() const noexcept { return owner_; }  // lower case
  Algorithm algorithm() const noexcept { return algorithm_; }
  std::uint16_t flags() const noexcept { return load_u16(dnskey_.data()); }
  bool is_sep() const noexcept { return (flags() & kSepFlag) != 0; }
  std::uint16_t tag() const noexcept { return tag_; }
  // RDATA of DNSKEY and CDNSKEY.
  Octets dnskey_rdata() const noexcept { return dnskey_; }
  // RDATA of DS and CDS.
  Buffer ds_rdata(DigestType digest) const { return dnssec::ds_rdata(owner_, dnskey_, digest); }
  int bits() const noexcept;
  // Every signature of this key has that size.
  std::size_t signature_octets() const noexcept;
  // For key files.
  PrivateNumbers private_numbers() const;
  // One signature in the form of RRSIG RDATA.  Many: KeySigner.
  Buffer sign(Octets message) const;

 private:
  friend class KeySigner;
  SigningKey() = default;
  static std::shared_ptr<const SigningKey> make(const dns::Name& owner, Buffer dnskey,
                                                std::shared_ptr<evp_pkey_st> pkey);

  dns::Name owner_;
  Algorithm algorithm_ = Algorithm::kEcdsaP256Sha256;
  std::uint16_t tag_ = 0;
  Buffer dnskey_;
  std::shared_ptr<evp_pkey_st> pkey_;
};

// Signs one message after the other with contexts made once.  Thread-confined; owns a share of its
// key.
class KeySigner {
 public:
  explicit KeySigner(std::shared_ptr<const SigningKey> key);
  ~KeySigner();
  KeySigner(KeySigner&&) noexcept;
  KeySigner& operator=(KeySigner&&) noexcept;

  const SigningKey& key() const noexcept { return *key_; }
  // Writes key().signature_octets() octets to `signature`.
  void sign(Octets message, std::uint8_t* signature);

 private:
  friend class SigningKey;
  struct Contexts;
  bool try_sign(Octets message, std::uint8_t* signature);

  std::shared_ptr<const SigningKey> key_;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace gslb::dnssec
