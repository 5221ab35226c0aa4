#include "edge/origin/signal.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace edge::origin {

namespace asio = boost::asio;

struct Signal::State {
  State(asio::io_context& io, const std::atomic<bool>& end) : halted(end), loop(io), timer(io) {}
  const std::atomic<bool>& halted;
  asio::io_context& loop;
  asio::steady_timer timer;
  bool woken = false;  // loop only
};

Signal::Signal(asio::io_context& loop, const std::atomic<bool>& halted)
    : state_(std::make_shared<State>(loop, halted)) {}
Signal::~Signal() = default;

std::function<void()> Signal::waker() {
  return [state = state_] {
    // A loop that is destroyed ends the readers in its coroutines, and these wake writers
    // elsewhere.
    if (state->halted) { return; }
    asio::post(state->loop, [state] {
      state->woken = true;
      state->timer.cancel();
    });
  };
}

Awaitable<bool> Signal::wait(gslb::milliseconds timeout) {
  const std::shared_ptr<State> state = state_;
  if (!state->woken) {
    boost::system::error_code ignored;
    state->timer.expires_after(timeout);
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return std::exchange(state->woken, false);
}

Awaitable<bool> Signal::wait() { return wait(std::chrono::hours(24 * 365)); }

}  // namespace edge::origin
