// A connection for which there is no room is told so instead of being cut.
#pragma once

#include "edge/serve/worker.h"

namespace edge::serve {

// Takes the descriptor of a connection that speaks plain HTTP.  Says 503, waits a moment for the
// client to close, for a close with unread octets would take the answer along.  Bounded in time and
// number: beyond, connections are closed at once.
void turn_away(Worker& worker, int descriptor, bool is_v6);

}  // namespace edge::serve
