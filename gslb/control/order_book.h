// What edges were ordered, and who has seen what of it: the journal behind `proximactl purge`.
//
// Source: docs/heartbeat.md, "Orders".
//
// Every order has a number.  An edge says with its heartbeats how far it came; the reply brings
// what follows, until it is there.  A node that was away so gets what it missed when it comes back;
// one that missed more than is kept has to take all it has for stale.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/fleet/report.h"

namespace gslb::control {

struct OrderBookLimits {
  std::size_t orders = 16'384;
  std::size_t octets = 4 << 20;  // of values
};

// Control-loop-only.
class OrderBook {
 public:
  using Limits = OrderBookLimits;
  // `folder`: where it is kept, read now, made if it is missing; "": a restart forgets what was
  // ordered.
  explicit OrderBook(const std::string& folder, Limits limits = {});
  ~OrderBook();
  OrderBook(const OrderBook&) = delete;
  OrderBook& operator=(const OrderBook&) = delete;

  // Numbers them; they are in the file when it returns.  Returns the last one's number; nullopt:
  // the file can't be written, and nothing was ordered.
  std::optional<std::uint64_t> add(std::vector<fleet::Order> orders, WallTime now);

  // An accepted heartbeat: what its node is to be told, if anything.
  std::optional<fleet::OrderPage> hear(const fleet::Report& report, WallTime now);

  struct NodeSeen {
    std::string cluster;
    std::string node;
    std::uint64_t seen = 0;
    WallTime heard;
    milliseconds interval{};  // of its heartbeats
  };
  struct Status {
    std::uint64_t journal = 0;
    std::uint64_t first = 1;  // the oldest that is kept
    std::uint64_t last = 0;
    std::uint64_t octets = 0;
    std::vector<NodeSeen> nodes;  // that take orders
  };
  Status status() const;

 private:
  using NodeId = std::pair<std::string, std::string>;
  bool read();
  bool rewrite();
  bool append(const std::string& lines);
  void cut();
  fleet::OrderPage page_after(std::uint64_t seen) const;
  // The last order that was given before, surely.
  std::uint64_t last_before(std::uint64_t wall_ms) const;

  const std::string file_;
  const Limits limits_;
  std::uint64_t journal_;
  std::uint64_t first_ = 1;
  std::uint64_t last_ = 0;
  std::deque<fleet::Order> orders_;  // first_ … last_, without gaps
  std::size_t octets_ = 0;
  int descriptor_ = -1;
  std::map<NodeId, NodeSeen> nodes_;
};

}  // namespace gslb::control
