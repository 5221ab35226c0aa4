#include "gslb/transfer/access.h"

#include <algorithm>

namespace gslb::transfer {
namespace {

// False when there is no such key: a rule that asks for it holds for nobody then.
bool find_key(const Keyring& keys, const std::string& name, const TsigKey** key) {
  if (name.empty()) { return true; }
  const auto parsed = dns::Name::parse(name);
  *key = parsed ? keys.find(*parsed) : nullptr;
  return *key != nullptr;
}

}  // namespace

const config::Remote* find_remote(const std::vector<config::Remote>& remotes, std::string_view id) {
  const auto found = std::ranges::find_if(
      remotes, [&](const config::Remote& remote) { return remote.id.text == id; });
  return found == remotes.end() ? nullptr : &*found;
}

AccessList::AccessList(const std::vector<config::AccessRule>& rules,
                       const std::vector<config::Remote>& remotes, const Keyring& keys) {
  for (const config::AccessRule& from : rules) {
    Rule rule;
    std::string key = from.key;
    rule.tls_name = from.tls_name;
    if (from.prefix) { rule.prefixes.push_back(*from.prefix); }
    if (!from.remote.empty()) {
      const config::Remote* const remote = find_remote(remotes, from.remote);
      if (remote == nullptr) { continue; }
      for (const Endpoint& endpoint : remote->addresses) {
        rule.prefixes.emplace_back(endpoint.address, endpoint.address.bit_length());
      }
      key = remote->key;
    }
    if (find_key(keys, key, &rule.key)) { rules_.push_back(std::move(rule)); }
  }
}

bool AccessList::allows(const Address& from, const TsigKey* key,
                        std::span<const std::string> tls_names) const noexcept {
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    if (rule.key != nullptr && rule.key != key) { return false; }
    if (!rule.tls_name.empty() && std::ranges::find(tls_names, rule.tls_name) == tls_names.end()) {
      return false;
    }
    return rule.prefixes.empty() || std::ranges::any_of(rule.prefixes, [&](const Prefix& prefix) {
             return prefix.contains(from);
           });
  });
}

}  // namespace gslb::transfer
