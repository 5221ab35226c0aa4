#include "gslb/dnssec/key.h"

#include <array>
#include <string>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "gslb/base/check.h"
#include "gslb/dns/ascii_case.h"
#include "gslb/dnssec/openssl.h"

namespace gslb::dnssec {
namespace {

constexpr std::uint8_t kDnskeyProtocol = 3;  // RFC 4034 2.1.2
constexpr std::size_t kDnskeyFixed = 4;

struct FreeMd {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using MdContext = std::unique_ptr<EVP_MD_CTX, FreeMd>;

struct FreeSignature {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeSignature>;

// r | s → DER; empty when it can't be.
Buffer to_der(Octets signature) {
  const std::size_t half = signature.size() / 2;
  const EcdsaSignature pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), static_cast<int>(half), nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + half, static_cast<int>(half), nullptr);
  CHECK(pair != nullptr && ECDSA_SIG_set0(pair.get(), r, s) == 1);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  CHECK(size > 0);
  Buffer out(der, der + size);
  OPENSSL_free(der);
  return out;
}

void from_der(Octets der, std::size_t half, std::uint8_t* signature) {
  const unsigned char* at = der.data();
  const EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  CHECK(pair != nullptr);
  const int width = static_cast<int>(half);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), signature, width) == width);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), signature + half, width) == width);
}

Buffer dnskey_of(std::uint16_t flags, Algorithm algorithm, Octets field) {
  Buffer rdata(kDnskeyFixed);
  store_u16(rdata.data(), flags);
  rdata[2] = kDnskeyProtocol;
  rdata[3] = static_cast<std::uint8_t>(algorithm);
  rdata.insert(rdata.end(), field.begin(), field.end());
  return rdata;
}

// The algorithm of a DNSKEY we can use.
std::optional<Algorithm> usable(Octets dnskey_rdata) {
  if (dnskey_rdata.size() <= kDnskeyFixed || dnskey_rdata[2] != kDnskeyProtocol ||
      (load_u16(dnskey_rdata.data()) & kZoneKeyFlag) == 0) {
    return std::nullopt;
  }
  return to_algorithm(dnskey_rdata[3]);
}

}  // namespace

std::string_view to_string(Algorithm algorithm) noexcept { return traits(algorithm).name; }

std::optional<Algorithm> to_algorithm(std::uint8_t number) noexcept {
  switch (const auto algorithm = static_cast<Algorithm>(number)) {
    case Algorithm::kRsaSha256:
    case Algorithm::kRsaSha512:
    case Algorithm::kEcdsaP256Sha256:
    case Algorithm::kEcdsaP384Sha384:
    case Algorithm::kEd25519:
      return algorithm;
  }
  return std::nullopt;
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
  for (unsigned number = 0; number < 256; ++number) {
    const auto algorithm = to_algorithm(static_cast<std::uint8_t>(number));
    if (!algorithm) { continue; }
    if (text == std::to_string(number)) { return algorithm; }
    const std::string_view name = to_string(*algorithm);
    const bool is_it =
        text.size() == name.size() &&
        dns::equal_ignoring_case(as_octets(text).data(), as_octets(name).data(), name.size());
    if (is_it) { return algorithm; }
  }
  return std::nullopt;
}

std::uint16_t key_tag(Octets dnskey_rdata) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < dnskey_rdata.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{dnskey_rdata[i]} << 8 : dnskey_rdata[i];
  }
  sum += (sum >> 16) & 0xffffU;
  return static_cast<std::uint16_t>(sum);
}

