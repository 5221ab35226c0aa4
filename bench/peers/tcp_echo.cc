#include "bench/peers/tcp_echo.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::size_t kPrefixOctets = 2;
constexpr std::size_t kBufferOctets = 1 << 17;

struct Buffers {
  std::array<std::uint8_t, kBufferOctets> in{};
  std::array<std::uint8_t, 2 * kBufferOctets> out{};
};

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, 128) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return -1;
  }
  std::printf("listening %u\n", unsigned{ntohs(address.sin_port)});
  std::fflush(stdout);
  return fd;
}

// False when the connection is over.  A message that has not arrived whole ends it too: the
// generator writes whole ones, and they are small.
bool serve(int fd, std::size_t answer_octets, Buffers& buffers) {
  const ssize_t received = recv(fd, buffers.in.data(), buffers.in.size(), MSG_DONTWAIT);
  if (received <= 0) { return false; }
  std::size_t written = 0;
  for (std::size_t at = 0; at < static_cast<std::size_t>(received);) {
    const std::size_t left = static_cast<std::size_t>(received) - at;
    const std::size_t size =
        left < kPrefixOctets ? left : (std::size_t{buffers.in[at]} << 8) | buffers.in[at + 1];
    const std::size_t answer = answer_octets == 0 ? size : answer_octets;
    if (size + kPrefixOctets > left || buffers.out.size() - written < kPrefixOctets + answer) {
      return false;
    }
    std::uint8_t* const out = buffers.out.data() + written;
    out[0] = static_cast<std::uint8_t>(answer >> 8);
    out[1] = static_cast<std::uint8_t>(answer);
    std::memcpy(out + kPrefixOctets, buffers.in.data() + at + kPrefixOctets,
                size < answer ? size : answer);
    out[kPrefixOctets + 2] |= 0x80;
    at += kPrefixOctets + size;
    written += kPrefixOctets + answer;
  }
  return send(fd, buffers.out.data(), written, MSG_NOSIGNAL) == static_cast<ssize_t>(written);
}

}  // namespace

bool echo_over_tcp(std::uint16_t port, std::size_t answer_octets,
                   const volatile std::sig_atomic_t* stop) {
  static Buffers buffers;
  const int listener = listen_on(port);
  if (listener < 0) { return false; }
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const auto watch = [epoll](int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener);
  std::array<epoll_event, 64> events;
  while (*stop == 0) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        const int on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (client >= 0) { watch(client); }
      } else if (!serve(fd, answer_octets, buffers)) {
        close(fd);
      }
    }
  }
  close(epoll);
  close(listener);
  return true;
}

}  // namespace bench
