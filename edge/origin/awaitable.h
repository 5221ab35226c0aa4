// Asio's coroutine type by name only: Asio's headers cost 2.4 s a translation unit and stay in .cc
// files, yet coroutines of one room are awaited in another.
#pragma once

namespace boost::asio {
template <typename T, typename Executor>
class awaitable;
class any_io_executor;
class io_context;
}  // namespace boost::asio

namespace edge::origin {

template <typename T>
using Awaitable = boost::asio::awaitable<T, boost::asio::any_io_executor>;

}  // namespace edge::origin
