// Fetching for the cache: one detached coroutine per flight, which no client can take down.
//
// Why detached: the fetch of a flight serves everybody who follows it and the store.  If it lived
// in the leader's connection, a leader that hangs up would strand the rest.
#pragma once

#include <string>

#include "edge/cache/flight.h"
#include "edge/serve/worker.h"
#include "edge/tier/router.h"

namespace edge::serve {

// As the two fields have it.
struct RangeAsk {
  std::string range;     // "": the whole
  std::string if_range;  // may be ""
};

struct FetchPlan {
  std::string key;
  http::RequestHead request;  // the leader's
  cache::RequestRules rules;
  config::ConfigRef config;
  const config::Origin* origin = nullptr;  // of `config`
  std::string client;                      // the leader's, as RequestScope's forwarded_client()
  cache::ObjectRef stale;                  // what to validate; may be null
  // A stored part, which what comes is joined with where it fits; may be null.
  cache::ObjectRef part;
  RangeAsk ask;
  RangeAsk other;          // asked for when the first answer was of no use
  bool rest_only = false;  // `ask` is what `part` lacks: of no use without it
  tier::Route route;
  cache::FlightRef flight;
  bool joinable = true;         // the flight is in the table
  bool stale_on_error = false;  // a 5xx is a failure: who waits has something better
  bool background = false;      // nobody waits
};

// Starts it on the worker's loop.  The flight will be resolved or failed, whatever happens.
void start_fetch(Worker& worker, FetchPlan plan);

}  // namespace edge::serve
