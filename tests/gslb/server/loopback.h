// An echo server and blocking clients on loopback.
#pragma once

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <gtest/gtest.h>

#include "gslb/server/server.h"
#include "gslb/server/socket.h"

namespace gslb::server {

inline constexpr seconds kPatience{10};  // for what must come; never waited for in full

// Answers each message with itself, but for the commands in its 13th octet.
class EchoHandler final : public Handler {
 public:
  static constexpr std::uint8_t kSilence = 'S';  // no answer
  static constexpr std::uint8_t kBig = 'B';      // as long as it may be
  static constexpr std::uint8_t kStream = 'M';   // a stream of as many messages as its number says

  // Numbered from 0; as long as the query, or as long as they may be if it is longer than 100.
  class Stream final : public MessageStream {
   public:
    explicit Stream(Octets query) : query_(query.begin(), query.end()) {
      std::memcpy(&left_, query.data(), sizeof left_);
      alive().fetch_add(1);
    }
    ~Stream() override { alive().fetch_sub(1); }
    // Of all handlers.
    static std::atomic<int>& alive() {
      static std::atomic<int> count{0};
      return count;
    }
    std::size_t next(MutableOctets out) noexcept override {
      if (left_ == 0) return 0;
      --left_;
      const std::size_t size = query_.size() > 100 ? out.size() : query_.size();
      std::memset(out.data(), 0, size);
      std::memcpy(out.data(), &sent_, sizeof sent_);
      ++sent_;
      return size;
    }

   private:
    std::vector<std::uint8_t> query_;
    std::uint32_t left_ = 0;
    std::uint32_t sent_ = 0;
  };

  void begin_batch() noexcept override {}
  std::size_t handle(Octets message, const Peer& peer, MutableOctets out) noexcept override {
    const std::uint8_t command = message.size() > 12 ? message[12] : 0;
    if (command == kStream && peer.transport != Transport::kUdp) {
      stream_ = std::make_unique<Stream>(message);
      return 0;
    }
    if (command == kSilence) return 0;
    std::memcpy(out.data(), message.data(), message.size());
    if (command != kBig) return message.size();
    std::memset(out.data() + message.size(), 'x', out.size() - message.size());
    return out.size();
  }
  std::unique_ptr<MessageStream> take_stream() noexcept override { return std::move(stream_); }

 private:
  std::unique_ptr<MessageStream> stream_;
};

// A message with a number in it.
inline std::string message(std::uint32_t number, std::size_t size = 32, char command = 0) {
  std::string text(size, '\0');
  std::memcpy(text.data(), &number, sizeof number);
  if (size > 12) text[12] = command;
  return text;
}

inline std::string framed(const std::string& text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())} + text;
}

inline sockaddr_storage to_sockaddr(const Endpoint& at, socklen_t* length) {
  sockaddr_storage storage{};
  const Octets octets = at.address.octets();
  if (at.address.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(at.port);
    std::memcpy(&v6.sin6_addr, octets.data(), 16);
    *length = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(at.port);
    std::memcpy(&v4.sin_addr, octets.data(), 4);
    *length = sizeof v4;
  }
  return storage;
}

inline UniqueFd client_socket(int type, const Endpoint& to, const Endpoint& from = {}) {
  socklen_t length = 0;
  const sockaddr_storage source = to_sockaddr(from, &length);
  const sockaddr_storage address = to_sockaddr(to, &length);
  UniqueFd fd(::socket(address.ss_family, type | SOCK_CLOEXEC, 0));
  const timeval patience{kPatience.count(), 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (type == SOCK_STREAM) {
    const int on = 1;  // parts of messages leave when they are sent
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (from != Endpoint{}) {
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&source), length), 0);
  }
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length), 0)
      << std::strerror(errno);
  return fd;
}

class UdpClient {
 public:
  // Connected: an answer from another address than the one asked never arrives.
  explicit UdpClient(const Endpoint& to) : fd_(client_socket(SOCK_DGRAM, to)) {}

  void send(const std::string& text) {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // Empty when nothing came.
  std::string receive() {
    std::string text(65536, '\0');
    const ssize_t got = ::recv(fd_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  std::string ask(const std::string& text) {
    send(text);
    return receive();
  }
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

class TcpClient {
 public:
  explicit TcpClient(const Endpoint& to, const Endpoint& from = {})
      : fd_(client_socket(SOCK_STREAM, to, from)) {}

  void send(const std::string& octets) {
    EXPECT_EQ(::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(octets.size()));
  }
  // The next message; empty at the end of the connection.
  std::string receive() {
    const std::string prefix = read(2);
    if (prefix.size() < 2) return {};
    const auto size = load_u16(reinterpret_cast<const std::uint8_t*>(prefix.data()));
    return read(size);
  }
  std::string ask(const std::string& text) {
    send(framed(text));
    return receive();
  }
  // Waits until the server has closed; false when it sends something or lets us wait.
  bool is_closed() {
    char octet = 0;
    const ssize_t got = ::recv(fd_.get(), &octet, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }
  int fd() const { return fd_.get(); }

 private:
  std::string read(std::size_t size) {
    std::string text(size, '\0');
    const ssize_t got = ::recv(fd_.get(), text.data(), size, MSG_WAITALL);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  UniqueFd fd_;
};

class EchoServer {
 public:
  explicit EchoServer(ServerOptions options)
      : server_(std::move(options), [](unsigned) { return std::make_unique<EchoHandler>(); }) {
    const Problems problems = server_.start();
    EXPECT_FALSE(problems.has_errors()) << problems.to_string();
  }
  explicit EchoServer(std::vector<Endpoint> listen) : EchoServer(with(std::move(listen))) {}

  Server& operator*() { return server_; }
  Server* operator->() { return &server_; }
  Endpoint endpoint(std::size_t index = 0) const { return server_.endpoints().at(index); }
  // Summed over the workers.
  std::uint64_t count(Counter ServerCounters::*counter) const {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < server_.workers(); ++i) sum += (server_.counters(i).*counter).value();
    return sum;
  }
  std::uint64_t count_tcp(Counter StreamTraffic::*counter) const {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < server_.workers(); ++i) {
      sum += (server_.counters(i).tcp.*counter).value();
    }
    return sum;
  }
  // Waits until the counter has reached `value`: a client sees its answer before the worker counts.
  bool reaches(Counter ServerCounters::*counter, std::uint64_t value) const {
    const MonoTime deadline = std::chrono::steady_clock::now() + kPatience;
    while (count(counter) < value) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      ::poll(nullptr, 0, 1);
    }
    return true;
  }

 private:
  static ServerOptions with(std::vector<Endpoint> listen) {
    ServerOptions options;
    options.listen = std::move(listen);
    options.workers = 2;
    return options;
  }
  Server server_;
};

inline Endpoint loopback_v4() { return {Address::v4(0x7f000001), 0}; }

}  // namespace gslb::server
