#include "edge/serve/signal.h"

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace edge::serve {

namespace asio = boost::asio;

struct Signal::State {
  explicit State(Worker& worker) : shared(worker.shared), loop(worker.loop), timer(loop) {}
  const Shared& shared;
  asio::io_context& loop;
  asio::steady_timer timer;
  bool woken = false;  // loop only
};

Signal::Signal(Worker& worker) : state_(std::make_shared<State>(worker)) {}
Signal::~Signal() = default;

std::function<void()> Signal::waker() {
  return [state = state_] {
    // A loop that is destroyed ends the readers in its coroutines, and these wake writers
    // elsewhere.
    if (state->shared.halted) { return; }
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

}  // namespace edge::serve
