// NOTIFY from primaries: answered by the worker that got it, acted on by the transfer thread.
//
// Source: RFC 1996 3 and 4.
//
// Why a box between: a worker may not wait for a transfer, and a flood of NOTIFYs may not grow
// anything.  The box holds a bounded number of hints; one that finds no room is not answered, so
// that its sender tries again (RFC 1996 3.6).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gslb/dns/name.h"
#include "gslb/transfer/access.h"
#include "gslb/transfer/tsig.h"

namespace gslb::transfer {

// Who may send NOTIFY for which zone.  Immutable once made.
struct NotifyTable {
  // By lower-case wire form of the apex.
  std::unordered_map<std::string, std::shared_ptr<const AccessList>> zones;
  std::shared_ptr<const Keyring> keys = std::make_shared<const Keyring>();
};

struct NotifyHint {
  dns::Name apex;
  std::optional<std::uint32_t> serial;  // of the SOA it carried; a hint, nobody proved it
  Address from;
};

enum class NotifyVerdict : std::uint8_t {
  kAccepted,   // NOERROR
  kMalformed,  // FORMERR
  kUnknown,    // NOTAUTH: no secondary zone of ours
  kRefused,    // REFUSED: not from somebody who may
  kDropped,    // the box is full: no answer
};
inline constexpr std::size_t kNotifyVerdicts = 5;
std::string_view to_string(NotifyVerdict verdict) noexcept;

// Thread-safe.
class NotifyBox {
 public:
  static constexpr std::size_t kMaxHints = 4096;

  // `on_hint` is called by a worker when the box is no longer empty; must be quick.
  explicit NotifyBox(std::function<void()> on_hint) : on_hint_(std::move(on_hint)) {}

  void set_table(std::shared_ptr<const NotifyTable> table);

  // Writes the answer to a NOTIFY into `out` and returns its length; 0: none.  The message comes
  // without its signature, which was good and made with `key`; null: it had none.
  // REQUIRES: a whole header; out holds as much as the message
  std::size_t answer(Octets message, const Address& from, const TsigKey* key, MutableOctets out);

  // All hints since the last call, one a zone and sender.
  std::vector<NotifyHint> take();
  std::uint64_t count(NotifyVerdict verdict) const noexcept {
    return counts_[static_cast<std::size_t>(verdict)].load(std::memory_order_relaxed);
  }

 private:
  NotifyVerdict judge(Octets message, const Address& from, const TsigKey* key,
                      const NotifyTable& table);
  bool put(NotifyHint hint);

  const std::function<void()> on_hint_;
  std::array<std::atomic<std::uint64_t>, kNotifyVerdicts> counts_{};
  std::mutex mutex_;
  std::shared_ptr<const NotifyTable> table_ = std::make_shared<NotifyTable>();  // guarded by mutex_
  std::vector<NotifyHint> hints_;                                               // guarded by mutex_
};

}  // namespace gslb::transfer
