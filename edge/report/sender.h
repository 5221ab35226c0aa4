// Delivers the newest heartbeat to one GSLB endpoint.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/config/config.h"
#include "gslb/fleet/report.h"

namespace boost::asio {
class io_context;
}

namespace edge::report {

// One heartbeat.
struct Outgoing {
  std::string body;
};

// Loop-confined, but for the figures.  A slow endpoint skips heartbeats instead of queueing them:
// only the newest says anything.
class Sender {
 public:
  using TakeOrders = std::function<void(const gslb::fleet::Orders&)>;

  // `take_orders`: for the orders of a reply that is signed as it should be.
  Sender(boost::asio::io_context& loop, config::ConfigRef config, config::Url url,
         TakeOrders take_orders);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void start();
  void submit(std::shared_ptr<const Outgoing> heartbeat);
  // No more heartbeats; ends after the one in hand.
  void finish();
  // After finish(): the one in hand is done.
  bool finished() const noexcept;

  const config::Url& url() const noexcept;
  std::uint64_t sent() const noexcept;
  std::uint64_t failed() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace edge::report
