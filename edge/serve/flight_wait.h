// Waiting for what a flight brings.
#pragma once

#include "edge/cache/flight.h"
#include "edge/serve/client_io.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// Returns once it is settled: the outcome is not pending.  Who leads passes his client on, to be
// sent the interim responses.
Awaitable<cache::Flight::Outcome> wait_for(Worker& worker, cache::FlightRef flight,
                                           ClientIo* leading = nullptr);

}  // namespace edge::serve
