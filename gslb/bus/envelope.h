// What stands around a body on the bus: who sent it, when, and proof of both.
//
// Source: docs/bus.md "Envelope", "Heartbeats", "Orders".  Pure: time and key are arguments.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"

namespace gslb::bus {

inline constexpr std::size_t kMaxBodyOctets = 900'000;
inline constexpr std::size_t kMaxSenderOctets = 63;  // of the id, unescaped

// Of a GSLB node.
struct Sender {
  std::string id;
  std::uint64_t incarnation = 0;  // its start, ms since 1970
  friend bool operator==(const Sender&, const Sender&) = default;
};

struct Opened {
  Sender sender;
  std::uint64_t sequence = 0;
  std::uint64_t time_ms = 0;  // since 1970, when it was signed
  std::string_view body;      // of the octets opened
};

enum class EnvelopeError : std::uint8_t { kMalformed, kWrongSignature, kSkew, kNotNewer };
inline constexpr std::size_t kEnvelopeErrors = 4;
std::string_view describe(EnvelopeError error) noexcept;

// The message for `subject`.  REQUIRES: a subject without spaces and controls, body.size() <=
// kMaxBodyOctets.
std::string seal(std::string_view key, std::string_view subject, const Sender& sender,
                 std::uint64_t sequence, WallTime now, std::string_view body);

// `max_age`, `max_ahead`: how far in the past, and in the future, it may have been signed.
Result<Opened, EnvelopeError> open(std::string_view key, std::string_view subject,
                                   std::string_view octets, WallTime now, milliseconds max_age,
                                   milliseconds max_ahead);

// The last message taken of each sender and subject.  Thread-compatible.  Bounded: of more than
// kMost pairs the one not heard of for longest is forgotten; its messages are still no older than
// open() lets them be.
class Newest {
 public:
  static constexpr std::size_t kMost = 65'536;

  // True, and it is the newest from now on, when it is newer than the last one taken.
  bool take(std::string_view subject, const Opened& message);

 private:
  struct Seen {
    std::uint64_t incarnation = 0;
    std::uint64_t sequence = 0;
    std::uint64_t turn = 0;  // of the clock of calls, when it was taken
  };
  std::map<std::string, Seen, std::less<>> seen_;  // by sender, SPACE, subject
  std::map<std::uint64_t, std::string> by_turn_;
  std::uint64_t turns_ = 0;
};

// A heartbeat on the bus: the header fields of docs/heartbeat.md, as they are signed there.
struct Beat {
  std::string cluster;
  std::string_view time_ms;
  std::string_view signature;
  std::string_view body;
};
std::string write_beat(std::string_view cluster, std::string_view time_ms,
                       std::string_view signature, std::string_view body);
// Nothing of it has been proved.
std::optional<Beat> parse_beat(std::string_view octets);

// Orders for a node on the bus, likewise.
struct OrdersMessage {
  std::string_view time_ms;  // of the heartbeat that is answered
  std::string_view signature;
  std::string_view body;
};
std::string write_orders(std::string_view time_ms, std::string_view signature,
                         std::string_view body);
std::optional<OrdersMessage> parse_orders_message(std::string_view octets);

}  // namespace gslb::bus
