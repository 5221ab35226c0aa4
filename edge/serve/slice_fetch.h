// Fetching one slice of a large response: a detached coroutine per slice, as fetch.h's.
#pragma once

#include <cstdint>
#include <memory>

#include "edge/serve/fetch.h"

namespace edge::serve {

struct SlicePlan {
  FetchPlan fetch;  // key: of the response; flight: of the slice
  cache::ObjectRef index;
  std::uint64_t number = 0;
  // The response that made the index, if its body begins with the slice; null: it is asked for.
  std::unique_ptr<origin::Exchange> exchange = nullptr;
  bool ends_with_slice = false;  // that body
};

// Starts it on the worker's loop.  The flight will be resolved or failed, whatever happens; with
// FetchFailure::changed when the origin has another representation now, and then the index is void.
void start_slice_fetch(Worker& worker, SlicePlan plan);

// The slice is the caller's to fetch, with this flight; null: somebody else fetches it.
cache::FlightRef lead_slice(Worker& worker, const SlicePlan& plan);

}  // namespace edge::serve
