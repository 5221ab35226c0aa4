// The thread that tells secondaries of new serials.
//
// Source: RFC 1996.
//
// Why a thread of its own: it waits for answers of strangers, and what it does is never urgent.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gslb/config/config.h"
#include "gslb/transfer/notify_queue.h"

namespace gslb::transfer {

// Whom to tell of which zone.  Immutable.
class NotifyTargets {
 public:
  NotifyTargets() = default;
  NotifyTargets(const config::Config& config, const Keyring& keys);

  using List = std::vector<std::shared_ptr<const NotifyTarget>>;
  // Empty when nobody is to be told.
  const List& find(const dns::Name& apex) const;

 private:
  std::unordered_map<std::string, List> by_apex_;  // lower-case wire
};

// Thread-safe.  Sockets are opened with the first notify().
class Notifier {
 public:
  Notifier();
  ~Notifier();  // ends the thread; what is not sent is dropped
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Tells `targets`; what they were to be told of this zone before is forgotten.
  void notify(const Record& soa, const NotifyTargets::List& targets);
  void forget(const dns::Name& apex);

  std::uint64_t count(NotifyOutcome outcome) const noexcept {
    return counts_[static_cast<std::size_t>(outcome)].load(std::memory_order_relaxed);
  }

 private:
  struct Core;
  std::array<std::atomic<std::uint64_t>, kNotifyOutcomes> counts_{};
  std::unique_ptr<Core> core_;
};

}  // namespace gslb::transfer