Buffer ds_rdata(const dns::Name& owner, Octets dnskey_rdata, DigestType digest) {
  Buffer rdata(4);
  store_u16(rdata.data(), key_tag(dnskey_rdata));
  rdata[2] = dnskey_rdata.size() > 3 ? dnskey_rdata[3] : 0;
  rdata[3] = static_cast<std::uint8_t>(digest);
  const dns::Name lower = owner.lower();
  Buffer message(lower.wire().begin(), lower.wire().end());
  message.insert(message.end(), dnskey_rdata.begin(), dnskey_rdata.end());
  const EVP_MD* function = digest == DigestType::kSha256 ? EVP_sha256() : EVP_sha384();
  const std::size_t size = static_cast<std::size_t>(EVP_MD_get_size(function));
  rdata.resize(4 + size);
  CHECK(EVP_Digest(message.data(), message.size(), rdata.data() + 4, nullptr, function, nullptr) ==
        1);
  return rdata;
}

Buffer cds_delete_rdata() { return {0, 0, 0, 0, 0}; }
Buffer cdnskey_delete_rdata() { return {0, 0, kDnskeyProtocol, 0, 0}; }

std::optional<PublicKey> PublicKey::from_rdata(Octets dnskey_rdata) {
  const auto algorithm = usable(dnskey_rdata);
  if (!algorithm) { return std::nullopt; }
  PublicKey key;
  key.algorithm_ = *algorithm;
  key.tag_ = key_tag(dnskey_rdata);
  key.pkey_ = public_pkey(*algorithm, dnskey_rdata.subspan(kDnskeyFixed));
  ERR_clear_error();  // malformed keys leave a queue that grows
  if (key.pkey_ == nullptr) { return std::nullopt; }
  return key;
}

bool PublicKey::verify(Octets message, Octets signature) const {
  const AlgorithmTraits& of = traits(algorithm_);
  Buffer der;
  if (!of.is_rsa() && signature.size() != 2 * of.half) { return false; }
  if (of.is_ecdsa()) {
    der = to_der(signature);
    signature = der;
  }
  const MdContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  const EVP_MD* digest = of.digest == nullptr ? nullptr : of.digest();
  const bool is_good =
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, pkey_.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1;
  if (!is_good) { ERR_clear_error(); }
  return is_good;
}

std::shared_ptr<const SigningKey> SigningKey::make(const dns::Name& owner, Buffer dnskey,
                                                   std::shared_ptr<evp_pkey_st> pkey) {
  const std::shared_ptr<SigningKey> key(new SigningKey);
  key->owner_ = owner.lower();
  key->algorithm_ = static_cast<Algorithm>(dnskey[3]);
  key->tag_ = key_tag(dnskey);
  key->dnskey_ = std::move(dnskey);
  key->pkey_ = std::move(pkey);
  return key;
}

std::shared_ptr<const SigningKey> SigningKey::generate(const dns::Name& owner, Algorithm algorithm,
                                                       std::uint16_t flags, int rsa_bits) {
  std::shared_ptr<evp_pkey_st> pkey = generate_pkey(algorithm, rsa_bits);
  CHECK(pkey != nullptr);
  Buffer dnskey = dnskey_of(flags, algorithm, key_field_of(algorithm, pkey));
  return make(owner, std::move(dnskey), std::move(pkey));
}

Result<std::shared_ptr<const SigningKey>, KeyError> SigningKey::from_numbers(
    const dns::Name& owner, Octets dnskey_rdata, const PrivateNumbers& numbers) {
  const auto algorithm = usable(dnskey_rdata);
  if (!algorithm) { return Unexpected(KeyError::kUnsupported); }
  const auto public_half = PublicKey::from_rdata(dnskey_rdata);
  if (!public_half) { return Unexpected(KeyError::kMalformed); }
  std::shared_ptr<evp_pkey_st> pkey =
      private_pkey(*algorithm, dnskey_rdata.subspan(kDnskeyFixed), numbers);
  ERR_clear_error();
  if (pkey == nullptr) { return Unexpected(KeyError::kMalformed); }
  auto key = make(owner, Buffer(dnskey_rdata.begin(), dnskey_rdata.end()), std::move(pkey));
  const Octets trial = key->dnskey_rdata();
  Buffer signature(key->signature_octets());
  if (!KeySigner(key).try_sign(trial, signature.data()) || !public_half->verify(trial, signature)) {
    return Unexpected(KeyError::kNotAPair);
  }
  return key;
}

