// Names to addresses, and names to the names they stand for, with how long that holds.
//
// Source: RFC 1035 4.1 (messages), RFC 1034 3.6.2 (CNAME), RFC 2308 (there is none).
//
// Why not getaddrinfo: it tells no TTL, so whoever uses it keeps addresses too long or asks too
// often, and each look-up holds a thread.  c-ares does both; it is fenced into resolver.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/config.h"
#include "gslb/base/bytes.h"
#include "gslb/base/ip.h"

namespace edge::origin {

struct Lookup {
  enum class Status : std::uint8_t {
    kFound,
    kNone,    // the name or the type is not there
    kFailed,  // nobody knows: no answer, or one of no use
  };
  Status status = Status::kFailed;
  std::vector<gslb::Address> addresses;  // the preferred first (RFC 6724)
  std::string alias;                     // lower case, no dot at the end
  std::int64_t ttl_s = 0;                // 0 where nobody says
};

// What a DNS answer says `name` (lower case) stands for.  Total.
Lookup parse_alias(gslb::Octets message, std::string_view name);

// Thread-safe; has a thread of its own from the first question on.
class Resolver {
 public:
  enum class Kind : std::uint8_t { kAddresses, kAlias };
  using Done = std::function<void(const Lookup&)>;

  Resolver();
  // As stop().
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // From the next question on; the system's configuration is read anew, too.
  void renew(const config::Resolver& settings);
  // `done` is called once, on the resolver's thread; at once on this one when it has stopped or too
  // much is under way.  The same question is asked once for all who wait.  A kAlias is of one step.
  void ask(Kind kind, std::string name, Done done);
  // What is under way fails.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::origin
