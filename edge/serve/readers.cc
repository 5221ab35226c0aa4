#include "edge/serve/readers.h"

#include <boost/asio/awaitable.hpp>

namespace edge::serve {

Awaitable<bool> wait_for_readers(cache::Body& body, Signal& signal) {
  while (!body.abandoned() && !body.may_append(signal.waker())) { co_await signal.wait(); }
  co_return !body.abandoned();
}

}  // namespace edge::serve
