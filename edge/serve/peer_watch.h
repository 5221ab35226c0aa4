// Asks the other edges now and then whether they want requests, one process once.
//
// Why on the listener for clients and not the admin's: what has to work for requests is what is
// asked, the shared key included.
#pragma once

#include "edge/serve/worker.h"
#include "edge/tier/peers.h"

namespace edge::serve {

// Runs on the worker's loop until that ends; follows reloads.
void watch_peers(Worker& worker);

// For /metrics.
std::vector<report::PeerFigures> peer_figures(const tier::Peers& peers);

}  // namespace edge::serve
