// An object an operator puts into the cache, as if it had been fetched.
//
// Source: RFC 9111 3 (what may be stored); the same rules as for what origins say.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "edge/serve/worker.h"

namespace edge::serve {

struct Pushed {
  std::string url;
  std::vector<std::pair<std::string, std::string>> fields;  // of the response, and of the request
  std::string body;
};

struct PushOutcome {
  unsigned status = 201;
  std::string error;       // for people
  std::int64_t ttl_s = 0;  // of what is stored
};
// Thread-safe.
PushOutcome push(Shared& shared, const config::Config& config, Pushed pushed);

}  // namespace edge::serve
