// Bodies coded and decoded while they arrive, each by a coroutine of its own.
//
// Why a body beside the body, and not a filter in each delivery: all clients that want the same
// coding read the same octets, made once; and as the coding hangs on the body it was made of,
// whatever ends that (purge, eviction, a newer response) ends it too, and whatever renews its head
// (a 304) leaves it alone.
#pragma once

#include <memory>
#include <string>

#include "edge/cache/object.h"
#include "edge/config/filters.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// The body in that coding: made before, being made, or begun now.  What is small and here is ready
// at once.  `key`: of the store, where the body is.  Null: there is no memory for it.
std::shared_ptr<cache::Body> coded_body(Worker& worker, const std::shared_ptr<cache::Body>& body,
                                        const std::string& key, config::Coding coding,
                                        const config::Compress& compress);

// What the body is the coding of.  Fails where the body is not in that coding, as a body that is
// cut does.  Null as above.
std::shared_ptr<cache::Body> decoded_body(Worker& worker, const std::shared_ptr<cache::Body>& body,
                                          config::Coding coding);

}  // namespace edge::serve
