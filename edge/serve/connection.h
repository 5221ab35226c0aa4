// A client's connection from accept to close: bounds every wait, and tells what the network did.
#pragma once

#include <memory>
#include <unordered_set>

#include "edge/serve/worker.h"

namespace edge::serve {

// What a worker can do to its connections from outside.  Worker-confined.
class ConnectionHandle {
 public:
  virtual ~ConnectionHandle() = default;
  // Ends it if it waits for a request; one that is being answered ends with that answer.
  virtual void end_if_idle() = 0;
};
using ConnectionSet = std::unordered_set<ConnectionHandle*>;

// Serves an accepted socket (given as its descriptor, ownership passes) of `listener` until it
// ends; `open` holds it meanwhile.  Worker, set and loop must outlive it.
void serve_connection(Worker& worker, ConnectionSet& open, int descriptor,
                      const gslb::Address& peer, const config::Listener& listener);

}  // namespace edge::serve
