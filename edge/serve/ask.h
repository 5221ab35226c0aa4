// Asking for what a plan says, by its route: the request goes out, the final head comes back.
#pragma once

#include <memory>

#include "edge/serve/fetch.h"
#include "edge/serve/upstream.h"
#include "gslb/base/result.h"

namespace edge::serve {

struct Asked {
  std::unique_ptr<Upstream> exchange;  // its body is yet to be read
  http::ResponseHead head;             // final
  cache::Exchange moments;
};

// Interim heads are told to the plan's flight.  Counts no failure.  `worker` and
// `plan` must stay until it is done.
origin::Awaitable<gslb::Result<Asked, cache::FetchFailure>> ask(Worker& worker,
                                                                const FetchPlan& plan,
                                                                http::RequestHead request);

// The origin's head as the plan's request has it; Range, If-Range and what validates are added.
http::RequestHead head_for(const Worker& worker, const FetchPlan& plan);

// RFC 5861 4: what a stale response may stand in for.
bool is_server_error(int status) noexcept;

}  // namespace edge::serve
