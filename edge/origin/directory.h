// What the process knows of all origins: their servers' health, addresses, who checks them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/config/config.h"
#include "edge/origin/address_book.h"
#include "edge/origin/backends.h"
#include "edge/origin/resolver.h"

namespace edge::origin {

class Checker;

// Thread-safe.  One a process.
class Directory {
 public:
  // `halted`: as Signal's.
  explicit Directory(const std::atomic<bool>& halted);
  // As stop().
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // From now on these are the origins; what is known of those that were the same before stays.
  void renew(const config::Config& config);
  // The servers of an origin of the current configuration; of another, servers of nobody else.
  std::shared_ptr<Backends> of(const config::Origin& origin);
  std::vector<OriginFigures> figures() const;

  AddressBook& addresses() noexcept { return addresses_; }
  Resolver& resolver() noexcept { return resolver_; }
  const std::atomic<bool>& halted() const noexcept { return halted_; }
  // Ends the threads; coroutines that wait for them are not resumed by them any more.
  void stop();

 private:
  const std::atomic<bool>& halted_;
  Resolver resolver_;
  AddressBook addresses_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Backends>> origins_;  // by name; guarded by mutex_
  std::unique_ptr<Checker> checker_;
};

}  // namespace edge::origin
