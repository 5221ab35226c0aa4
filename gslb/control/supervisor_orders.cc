// Orders to edges.
#include <utility>

#include "gslb/control/supervisor.h"

namespace gslb::control {

std::optional<std::uint64_t> Supervisor::order(std::vector<fleet::Order> orders) {
  return loop_->call([&] { return order_book_.add(std::move(orders), moment().wall); });
}

OrderBook::Status Supervisor::orders() {
  return loop_->call([this] { return order_book_.status(); });
}

}  // namespace gslb::control
