// peers_echo: the floor.  Receives a batch, turns each query into an answer of a fixed size by
// setting QR, sends the batch: what any UDP server must spend before it does anything useful.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/peers/tcp_echo.h"

namespace {

constexpr std::size_t kMaxOctets = 2048;
constexpr unsigned kMaxBatch = 256;

volatile std::sig_atomic_t stop = 0;

struct Options {
  std::uint16_t port = 0;
  std::size_t answer_octets = 0;  // 0: as long as the query
  unsigned batch = 32;
  bool tcp = false;
};

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: peers_echo [--port N] [--answer-octets N] [--batch N] [--over udp|tcp]\n"
               "prints \"listening PORT\" on 127.0.0.1, ends on SIGTERM\n");
  std::exit(2);
}

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const long value = std::strtol(argv[i + 1], nullptr, 10);
    if (name == "--over" &&
        (!std::strcmp(argv[i + 1], "udp") || !std::strcmp(argv[i + 1], "tcp"))) {
      options.tcp = std::strcmp(argv[i + 1], "tcp") == 0;
    } else if (name == "--port" && value >= 0 && value <= 65535) {
      options.port = static_cast<std::uint16_t>(value);
    } else if (name == "--answer-octets" && value >= 12 && value <= long{kMaxOctets}) {
      options.answer_octets = static_cast<std::size_t>(value);
    } else if (name == "--batch" && value >= 1 && value <= long{kMaxBatch}) {
      options.batch = static_cast<unsigned>(value);
    } else {
      usage();
    }
  }
  if (argc % 2 == 0) { usage(); }
  return options;
}

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::fprintf(stderr, "peers_echo: 127.0.0.1:%u: %s\n", unsigned{port}, std::strerror(errno));
    std::exit(1);
  }
  std::printf("listening %u\n", unsigned{ntohs(address.sin_port)});
  std::fflush(stdout);
  return fd;
}

struct Batch {
  std::array<std::array<std::uint8_t, kMaxOctets>, kMaxBatch> octets{};
  std::array<sockaddr_in, kMaxBatch> peers{};
  std::array<iovec, kMaxBatch> pieces{};
  std::array<mmsghdr, kMaxBatch> messages{};
};

void serve(int fd, const Options& options, Batch& batch) {
  for (unsigned i = 0; i < options.batch; ++i) {
    batch.pieces[i] = {batch.octets[i].data(), kMaxOctets};
    batch.messages[i].msg_hdr.msg_iov = &batch.pieces[i];
    batch.messages[i].msg_hdr.msg_iovlen = 1;
    batch.messages[i].msg_hdr.msg_name = &batch.peers[i];
  }
  while (stop == 0) {
    for (unsigned i = 0; i < options.batch; ++i) {
      batch.pieces[i].iov_len = kMaxOctets;
      batch.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
    const int count = recvmmsg(fd, batch.messages.data(), options.batch, MSG_WAITFORONE, nullptr);
    if (count <= 0) { continue; }
    for (int i = 0; i < count; ++i) {
      const std::size_t received = batch.messages[static_cast<std::size_t>(i)].msg_len;
      batch.octets[static_cast<std::size_t>(i)][2] |= 0x80;
      batch.pieces[static_cast<std::size_t>(i)].iov_len =
          options.answer_octets == 0 ? received : options.answer_octets;
    }
    for (int sent = 0; sent < count;) {
      const int step =
          sendmmsg(fd, batch.messages.data() + sent, static_cast<unsigned>(count - sent), 0);
      // A datagram that cannot be sent is dropped, as a DNS server would.
      sent += step > 0 ? step : 1;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  struct sigaction action {};
  action.sa_handler = [](int) { stop = 1; };  // no SA_RESTART: recvmmsg returns EINTR
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  static Batch batch;
  if (options.tcp) {
    return bench::echo_over_tcp(options.port, options.answer_octets, &stop) ? 0 : 1;
  }
  const int fd = listen_on(options.port);
  serve(fd, options, batch);
  close(fd);
  return 0;
}
