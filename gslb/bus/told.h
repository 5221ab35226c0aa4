// Who asked for a swap, told once whatever becomes of the job.  Internal to gslb/bus.
#pragma once

#include <utility>

#include "gslb/bus/nats_client.h"

namespace gslb::bus {

// Thread-compatible.  Goes without having told: not connected.
class Told {
 public:
  explicit Told(NatsClient::OnSwapped to) : to_(std::move(to)) {}
  ~Told() { tell(Unexpected(SwapError::kNotConnected)); }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

  void tell(Result<void, SwapError> result) {
    if (to_) { std::exchange(to_, nullptr)(std::move(result)); }
  }

 private:
  NatsClient::OnSwapped to_;
};

}  // namespace gslb::bus
