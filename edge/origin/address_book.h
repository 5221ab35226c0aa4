// The addresses of servers by name, for as long as their DNS says; the process's.
//
// Source: RFC 8305 4 (families take turns), RFC 8767 (an old answer is better than none).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/origin/awaitable.h"
#include "edge/origin/resolver.h"
#include "gslb/base/clock.h"

namespace edge::origin {

// Thread-safe.  Names are the operator's, so there is no bound on their number.
class AddressBook {
 public:
  // Both must outlive it and every coroutine in it.  `halted`: as Signal's.
  AddressBook(Resolver& resolver, const std::atomic<bool>& halted)
      : resolver_(resolver), halted_(halted) {}
  AddressBook(const AddressBook&) = delete;
  AddressBook& operator=(const AddressBook&) = delete;

  void renew(const config::Resolver& settings);
  // In the order they are to be tried: another one first each time, the families by turns, those
  // that failed within half a minute last.  Empty: nobody knows any, after `timeout` at most.
  // While it is asked anew, what was known is used.  `host`: a name or an address.
  Awaitable<std::vector<gslb::Address>> addresses(boost::asio::io_context& loop, std::string host,
                                                  gslb::milliseconds timeout);
  // What came of connecting to one.
  void note(const std::string& host, const gslb::Address& address, bool good, gslb::MonoTime now);

 private:
  struct Entry {
    std::vector<gslb::Address> known;
    std::map<gslb::Address, gslb::MonoTime> failed;  // until when they are tried last
    gslb::MonoTime fresh_until{};                    // of `known`, or of knowing nothing
    bool asking = false;
    std::size_t turn = 0;
  };
  // Has it asked about when it is no longer fresh; the lock is let go meanwhile.
  void refresh(const std::string& host, Entry& entry, gslb::MonoTime now);
  void take(const std::string& host, const Lookup& lookup);

  Resolver& resolver_;
  const std::atomic<bool>& halted_;
  std::mutex mutex_;  // guards what follows
  config::Resolver settings_;
  std::map<std::string, Entry> entries_;
  std::vector<std::function<void()>> waiting_;
};

// The pure part: `turn` counts up with each use.
std::vector<gslb::Address> in_turn(const std::vector<gslb::Address>& known,
                                   const std::map<gslb::Address, gslb::MonoTime>& failed,
                                   std::size_t turn, gslb::MonoTime now);

}  // namespace edge::origin
