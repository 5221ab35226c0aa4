// A running HMAC over OpenSSL.  Internal to gslb/transfer.
//
// Source: RFC 2104, RFC 8945 6 (algorithm names).
#pragma once

#include <memory>

#include "gslb/transfer/tsig.h"

struct evp_mac_ctx_st;

namespace gslb::transfer {

// Thread-confined.  CHECKs that OpenSSL does what it is asked.
class Hmac {
 public:
  explicit Hmac(const TsigKey& key);
  void add(Octets octets);
  void add_u16(std::uint16_t value);
  void add_u48(std::uint64_t value);
  // Call once, last.
  Mac finish();

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

// Octets of a whole MAC.
std::size_t mac_octets(config::TsigAlgorithm algorithm) noexcept;
// The algorithm's domain name.
const dns::Name& algorithm_name(config::TsigAlgorithm algorithm);
// In constant time for equal sizes.
bool equal_macs(Octets a, Octets b) noexcept;

}  // namespace gslb::transfer
