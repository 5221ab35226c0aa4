// Waiting on a loop for what somebody else answers on any thread.
#pragma once

#include <optional>

#include "edge/report/admin.h"

namespace boost::asio {
template <typename T, typename Executor>
class awaitable;
class any_io_executor;
class io_context;
}  // namespace boost::asio

namespace edge::report {

// Nothing: the handler knows no such path.  504 when it takes more than half a minute.  Loop-
// confined; `request` and `handler` must stay valid until it is done.
boost::asio::awaitable<std::optional<AdminAnswer>, boost::asio::any_io_executor> ask(
    boost::asio::io_context& loop, const AdminHandler& handler, const AdminRequest& request);

}  // namespace edge::report
