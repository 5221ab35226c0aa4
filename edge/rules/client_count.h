// How many connections each client has, where that is bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "gslb/base/ip.h"

namespace edge::rules {

// Thread-safe.  Holds an entry for each client with a connection, so it is bounded as they are.  A
// client is an address; of IPv6 a /64.
class ClientCount {
 public:
  // A connection of the client, counted as long as it lives; not longer than this object.
  class Place {
   public:
    Place(ClientCount& of, const gslb::Address& client) : of_(of), client_(client) {}
    ~Place() { of_.leave(client_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    ClientCount& of_;
    const gslb::Address client_;
  };
  // Null: it has `most` already.
  std::unique_ptr<Place> enter(const gslb::Address& client, std::int64_t most);
  std::size_t clients() const;

 private:
  void leave(const gslb::Address& client);
  struct Hash {
    std::size_t operator()(const gslb::Address& address) const noexcept;
  };
  mutable std::mutex mutex_;
  std::unordered_map<gslb::Address, std::int64_t, Hash> open_;
};

}  // namespace edge::rules
