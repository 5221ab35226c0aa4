#include "edge/serve/flight_wait.h"

#include <chrono>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

// The fetch has a timeout for each of its phases, so the flight always ends.

}  // namespace

Awaitable<cache::Flight::Outcome> wait_for(Worker& worker, cache::FlightRef flight,
                                           ClientIo* leading) {
  Signal signal(worker);
  while (true) {
    cache::Flight::Outcome outcome = flight->poll(signal.waker());
    std::vector<http::ResponseHead> interim;
    if (leading != nullptr) { interim = flight->take_interim(); }
    for (const http::ResponseHead& head : interim) {
      co_await leading->send_interim(head);  // a client that is gone shows later
    }
    if (!outcome.pending) { co_return outcome; }
    co_await signal.wait();
  }
}

}  // namespace edge::serve
