#include "edge/report/admin_wait.h"

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace edge::report {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kPatience{30};

struct Waiting {
  asio::steady_timer timer;
  std::optional<AdminAnswer> answer;
};

}  // namespace

asio::awaitable<std::optional<AdminAnswer>> ask(asio::io_context& loop, const AdminHandler& handler,
                                                const AdminRequest& request) {
  const auto waiting =
      std::make_shared<Waiting>(Waiting{asio::steady_timer(loop, kPatience), std::nullopt});
  const bool known = handler(request, [&loop, waiting](AdminAnswer answer) {
    asio::post(loop, [waiting, answer = std::move(answer)]() mutable {
      waiting->answer = std::move(answer);
      waiting->timer.cancel();
    });
  });
  if (!known) { co_return std::nullopt; }
  boost::system::error_code ignored;
  co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return waiting->answer.value_or(AdminAnswer{504, ""});
}

}  // namespace edge::report
