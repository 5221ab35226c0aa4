// What the GSLB has its edges do beside probes: purges, each with a number of the GSLB's journal,
// repeated until the edge says that it has seen it.  The written specification is
// docs/heartbeat.md.
//
// Source: RFC 8259 (JSON).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/result.h"

namespace gslb::fleet {

inline constexpr std::size_t kMaxOrderValueOctets = 4096;
inline constexpr std::size_t kMaxOrdersAtOnce = 1000;       // in one request of an operator
inline constexpr std::size_t kMaxOrderPage = 256;           // in one reply
inline constexpr std::size_t kMaxOrderPageOctets = 49'152;  // of JSON

enum class OrderKind : std::uint8_t { kUrl, kPrefix, kHost, kKey, kAll, kPrefetch };
inline constexpr std::array<std::string_view, 6> kOrderKindNames = {"url", "prefix", "host",
                                                                    "key", "all",    "prefetch"};
// "url" "prefix" …; what is no such word is nothing.
std::optional<OrderKind> parse_order_kind(std::string_view text) noexcept;

struct Order {
  std::uint64_t id = 0;  // ascending within a journal
  OrderKind kind = OrderKind::kUrl;
  bool soft = false;        // of purges: stale from now on, instead of gone
  std::string value;        // printable ASCII; "" with kAll only
  std::uint64_t at_ms = 0;  // since 1970, when it was given; of the GSLB's own, edges don't get it
  friend bool operator==(const Order&, const Order&) = default;
};

// How far an edge followed a journal; part of its heartbeat.
struct OrdersSeen {
  std::uint64_t journal = 0;  // 0: none yet
  std::uint64_t seen = 0;
  // Since 1970, when its store was empty: older orders don't concern it.  0: it never was.
  std::uint64_t empty_ms = 0;
  friend bool operator==(const OrdersSeen&, const OrdersSeen&) = default;
};

// What comes with the reply: to be done in this order, then `seen` is what was seen.
struct OrderPage {
  std::uint64_t journal = 0;
  std::uint64_t seen = 0;
  std::vector<Order> orders;
  friend bool operator==(const OrderPage&, const OrderPage&) = default;
};

// What an operator wants: {"soft":true,"urls":["http://…"],"prefixes":[…],"hosts":[…],"keys":[…],
// "all":true}; at least one, at most kMaxOrdersAtOnce.  The error is one line for people.
Result<std::vector<Order>, std::string> parse_purge_request(std::string_view body);

struct PrefetchRequest {
  std::vector<std::string> urls;  // of http or https
  unsigned priority = 5;          // 0 … 9, which goes first
  bool off_peak = false;
};
// {"urls":["http://…"],"priority":7,"off_peak":true}; at most kMaxOrdersAtOnce URLs.
Result<PrefetchRequest, std::string> parse_prefetch_request(std::string_view body);

// One order a line, as the GSLB's journal has them.
std::string write_order_line(const Order& order);
std::optional<Order> parse_order_line(std::string_view line);
bool is_order(const Order& order) noexcept;

}  // namespace gslb::fleet
