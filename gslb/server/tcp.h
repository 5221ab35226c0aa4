// TCP and TLS connections of one worker.
//
// Source: RFC 1035 4.2.2 (length prefix), RFC 7766 (6.2.1.1 pipelining, 6.2.3 idle, 8 framing),
// RFC 7858 3.3 (the same over TLS).
//
// Why buffers are the worker's and not the connection's: an idle client costs a few hundred
// octets, not 128 KiB.  A connection owns only what is left over: the start of a message that has
// not arrived whole, and answers the socket had no room for.  For the same reason a stream of
// messages is pulled one buffer at a time, as the socket takes it.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gslb/base/hash.h"
#include "gslb/base/published.h"
#include "gslb/server/channel.h"
#include "gslb/server/handler.h"
#include "gslb/server/options.h"
#include "gslb/server/poller.h"
#include "gslb/server/server_counters.h"
#include "gslb/server/socket.h"
#include "gslb/server/tls_context.h"

namespace gslb::server {

// Worker-confined.  Allocates when it has more connections, longer fragments or more unsent
// octets than ever before, never per message.
class TcpService {
 public:
  // All references must outlive the service.
  TcpService(const TcpLimits& limits, const PrefixSet& proxies, Handler& handler,
             ServerCounters& counters, Poller& poller, const Published<TlsContext>& tls);

  // Takes a listening socket for kTcp or kTls; for kTls `tls` must have published a context.
  // False with errno set when epoll refuses it.
  bool listen(UniqueFd fd, Transport transport);

  // How long the poller may sleep until expire() has something to do; -1: for ever.
  int next_timeout_ms(MonoTime now) const noexcept;
  // Closes who was idle or slow too long, and accepts again after a pause.
  void expire(MonoTime now) noexcept;

  // Accepts and answers what the kernel already holds, then takes nothing new: connections close
  // as soon as their answers are sent.
  void begin_drain(MonoTime now) noexcept;
  bool is_drained() const noexcept { return opening_.empty() && idle_.empty() && busy_.empty(); }
  void close_all() noexcept;

 private:
  struct Listener final : EventSink {
    Listener(TcpService& to, UniqueFd socket, Transport over) noexcept
        : service(to), fd(std::move(socket)), transport(over) {}
    void on_ready(MonoTime now) noexcept override { service.accept(*this, now); }
    TcpService& service;
    UniqueFd fd;
    Transport transport;
  };
  struct Connection final : EventSink {
    explicit Connection(TcpService& to) noexcept : service(to) {}
    void on_ready(MonoTime now) noexcept override { service.serve(*this, now); }
    bool has_unsent() const noexcept { return sent < unsent.size(); }
    // Its next query has to wait.
    bool is_busy() const noexcept { return has_unsent() || stream != nullptr; }

    TcpService& service;
    std::list<Connection>* list = nullptr;  // the one `self` is in
    std::list<Connection>::iterator self;
    UniqueFd fd;  // closed: on the free list
    Interest interest = Interest::kRead;
    Peer peer;
    TlsPeer tls_peer;
    bool is_counted = false;     // in per_client_
    bool awaits_header = false;  // a load balancer's
    bool is_timed = false;       // its handshake's RTT is told of, or says nothing of the client
    Channel* channel = nullptr;  // one of the next two
    PlainChannel plain;
    std::unique_ptr<TlsChannel> tls;
    MonoTime since;  // opening: accepted; idle: last whole message; busy: last all sent
    std::vector<std::uint8_t> partial;  // received, not answered
    std::vector<std::uint8_t> unsent;   // from `sent` on
    std::size_t sent = 0;
    std::unique_ptr<MessageStream> stream;  // an answer of many messages, not at its end
  };
  using Connections = std::list<Connection>;
  struct ClientHash {
    std::size_t operator()(const Address& address) const noexcept {
      return hash_octets(address.octets());
    }
  };

  static Address client_of(const Address& address) noexcept;
  bool accept(Listener& listener, MonoTime now) noexcept;
  void admit(UniqueFd fd, const Peer& peer, MonoTime now) noexcept;
  bool count_client(Connection& connection) noexcept;
  void forget_client(Connection& connection) noexcept;
  bool open(Connection& connection, MonoTime now) noexcept;
  bool open_channel(Connection& connection) noexcept;
  bool read_proxy_header(Connection& connection) noexcept;
  void pause_accepting(MonoTime now) noexcept;
  void make_room() noexcept;

  void serve_waiting(MonoTime now) noexcept;

  void serve(Connection& connection, MonoTime now) noexcept;
  bool serve_once(Connection& connection, MonoTime now) noexcept;
  void want(Connection& connection, Interest interest) noexcept;
  std::optional<std::size_t> receive(Connection& connection) noexcept;
  bool answer(Connection& connection, std::size_t received, MonoTime now) noexcept;
  bool send(Connection& connection, std::size_t octets) noexcept;
  bool send_unsent(Connection& connection) noexcept;
  bool send_more(Connection& connection, MonoTime now) noexcept;
  bool pull(Connection& connection, MonoTime now) noexcept;
  void enter(Connections& list, Connection& connection, MonoTime now) noexcept;
  void close(Connection& connection, Counter& reason) noexcept;

  const TcpLimits limits_;
  const PrefixSet& proxies_;
  Handler& handler_;
  ServerCounters& counters_;
  Poller& poller_;
  std::list<Listener> listeners_;
  std::optional<MonoTime> accept_again_;  // set while accepting is paused
  bool draining_ = false;

  // Each connection is in one of these; nodes move by splice, so addresses stay.  Longest waiting
  // first, as each list has one time limit and entries join at the end.
  Connections opening_;  // in their handshake, or no PROXY header yet
  Connections idle_;
  Connections busy_;  // with answers the socket has no room for, or a stream to go on with
  Connections free_;
  std::unordered_map<Address, unsigned, ClientHash> per_client_;

  Published<TlsContext>::Reader tls_;
  std::unique_ptr<TlsFeed> tls_feed_;
  std::vector<std::uint8_t> input_;
  std::vector<std::uint8_t> output_;
};

}  // namespace gslb::server
