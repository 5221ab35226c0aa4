#include "gslb/transfer/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "gslb/base/check.h"

namespace gslb::transfer {
namespace {

using config::TsigAlgorithm;

struct AlgorithmRow {
  const char* digest;
  std::size_t mac_octets;
};
constexpr std::array<AlgorithmRow, 4> kRows = {
    {{"SHA224", 28}, {"SHA256", 32}, {"SHA384", 48}, {"SHA512", 64}}};

const AlgorithmRow& row_of(TsigAlgorithm algorithm) noexcept {
  return kRows[static_cast<std::size_t>(algorithm)];
}

// Looked up once: a fetch walks OpenSSL's tables under a lock.
EVP_MAC* hmac() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CHECK(mac != nullptr);
  return mac;
}

}  // namespace

void Hmac::Free::operator()(evp_mac_ctx_st* context) const noexcept { EVP_MAC_CTX_free(context); }

Hmac::Hmac(const TsigKey& key) : context_(EVP_MAC_CTX_new(hmac())) {
  // OpenSSL doesn't write to it; its parameters are for both directions.
  char* const digest = const_cast<char*>(row_of(key.algorithm).digest);  // NOLINT
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  const Octets secret = as_octets(key.secret);
  CHECK(context_ != nullptr &&
        EVP_MAC_init(context_.get(), secret.data(), secret.size(), parameters.data()) == 1);
}

void Hmac::add(Octets octets) {
  CHECK(EVP_MAC_update(context_.get(), octets.data(), octets.size()) == 1);
}

void Hmac::add_u16(std::uint16_t value) {
  std::array<std::uint8_t, 2> octets{};
  store_u16(octets.data(), value);
  add(octets);
}

void Hmac::add_u48(std::uint64_t value) {
  std::array<std::uint8_t, 8> octets{};
  store_u64(octets.data(), value);
  add(Octets(octets).subspan(2));
}

Mac Hmac::finish() {
  Mac mac;
  CHECK(EVP_MAC_final(context_.get(), mac.data.data(), &mac.size, mac.data.size()) == 1);
  return mac;
}

std::size_t mac_octets(TsigAlgorithm algorithm) noexcept { return row_of(algorithm).mac_octets; }

const dns::Name& algorithm_name(TsigAlgorithm algorithm) {
  static const std::array<dns::Name, 4> names = [] {
    std::array<dns::Name, 4> list;
    for (std::size_t i = 0; i < list.size(); ++i) {
      list[i] = *dns::Name::parse(config::to_string(static_cast<TsigAlgorithm>(i)));
    }
    return list;
  }();
  return names[static_cast<std::size_t>(algorithm)];
}

bool equal_macs(Octets a, Octets b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace gslb::transfer
