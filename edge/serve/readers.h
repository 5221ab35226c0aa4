// A writer of a body waits for those who read it.
#pragma once

#include "edge/cache/body.h"
#include "edge/serve/signal.h"

namespace edge::serve {

// Until `body` has room; at once when all of it is kept.  False: who read it has left, or has said
// that he is not going to.  `signal` is the caller's own and must outlive the wait.
Awaitable<bool> wait_for_readers(cache::Body& body, Signal& signal);

}  // namespace edge::serve
