#include "gslb/tls/ticket_keys.h"

#include <algorithm>
#include <array>
#include <mutex>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "gslb/base/clock.h"

namespace gslb::tls {

struct TicketKeys::Impl {
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    bool valid = false;
  };

  static int ex_data_index() {
    static const int index =
        ::SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                   [](void*, void* reference, CRYPTO_EX_DATA*, int, long, void*) {
                                     delete static_cast<std::shared_ptr<TicketKeys>*>(reference);
                                   });
    return index;
  }

  // NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
  static int use(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                 EVP_MAC_CTX* mac, int encrypt) {
    Impl& keys = *(*static_cast<std::shared_ptr<TicketKeys>*>(
                       ::SSL_CTX_get_ex_data(::SSL_get_SSL_CTX(ssl), ex_data_index())))
                      ->impl_;
    std::lock_guard lock(keys.mutex);
    keys.rotate(std::chrono::steady_clock::now());
    if (encrypt == 1) {
      const Key& key = keys.newest;
      if (!key.valid || ::RAND_bytes(iv, ::EVP_CIPHER_get_iv_length(::EVP_aes_256_cbc())) != 1) {
        return -1;
      }
      std::copy(key.name.begin(), key.name.end(), name);
      return start(key, iv, cipher, mac, true) ? 1 : -1;
    }
    const auto is_named = [name](const Key& key) {
      return key.valid && std::equal(key.name.begin(), key.name.end(), name);
    };
    if (is_named(keys.newest)) return start(keys.newest, iv, cipher, mac, false) ? 1 : -1;
    // 2: the client gets a new ticket.
    if (is_named(keys.older)) return start(keys.older, iv, cipher, mac, false) ? 2 : -1;
    return 0;  // a full handshake
  }

  static bool start(const Key& key, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                    bool encrypt) {
    auto* const digest = const_cast<char*>("SHA256");
    auto* const mac_key = const_cast<unsigned char*>(key.mac.data());
    const std::array<OSSL_PARAM, 3> parameters = {
        ::OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, key.mac.size()),
        ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        ::OSSL_PARAM_construct_end()};
    return ::EVP_CipherInit_ex(cipher, ::EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv,
                               encrypt ? 1 : 0) == 1 &&
           ::EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  }

  void rotate(MonoTime now) {
    if (newest.valid && now - made < kLife) return;
    // The one before is forgotten, though nobody came for long: its tickets have ended too.
    older = newest.valid && now - made < 2 * kLife ? newest : Key{};
    newest.valid =
        ::RAND_bytes(newest.name.data(), static_cast<int>(newest.name.size())) == 1 &&
        ::RAND_priv_bytes(newest.cipher.data(), static_cast<int>(newest.cipher.size())) == 1 &&
        ::RAND_priv_bytes(newest.mac.data(), static_cast<int>(newest.mac.size())) == 1;
    made = now;
  }

  std::mutex mutex;
  Key newest{};  // guarded by mutex, as the rest
  Key older{};
  MonoTime made;
};

TicketKeys::TicketKeys() : impl_(std::make_unique<Impl>()) {}
TicketKeys::~TicketKeys() = default;

void TicketKeys::attach(SSL_CTX* context, const std::shared_ptr<TicketKeys>& keys) {
  auto* const reference = new std::shared_ptr<TicketKeys>(keys);
  ::SSL_CTX_set_ex_data(context, Impl::ex_data_index(), reference);
  ::SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Impl::use);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_timeout(context, std::chrono::seconds(kLife).count());
}

}  // namespace gslb::tls
