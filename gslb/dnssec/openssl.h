// Keys and signatures of DNSSEC in OpenSSL's terms.  Private to this folder.
//
// Source: RFC 3110 2 (RSA exponent and modulus), RFC 6605 4 (ECDSA: Q = x | y, signature = r | s),
// RFC 8080 3 and 4 (Ed25519); OpenSSL 3.0's EVP_PKEY(7), EVP_SIGNATURE-ECDSA(7).
#pragma once

#include <memory>

#include "gslb/dnssec/key.h"

struct evp_md_st;

namespace gslb::dnssec {

using SharedPkey = std::shared_ptr<evp_pkey_st>;

struct AlgorithmTraits {
  Algorithm algorithm;
  std::string_view name;
  const char* group;  // ECDSA: OpenSSL's name of the curve
  std::size_t half;   // ECDSA: octets of r, s, x, y; Ed25519: of key and half a signature
  const evp_md_st* (*digest)();  // null: the algorithm hashes by itself

  bool is_rsa() const noexcept { return group == nullptr && digest != nullptr; }
  bool is_ecdsa() const noexcept { return group != nullptr; }
};
const AlgorithmTraits& traits(Algorithm algorithm) noexcept;

// Null when the numbers make no key.  `key_field`: the last field of a DNSKEY.
SharedPkey public_pkey(Algorithm algorithm, Octets key_field);
SharedPkey private_pkey(Algorithm algorithm, Octets key_field, const PrivateNumbers& numbers);
SharedPkey generate_pkey(Algorithm algorithm, int rsa_bits);

Buffer key_field_of(Algorithm algorithm, const SharedPkey& pkey);
PrivateNumbers numbers_of(Algorithm algorithm, const SharedPkey& pkey);

}  // namespace gslb::dnssec
