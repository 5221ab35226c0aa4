#include "gslb/dnssec/openssl.h"

#include <algorithm>
#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "gslb/base/check.h"

namespace gslb::dnssec {
namespace {

constexpr std::array<AlgorithmTraits, 5> kTraits = {{
    {Algorithm::kRsaSha256, "RSASHA256", nullptr, 0, EVP_sha256},
    {Algorithm::kRsaSha512, "RSASHA512", nullptr, 0, EVP_sha512},
    {Algorithm::kEcdsaP256Sha256, "ECDSAP256SHA256", "P-256", 32, EVP_sha256},
    {Algorithm::kEcdsaP384Sha384, "ECDSAP384SHA384", "P-384", 48, EVP_sha384},
    {Algorithm::kEd25519, "ED25519", nullptr, 32, nullptr},
}};

// RFC 3110 2 and what validators take: the smallest that is not a joke, the largest of RFC 5702.
constexpr std::size_t kMinModulus = 512 / 8;
constexpr std::size_t kMaxModulus = 4096 / 8;

struct Free {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, Free>;

SharedPkey shared(EVP_PKEY* pkey) {
  return pkey == nullptr ? nullptr : SharedPkey(pkey, EVP_PKEY_free);
}

// Parameters for EVP_PKEY_fromdata(); the builder only points to what it is given.
class Params {
 public:
  Params() : builder_(OSSL_PARAM_BLD_new()) { CHECK(builder_ != nullptr); }

  void number(const char* name, Octets octets) {
    numbers_.emplace_back(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
    CHECK(numbers_.back() != nullptr &&
          OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get()) == 1);
  }
  void text(const char* name, const char* value) {
    CHECK(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, value, 0) == 1);
  }
  void octets(const char* name, Buffer value) {
    octets_ = std::move(value);
    CHECK(OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, octets_.data(), octets_.size()) ==
          1);
  }
  SharedPkey make(const char* type, int selection) {
    const std::unique_ptr<OSSL_PARAM, Free> params(OSSL_PARAM_BLD_to_param(builder_.get()));
    const std::unique_ptr<EVP_PKEY_CTX, Free> context(
        EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    CHECK(params != nullptr && context != nullptr);
    EVP_PKEY* pkey = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &pkey, selection, params.get()) != 1) {
      return nullptr;
    }
    return shared(pkey);
  }

 private:
  std::unique_ptr<OSSL_PARAM_BLD, Free> builder_;
  std::vector<Number> numbers_;
  Buffer octets_;
};

struct RsaField {
  Octets exponent, modulus;
};
// RFC 3110 2: one octet of exponent length, or zero and two.
std::optional<RsaField> split_rsa(Octets field) {
  ByteReader reader(field);
  std::size_t length = reader.u8();
  if (length == 0) { length = reader.u16(); }
  const Octets exponent = reader.take(length);
  const Octets modulus = reader.take(reader.remaining());
  if (reader.failed() || exponent.empty() || modulus.size() < kMinModulus ||
      modulus.size() > kMaxModulus || modulus[0] == 0) {
    return std::nullopt;
  }
  return RsaField{exponent, modulus};
}

Buffer uncompressed_point(Octets field) {
  Buffer point(1 + field.size(), 0x04);
  std::ranges::copy(field, point.begin() + 1);
  return point;
}

Buffer number_of(const SharedPkey& pkey, const char* name, std::size_t octets = 0) {
  BIGNUM* raw = nullptr;
  CHECK(EVP_PKEY_get_bn_param(pkey.get(), name, &raw) == 1);
  const Number number(raw);
  Buffer out(octets != 0 ? octets : static_cast<std::size_t>(BN_num_bytes(raw)));
  CHECK(BN_bn2binpad(raw, out.data(), static_cast<int>(out.size())) ==
        static_cast<int>(out.size()));
  return out;
}

struct RsaName {
  const char* name;
  Buffer PrivateNumbers::*number;
};
constexpr std::array<RsaName, 8> kRsaNames = {{
    {OSSL_PKEY_PARAM_RSA_N, &PrivateNumbers::modulus},
    {OSSL_PKEY_PARAM_RSA_E, &PrivateNumbers::public_exponent},
    {OSSL_PKEY_PARAM_RSA_D, &PrivateNumbers::private_exponent},
    {OSSL_PKEY_PARAM_RSA_FACTOR1, &PrivateNumbers::prime1},
    {OSSL_PKEY_PARAM_RSA_FACTOR2, &PrivateNumbers::prime2},
    {OSSL_PKEY_PARAM_RSA_EXPONENT1, &PrivateNumbers::exponent1},
    {OSSL_PKEY_PARAM_RSA_EXPONENT2, &PrivateNumbers::exponent2},
    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &PrivateNumbers::coefficient},
}};

}  // namespace

