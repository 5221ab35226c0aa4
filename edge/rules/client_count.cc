#include "edge/rules/client_count.h"

#include "gslb/base/hash.h"

namespace edge::rules {
namespace {

gslb::Address counted(const gslb::Address& client) {
  return client.is_v6() ? gslb::Prefix(client, 64).address() : client;
}

}  // namespace

std::size_t ClientCount::Hash::operator()(const gslb::Address& address) const noexcept {
  return gslb::hash_octets(address.octets());
}

std::unique_ptr<ClientCount::Place> ClientCount::enter(const gslb::Address& client,
                                                       std::int64_t most) {
  {
    const std::lock_guard lock(mutex_);
    std::int64_t& open = open_[counted(client)];
    if (open >= most) { return nullptr; }
    ++open;
  }
  return std::make_unique<Place>(*this, client);
}

void ClientCount::leave(const gslb::Address& client) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(counted(client));
  if (found != open_.end() && --found->second <= 0) { open_.erase(found); }
}

std::size_t ClientCount::clients() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

}  // namespace edge::rules
