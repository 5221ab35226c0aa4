// The body of a thread that serves an event loop until it is stopped.
#pragma once

#include <exception>
#include <string_view>

#include "gslb/base/log.h"

namespace gslb {

// Runs `io` (an asio::io_context; a template, so that only its users include Asio) until it has
// nothing left to do.  What a handler throws is logged under `room` and ends that handler only.
template <typename Io>
void run_io(Io& io, std::string_view room) noexcept {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& exception) {
      log_error(room, "unexpected failure", {{"why", exception.what()}});
    }
  }
}

}  // namespace gslb
