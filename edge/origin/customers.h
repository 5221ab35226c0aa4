// Customers' own domains: hosts that are aliases (CNAME) of hosts of the CDN.
//
// Source: RFC 1034 3.6.2 (aliases), RFC 2308 (names that lead nowhere), RFC 8767 (stale answers).
//
// Why only CNAME is asked for, step by step: the first step is nearly always the last, and the
// addresses behind it are the GSLB's affair, which need not be asked for them.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge/config/config.h"
#include "edge/origin/awaitable.h"
#include "gslb/base/clock.h"

namespace edge::origin {

class Directory;

struct CustomerHost {
  enum class Result : std::uint8_t {
    kFound,
    kNowhere,  // leads to no host of ours
    kFailed,   // nobody knows
    kRefused,  // too many names at once: nobody was asked
  };
  Result result = Result::kFailed;
  std::string host;    // kFound: of the CDN, lower case
  bool asked = false;  // the DNS was asked for it
};

// Remembers names up to a bound, those that lead somewhere apart from those that don't: made-up
// hosts push out one another, not customers.  Pure.
class CustomerTable {
 public:
  struct Entry {
    CustomerHost::Result result = CustomerHost::Result::kFailed;
    std::string host;
    gslb::MonoTime fresh_until{};
  };
  explicit CustomerTable(std::size_t bound) : bound_(bound) {}
  // Null: not remembered.  Valid until the next put().
  const Entry* find(const std::string& name);
  void put(const std::string& name, Entry entry);
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  using Order = std::list<std::string>;  // the newest first
  struct Place {
    Entry entry;
    Order::iterator at;
  };
  Order& order_of(const Entry& entry) {
    return entry.result == CustomerHost::Result::kFound ? found_ : others_;
  }
  std::size_t bound_;
  std::unordered_map<std::string, Place> entries_;
  Order found_;
  Order others_;
};

// Worker-confined.
class Customers {
 public:
  // Both must outlive it and every coroutine in it.
  Customers(boost::asio::io_context& loop, Directory& directory);
  ~Customers();
  Customers(const Customers&) = delete;
  Customers& operator=(const Customers&) = delete;

  // What `host` (lower case, maybe with a port) stands for.  What is old is used while it is asked
  // anew, and when nobody answers.  REQUIRES: config->customers.
  Awaitable<CustomerHost> find(config::ConfigRef config, std::string host);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge::origin
