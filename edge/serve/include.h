// One included response on its way into a page: asked for like a client's request, through the
// same steps, cache and limits.
//
// Source: ESI Language Specification 1.0, 3.1.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "edge/cache/body.h"
#include "edge/config/config.h"
#include "edge/serve/inclusion.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// What the request tells of itself.  Worker-confined.
struct Include {
  int status = 0;      // of the response; 0: not known yet
  bool ended = false;  // nothing more comes; the body is whole or has failed
  gslb::MonoTime began;
  std::function<void()> wake;  // called when one of these changes
  std::shared_ptr<cache::Body> body;
};

// Held by who wants the response; without it the request ends.
struct IncludeReader {
  IncludeReader(std::shared_ptr<Include> of, const std::function<void()>& wake)
      : include(std::move(of)), reader(include->body, 0, wake) {}
  const std::shared_ptr<Include> include;
  cache::Body::Reader reader;
};

// What an include needs of the page it stands in.
struct IncludingPage {
  const http::RequestHead& request;  // of the page
  const std::string& client;         // its address
  const config::Config& config;
  const config::Esi& esi;
  InclusionRef inclusion;
};

// Starts the request on the worker's loop.  Null when it is refused: no URL, of a host that is not
// served here, a page that includes itself, too deep or too many.
std::unique_ptr<IncludeReader> start_include(Worker& worker, const IncludingPage& page,
                                             const std::string& reference,
                                             const std::function<void()>& wake);

}  // namespace edge::serve
