// What the kinds of asking share: their end in time and what an error means.  Internal to
// gslb/monitor.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/monitor/prepared.h"

namespace boost::system {
class error_code;
}
namespace boost::asio {
class io_context;
}

namespace gslb::monitor {

using boost::asio::io_context;

// One asking under way.  Monitor thread only; held by shared_ptr until it is over.
struct Attempt {
  Target target;
  std::function<void(Finding)> done;
  // Ends what is being waited for; empty: nothing to end.  Called once, when the time is over.
  std::function<void()> abort;
  const char* step = "";  // "connecting": what it timed out at
  bool timed_out = false;

  const config::Monitor& options() const { return target.how->options; }
};

// Sets Attempt::abort for as long as it lives.
class AbortGuard {
 public:
  AbortGuard(Attempt& attempt, std::function<void()> abort) : attempt_(attempt) {
    attempt_.abort = std::move(abort);
  }
  ~AbortGuard() { attempt_.abort = nullptr; }
  AbortGuard(const AbortGuard&) = delete;
  AbortGuard& operator=(const AbortGuard&) = delete;

 private:
  Attempt& attempt_;
};

// "connecting: Connection refused".  What is our own want (descriptors, privilege, an address
// family) says nothing of the target.
Finding failed(const Attempt& attempt, const boost::system::error_code& error);

// What a coroutine's end makes of the attempt: calls attempt->done.
std::function<void(std::exception_ptr, Finding)> finisher(const std::shared_ptr<Attempt>& attempt);

// Each begins one asking and calls attempt->done when it is over, at the latest soon after
// attempt->abort was called.  Must not call it before returning.
void ask_tcp(io_context& io, const std::shared_ptr<Attempt>& attempt);  // http and https as well
void ask_dns(io_context& io, const std::shared_ptr<Attempt>& attempt);
void ask_icmp(io_context& io, const std::shared_ptr<Attempt>& attempt);
void ask_command(io_context& io, const std::shared_ptr<Attempt>& attempt);

}  // namespace gslb::monitor