int SigningKey::bits() const noexcept { return EVP_PKEY_get_bits(pkey_.get()); }

std::size_t SigningKey::signature_octets() const noexcept {
  const AlgorithmTraits& of = traits(algorithm_);
  return of.is_rsa() ? static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get())) : 2 * of.half;
}

PrivateNumbers SigningKey::private_numbers() const { return numbers_of(algorithm_, pkey_); }

struct KeySigner::Contexts {
  MdContext hash;
  MdContext whole;  // Ed25519 signs the message itself
  std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> sign{nullptr, EVP_PKEY_CTX_free};
  Buffer der;
};

KeySigner::KeySigner(std::shared_ptr<const SigningKey> key)
    : key_(std::move(key)), contexts_(std::make_unique<Contexts>()) {
  const AlgorithmTraits& of = traits(key_->algorithm());
  if (of.digest == nullptr) {
    contexts_->whole.reset(EVP_MD_CTX_new());
    CHECK(contexts_->whole != nullptr);
    return;
  }
  contexts_->hash.reset(EVP_MD_CTX_new());
  contexts_->sign.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, key_->pkey_.get(), nullptr));
  EVP_PKEY_CTX* sign = contexts_->sign.get();
  CHECK(contexts_->hash != nullptr && sign != nullptr && EVP_PKEY_sign_init(sign) == 1);
  // RSASSA-PKCS1-v1_5 (RFC 5702 3) is OpenSSL's default padding.
  CHECK(EVP_PKEY_CTX_set_signature_md(sign, of.digest()) == 1);
  contexts_->der.resize(static_cast<std::size_t>(EVP_PKEY_get_size(key_->pkey_.get())));
}

KeySigner::~KeySigner() = default;
KeySigner::KeySigner(KeySigner&&) noexcept = default;
KeySigner& KeySigner::operator=(KeySigner&&) noexcept = default;

bool KeySigner::try_sign(Octets message, std::uint8_t* signature) {
  const AlgorithmTraits& of = traits(key_->algorithm());
  if (of.digest == nullptr) {
    std::size_t size = 2 * of.half;
    EVP_MD_CTX* whole = contexts_->whole.get();
    return EVP_DigestSignInit(whole, nullptr, nullptr, nullptr, key_->pkey_.get()) == 1 &&
           EVP_DigestSign(whole, signature, &size, message.data(), message.size()) == 1;
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned digest_size = 0;
  EVP_MD_CTX* hash = contexts_->hash.get();
  CHECK(EVP_DigestInit_ex2(hash, of.digest(), nullptr) == 1 &&
        EVP_DigestUpdate(hash, message.data(), message.size()) == 1 &&
        EVP_DigestFinal_ex(hash, digest.data(), &digest_size) == 1);
  std::uint8_t* out = of.is_rsa() ? signature : contexts_->der.data();
  std::size_t size = of.is_rsa() ? key_->signature_octets() : contexts_->der.size();
  if (EVP_PKEY_sign(contexts_->sign.get(), out, &size, digest.data(), digest_size) != 1) {
    ERR_clear_error();
    return false;
  }
  if (of.is_ecdsa()) { from_der(Octets(contexts_->der).first(size), of.half, signature); }
  return true;
}

void KeySigner::sign(Octets message, std::uint8_t* signature) {
  CHECK(try_sign(message, signature));
}

Buffer SigningKey::sign(Octets message) const {
  Buffer signature(signature_octets());
  // Not owned: the signer does not outlive this call.
  KeySigner(std::shared_ptr<const SigningKey>(std::shared_ptr<const void>(), this))
      .sign(message, signature.data());
  return signature;
}

}  // namespace gslb::dnssec
