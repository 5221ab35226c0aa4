// A connection to the brokers that comes back by itself, and never makes anybody wait.
//
// Source: docs/bus.md; NATS client protocol, JetStream key-value (ADR-8), by libnats.
//
// Why a room of its own around libnats: its calls block while a broker stalls, and the threads that
// own the fleet's state may not.  Here every call returns at once; what can't be sent is dropped
// and counted, because all that is said on the bus is said again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"

namespace gslb::bus {

struct NatsOptions {
  std::vector<std::string> servers;  // nats://host:port or tls://host:port; in the order of a lot
  std::string name;                  // as the broker lists us
  std::string user;
  std::string password;
  std::string token;
  std::string credentials_file;  // a user's JWT and seed
  std::string ca_file;           // whom to believe a certificate; "": the system's
  std::string certificate_file;  // our own, with key_file
  std::string key_file;
  milliseconds reconnect_wait{250};
  milliseconds ping_interval{1'000};  // a broker silent for three is left
  milliseconds request_timeout{2'000};
};

struct BucketOptions {
  std::string name;
  milliseconds expiry{0};  // of values; 0: never
  bool on_disk = false;
  std::int32_t replicas = 1;  // when it is made
};

struct BucketEntry {
  std::string key;
  std::string value;
};

enum class SwapError : std::uint8_t { kNotConnected, kConflict, kRefused };
std::string_view describe(SwapError error) noexcept;

struct NatsStatus {
  bool connected = false;
  bool tables_read = false;  // every followed bucket, since the connection came up
  std::string server;        // connected to
  std::string last_error;    // "" when there was none
  std::uint64_t connections = 0;
  std::uint64_t sent = 0;
  std::uint64_t dropped_out = 0;  // not sent: away, or the queue was full
  std::uint64_t received = 0;
  std::uint64_t dropped_in = 0;  // what was to hear them was too slow
  std::uint64_t failed_requests = 0;
};

// Thread-safe.  Handlers run on threads of the client's, one at a time for one subscription, and
// should be quick; they may call everything but stop().
class NatsClient {
 public:
  using OnMessage = std::function<void(std::string_view subject, std::string_view octets)>;
  // All a bucket has.
  using OnTable = std::function<void(std::vector<BucketEntry> entries)>;
  using OnSwapped = std::function<void(Result<void, SwapError>)>;

  static constexpr std::size_t kMostQueued = 4'096;  // messages, and requests
  static constexpr std::size_t kMostQueuedOctets = 16 << 20;
  static constexpr seconds kTableInterval{30};

  explicit NatsClient(NatsOptions options);
  // As stop().
  ~NatsClient();
  NatsClient(const NatsClient&) = delete;
  NatsClient& operator=(const NatsClient&) = delete;

  // `subject` may have wildcards.  REQUIRES: before start().
  void subscribe(std::string subject, OnMessage on_message);
  // Makes the bucket where it is missing; reads all of it when a connection is there, after each
  // reconnection and every kTableInterval.  Changes in between are heard by subscribe() on
  // "$KV.NAME.>", where no octets say that a value is gone.  REQUIRES: before start().
  void follow(BucketOptions bucket, OnTable on_table);

  void start();
  // Drops what is queued; swaps are told kNotConnected.  REQUIRES: nobody calls anything else
  // meanwhile.  Idempotent.
  void stop();

  // Soon, if connected.  A bucket's value is put by publishing to "$KV.NAME.KEY".
  void publish(std::string subject, std::string octets);
  // Puts `value` where the bucket has `expected` (nullopt: nothing, or an empty value), else
  // kConflict; another's change in between is one too.  `on_swapped` is called once, on any
  // thread.  REQUIRES: a followed bucket.
  void swap(const std::string& bucket, std::string key, std::optional<std::string> expected,
            std::string value, OnSwapped on_swapped);

  NatsStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gslb::bus
