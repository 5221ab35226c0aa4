// Which secondary is to be told of which new serial, when next, and whether it has heard.
//
// Source: RFC 1996 3 (3.6: retries), RFC 8945 (signed by the remote's key).
//
// Why without I/O: time, ids and octets are arguments, so that losses, late answers and forgeries
// are unit tests.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/base/random.h"
#include "gslb/transfer/record.h"
#include "gslb/transfer/tsig.h"

namespace gslb::transfer {

// One address of a remote to be told.  Immutable.
struct NotifyTarget {
  std::string remote;  // its id
  Endpoint to;
  std::optional<TsigKey> key;
  std::optional<Address> source;
};

// A datagram to be sent now.
struct NotifyDatagram {
  Endpoint to;
  std::optional<Address> source;
  std::vector<std::uint8_t> message;
};

enum class NotifyOutcome : std::uint8_t {
  kHeard,    // NOERROR
  kRefused,  // another RCODE
  kBadSig,   // the answer's signature is missing or wrong: waiting goes on
  kLost,     // no answer to all tries
};
inline constexpr std::size_t kNotifyOutcomes = 4;
// "heard".
std::string_view to_string(NotifyOutcome outcome) noexcept;

struct NotifyResult {
  NotifyOutcome outcome = NotifyOutcome::kLost;
  dns::Name apex;
  std::string remote;
  Endpoint to;
  std::uint8_t rcode = 0;
};

// Thread-confined.
class NotifyQueue {
 public:
  static constexpr unsigned kTries = 6;               // after 2, 4, 8 … seconds
  static constexpr milliseconds kFirstWait{2000};     // doubles
  static constexpr std::size_t kMostUnanswered = 64;  // of one address; others wait

  // `seed`: of the message ids, not to be guessed.
  explicit NotifyQueue(std::uint64_t seed) : random_(seed) {}

  // A zone has a new SOA: what `target` was to hear of it before is forgotten.
  void add(const Record& soa, const std::shared_ptr<const NotifyTarget>& target);
  // The zone is gone, or has other targets.
  void forget(const dns::Name& apex);

  // What is to be sent now; who has not answered the last try ends in `results`.
  std::vector<NotifyDatagram> due(MonoTime now, WallTime wall, std::vector<NotifyResult>* results);
  // A datagram that came.  nullopt: no answer to anything asked.
  std::optional<NotifyResult> take(Octets message, const Endpoint& from, WallTime wall);
  // When due() has something to do, the past for at once; nullopt: nothing is waiting.
  std::optional<MonoTime> next() const;
  std::size_t size() const noexcept;

 private:
  struct Item {
    Record soa;
    unsigned tries = 0;  // sent
    MonoTime next;
    Mac mac;  // of the last try
  };
  struct Peer {
    std::shared_ptr<const NotifyTarget> target;
    std::map<std::string, Record> waiting;  // by lower-case apex
    std::map<std::uint16_t, Item> active;   // by message id
  };

  static void forget(Peer& peer, const std::string& apex);
  NotifyDatagram make_datagram(const NotifyTarget& target, std::uint16_t id, Item& item,
                               MonoTime now, WallTime wall);
  void start_waiting(Peer& peer, MonoTime now, WallTime wall,
                     std::vector<NotifyDatagram>& datagrams);
  static NotifyResult result_of(const Peer& peer, const Item& item, NotifyOutcome outcome);

  Random random_;
  std::map<const NotifyTarget*, Peer> peers_;
};

}  // namespace gslb::transfer