const AlgorithmTraits& traits(Algorithm algorithm) noexcept {
  for (const AlgorithmTraits& entry : kTraits) {
    if (entry.algorithm == algorithm) { return entry; }
  }
  CHECK(false && "every enumerator of Algorithm has its traits");
}

SharedPkey public_pkey(Algorithm algorithm, Octets key_field) {
  const AlgorithmTraits& of = traits(algorithm);
  if (of.is_rsa()) {
    const auto field = split_rsa(key_field);
    if (!field) { return nullptr; }
    Params params;
    params.number(OSSL_PKEY_PARAM_RSA_N, field->modulus);
    params.number(OSSL_PKEY_PARAM_RSA_E, field->exponent);
    return params.make("RSA", EVP_PKEY_PUBLIC_KEY);
  }
  if (of.is_ecdsa()) {
    if (key_field.size() != 2 * of.half) { return nullptr; }
    Params params;
    params.text(OSSL_PKEY_PARAM_GROUP_NAME, of.group);
    params.octets(OSSL_PKEY_PARAM_PUB_KEY, uncompressed_point(key_field));
    return params.make("EC", EVP_PKEY_PUBLIC_KEY);
  }
  if (key_field.size() != of.half) { return nullptr; }
  return shared(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key_field.data(), key_field.size()));
}

SharedPkey private_pkey(Algorithm algorithm, Octets key_field, const PrivateNumbers& numbers) {
  const AlgorithmTraits& of = traits(algorithm);
  if (of.is_rsa()) {
    Params params;
    for (const RsaName& entry : kRsaNames) {
      const Buffer& number = numbers.*entry.number;
      if (number.empty() || number.size() > kMaxModulus) { return nullptr; }
      params.number(entry.name, number);
    }
    return params.make("RSA", EVP_PKEY_KEYPAIR);
  }
  if (numbers.secret.empty() || numbers.secret.size() > of.half) { return nullptr; }
  if (of.is_ecdsa()) {
    if (key_field.size() != 2 * of.half) { return nullptr; }
    Params params;
    params.text(OSSL_PKEY_PARAM_GROUP_NAME, of.group);
    params.octets(OSSL_PKEY_PARAM_PUB_KEY, uncompressed_point(key_field));
    params.number(OSSL_PKEY_PARAM_PRIV_KEY, numbers.secret);
    return params.make("EC", EVP_PKEY_KEYPAIR);
  }
  if (numbers.secret.size() != of.half) { return nullptr; }
  return shared(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, numbers.secret.data(),
                                             numbers.secret.size()));
}

SharedPkey generate_pkey(Algorithm algorithm, int rsa_bits) {
  const AlgorithmTraits& of = traits(algorithm);
  if (of.is_rsa()) { return shared(EVP_RSA_gen(static_cast<unsigned>(rsa_bits))); }
  if (of.is_ecdsa()) { return shared(EVP_EC_gen(of.group)); }
  return shared(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

Buffer key_field_of(Algorithm algorithm, const SharedPkey& pkey) {
  const AlgorithmTraits& of = traits(algorithm);
  if (of.is_rsa()) {
    const Buffer exponent = number_of(pkey, OSSL_PKEY_PARAM_RSA_E);
    const Buffer modulus = number_of(pkey, OSSL_PKEY_PARAM_RSA_N);
    CHECK(exponent.size() < 256);
    Buffer field = {static_cast<std::uint8_t>(exponent.size())};
    field.insert(field.end(), exponent.begin(), exponent.end());
    field.insert(field.end(), modulus.begin(), modulus.end());
    return field;
  }
  if (of.is_ecdsa()) {
    Buffer field = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_X, of.half);
    const Buffer y = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, of.half);
    field.insert(field.end(), y.begin(), y.end());
    return field;
  }
  Buffer field(of.half);
  std::size_t size = field.size();
  CHECK(EVP_PKEY_get_raw_public_key(pkey.get(), field.data(), &size) == 1 && size == of.half);
  return field;
}

PrivateNumbers numbers_of(Algorithm algorithm, const SharedPkey& pkey) {
  const AlgorithmTraits& of = traits(algorithm);
  PrivateNumbers numbers;
  if (of.is_rsa()) {
    for (const RsaName& entry : kRsaNames) { numbers.*entry.number = number_of(pkey, entry.name); }
  } else if (of.is_ecdsa()) {
    numbers.secret = number_of(pkey, OSSL_PKEY_PARAM_PRIV_KEY, of.half);
  } else {
    numbers.secret.resize(of.half);
    std::size_t size = numbers.secret.size();
    CHECK(EVP_PKEY_get_raw_private_key(pkey.get(), numbers.secret.data(), &size) == 1 &&
          size == of.half);
  }
  return numbers;
}

}  // namespace gslb::dnssec
