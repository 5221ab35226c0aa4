// DNS over UDP and ICMP echo: one datagram out, one that answers it in.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/datagram_protocol.hpp>
#include <boost/asio/generic/raw_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gslb/base/entropy.h"
#include "gslb/monitor/attempt.h"
#include "gslb/monitor/dns_reply.h"
#include "gslb/monitor/echo.h"
#include "gslb/transfer/primary_query.h"

namespace gslb::monitor {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMostOctets = 65'535;

// Sends `query`, then reads until `judge` has a verdict.
template <typename Socket, typename Judge>
asio::awaitable<Finding> exchange(Socket& socket, Attempt& attempt,
                                  const std::vector<std::uint8_t>& query, Judge judge) {
  const AbortGuard guard(attempt, [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  attempt.step = "sending";
  const auto [unsent, sent] = co_await socket.async_send(asio::buffer(query), kResult);
  if (unsent) { co_return failed(attempt, unsent); }
  attempt.step = "waiting for the answer";
  std::vector<std::uint8_t> buffer(kMostOctets);
  for (;;) {
    const auto [error, size] = co_await socket.async_receive(asio::buffer(buffer), kResult);
    if (error) { co_return failed(attempt, error); }
    const auto found = judge(Octets(buffer.data(), size));
    if (found) { co_return *found; }
  }
}

asio::awaitable<Finding> dns(io_context& io, std::shared_ptr<Attempt> attempt) {
  asio::ip::udp::socket socket(io);
  error_code error;
  const asio::ip::udp::endpoint to(asio::ip::make_address(attempt->target.item),
                                   attempt->options().port);
  socket.connect(to, error);
  if (error) { co_return failed(*attempt, error); }
  const auto random = random_octets<2>();
  const std::uint16_t id = load_u16(random.data());
  const Prepared& how = *attempt->target.how;
  auto query = transfer::write_query({.apex = how.name, .id = id, .type = how.type});
  query[2] |= 1;  // RD, for resolvers
  co_return co_await exchange(socket, *attempt, query,
                              [&how, id](Octets message) { return judge_dns(how, id, message); });
}

template <typename Protocol>
asio::awaitable<Finding> echo(io_context& io, Attempt& attempt, bool* lacks_privilege) {
  const Address& address = *attempt.target.address;
  const int family = address.is_v6() ? AF_INET6 : AF_INET;
  typename Protocol::socket socket(io);
  error_code error;
  const int icmp = address.is_v6() ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  socket.open(Protocol(family, icmp), error);
  if (error) {
    *lacks_privilege = error.value() == EACCES || error.value() == EPERM;
    co_return failed(attempt, error);
  }
  const asio::ip::udp::endpoint to(asio::ip::make_address(attempt.target.item), 0);
  socket.connect(typename Protocol::endpoint(to.data(), to.size()), error);
  if (error) { co_return failed(attempt, error); }
  const auto nonce = random_octets<kNonceOctets>();
  co_return co_await exchange(socket, attempt, write_echo(address.is_v6(), nonce),
                              [&](Octets message) -> std::optional<Finding> {
                                if (!is_echo_reply(address.is_v6(), nonce, message)) {
                                  return std::nullopt;
                                }
                                return Finding{};
                              });
}

// A ping socket where the system allows them, else a raw one.
asio::awaitable<Finding> icmp(io_context& io, std::shared_ptr<Attempt> attempt) {
  bool lacks_privilege = false;
  using asio::generic::datagram_protocol;
  using asio::generic::raw_protocol;
  Finding finding = co_await echo<datagram_protocol>(io, *attempt, &lacks_privilege);
  if (!lacks_privilege) { co_return finding; }
  lacks_privilege = false;
  finding = co_await echo<raw_protocol>(io, *attempt, &lacks_privilege);
  if (!lacks_privilege) { co_return finding; }
  co_return Finding{fleet::Outcome::kUnasked,
                    "no privilege for ICMP: give the process CAP_NET_RAW, or its group a place in "
                    "net.ipv4.ping_group_range"};
}

}  // namespace

void ask_dns(io_context& io, const std::shared_ptr<Attempt>& attempt) {
  asio::co_spawn(io, dns(io, attempt), finisher(attempt));
}

void ask_icmp(io_context& io, const std::shared_ptr<Attempt>& attempt) {
  asio::co_spawn(io, icmp(io, attempt), finisher(attempt));
}

}  // namespace gslb::monitor
