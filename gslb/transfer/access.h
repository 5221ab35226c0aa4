// Who may do something with a zone: prefixes, keys, names of TLS clients, remotes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/config/transfer.h"
#include "gslb/transfer/tsig.h"

namespace gslb::transfer {

// Immutable; thread-safe.  Empty: nobody.
class AccessList {
 public:
  AccessList() = default;
  // Names in `rules` are of `remotes` and `keys`, which must outlive the list.
  AccessList(const std::vector<config::AccessRule>& rules,
             const std::vector<config::Remote>& remotes, const Keyring& keys);

  // `key`: what signed the request, null: nothing did.  `tls_names`: of the client's certificate.
  bool allows(const Address& from, const TsigKey* key,
              std::span<const std::string> tls_names = {}) const noexcept;

 private:
  struct Rule {
    std::vector<Prefix> prefixes;  // one must hold the address; empty: any address
    const TsigKey* key = nullptr;  // null: signed or not
    std::string tls_name;          // "": over TLS or not
  };
  std::vector<Rule> rules_;
};

// The remote with that id; null when there is none.
const config::Remote* find_remote(const std::vector<config::Remote>& remotes, std::string_view id);

}  // namespace gslb::transfer
