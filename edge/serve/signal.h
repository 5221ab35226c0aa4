// A worker's signal: one coroutine sleeps until anybody, on any thread, says there is news.
#pragma once

#include "edge/origin/signal.h"
#include "edge/serve/worker.h"

namespace edge::serve {

using origin::Awaitable;

// As its base.
class Signal : public origin::Signal {
 public:
  explicit Signal(Worker& worker) : origin::Signal(worker.loop, worker.shared.halted) {}
};

}  // namespace edge::serve
