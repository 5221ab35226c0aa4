// Sockets that wait for clients.
#pragma once

#include <string>

#include "gslb/base/ip.h"

namespace edge::serve {

// A listening socket of one worker's own: the kernel spreads connections over all of an address
// by their hash (SO_REUSEPORT).  A port 0 in `at` is replaced by the port that was got.  -1 with
// `error` set when the address can't be had.
int open_listener(gslb::Endpoint& at, std::string* error);

}  // namespace edge::serve
