// One connection of libnats with what hangs on it: subscriptions and buckets.  Internal to
// gslb/bus.
//
// libnats brings a connection back by itself, until a broker refuses us twice: then it is closed
// for good, and NatsClient makes another.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gslb/bus/nats_client.h"

namespace gslb::bus {

struct Heard {
  std::string subject;
  NatsClient::OnMessage on_message;
};

// Called on threads of libnats.  None may destroy the session.
struct SessionEvents {
  std::function<void()> up;  // again, after down
  std::function<void()> down;
  std::function<void()> closed;  // for good
  std::function<void(std::string)> error;
};

// Thread-safe.  Calls may take options.request_timeout.
class NatsSession {
 public:
  // Null, with `error` set: no broker would have us.  `heard` must outlive it.
  static std::shared_ptr<NatsSession> open(const NatsOptions& options,
                                           const std::vector<std::unique_ptr<Heard>>& heard,
                                           SessionEvents events, std::string* error);
  // As close(); after it nobody is called any more.
  ~NatsSession();
  NatsSession(const NatsSession&) = delete;
  NatsSession& operator=(const NatsSession&) = delete;

  bool is_connected() const;
  std::string server() const;
  std::uint64_t dropped() const;  // messages that whoever was to hear them was too slow for
  bool publish(const std::string& subject, const std::string& octets);
  // False with `error` set.  Makes the bucket where it is missing.
  bool read_table(const BucketOptions& bucket, std::vector<BucketEntry>& entries,
                  std::string* error);
  Result<void, SwapError> swap(const BucketOptions& bucket, const std::string& key,
                               const std::optional<std::string>& expected,
                               const std::string& value);
  // Wakes whoever waits for a broker in one of the calls above.
  void close();

 private:
  struct Impl;
  explicit NatsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gslb::bus
