#include "edge/report/probe_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/report/rtt.h"
#include "gslb/base/bytes.h"
#include "gslb/base/socket_address.h"

namespace edge::report {
namespace {

using gslb::fleet::ProbeFailure;
using gslb::fleet::ProbeKind;

constexpr std::uint8_t kEchoRequest = 8;
constexpr std::uint8_t kEchoReply = 0;
constexpr std::uint8_t kEchoRequest6 = 128;
constexpr std::uint8_t kEchoReply6 = 129;
constexpr std::size_t kEchoHeader = 8;  // type, code, checksum, identifier, sequence
constexpr std::size_t kCookieOctets = 8;

// RFC 1071.
std::uint16_t checksum(const std::vector<std::uint8_t>& octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < octets.size(); i += 2) { sum += gslb::load_u16(&octets[i]); }
  while (sum > 0xffff) { sum = (sum & 0xffff) + (sum >> 16); }
  return static_cast<std::uint16_t>(~sum);
}

// Identifier and checksum of a ping socket's are the kernel's.
std::vector<std::uint8_t> make_echo(bool is_v6, std::uint64_t cookie) {
  std::vector<std::uint8_t> octets(kEchoHeader + kCookieOctets, 0);
  octets[0] = is_v6 ? kEchoRequest6 : kEchoRequest;
  std::memcpy(&octets[4], &cookie, 4);
  std::memcpy(&octets[kEchoHeader], &cookie, kCookieOctets);
  gslb::store_u16(&octets[2], is_v6 ? 0 : checksum(octets));
  return octets;
}

// ". NS", without recursion: whoever answers, and be it with REFUSED, is there.
std::vector<std::uint8_t> make_query(std::uint64_t cookie) {
  std::vector<std::uint8_t> octets(17, 0);
  std::memcpy(octets.data(), &cookie, 2);
  octets[5] = 1;   // QDCOUNT
  octets[14] = 2;  // NS
  octets[16] = 1;  // IN
  return octets;
}

}  // namespace

ProbeSocket::ProbeSocket(const gslb::fleet::Probe& probe, const std::vector<gslb::Address>& sources,
                         std::uint64_t cookie, gslb::MonoTime now)
    : probe_(probe), cookie_(cookie) {
  open();
  if (fd_ < 0) {
    const bool not_allowed =
        errno == EPERM || errno == EACCES || errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT;
    fail(not_allowed ? ProbeFailure::kUnsupported : ProbeFailure::kExcluded);
    return;
  }
  if (bind_to(sources)) {
    connect_and_send(now);
  } else {
    fail(ProbeFailure::kUnsupported);
  }
}

ProbeSocket::~ProbeSocket() {
  if (fd_ >= 0) { ::close(fd_); }
}

void ProbeSocket::open() {
  const int family = probe_.target.is_v6() ? AF_INET6 : AF_INET;
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (probe_.kind == ProbeKind::kTcpSyn) {
    fd_ = ::socket(family, SOCK_STREAM | kFlags, 0);
  } else if (probe_.kind == ProbeKind::kDns) {
    fd_ = ::socket(family, SOCK_DGRAM | kFlags, 0);
  } else {
    const int protocol = probe_.target.is_v6() ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
    // Anybody's where the system allows it (net.ipv4.ping_group_range), else with CAP_NET_RAW.
    fd_ = ::socket(family, SOCK_DGRAM | kFlags, protocol);
    if (fd_ < 0) {
      fd_ = ::socket(family, SOCK_RAW | kFlags, protocol);
      is_raw_ = true;
    }
  }
}

bool ProbeSocket::bind_to(const std::vector<gslb::Address>& sources) {
  const auto source =
      std::find_if(sources.begin(), sources.end(), [this](const gslb::Address& address) {
        return address.is_v6() == probe_.target.is_v6();
      });
  if (source == sources.end()) { return true; }
  const gslb::SocketAddress from({*source, 0});
  return ::bind(fd_, from.get(), from.size) == 0;
}

void ProbeSocket::connect_and_send(gslb::MonoTime now) {
  sent_ = now;
  const gslb::SocketAddress to({probe_.target, probe_.port});
  if (::connect(fd_, to.get(), to.size) != 0) {
    if (errno != EINPROGRESS) { take_error(errno, now); }
    return;
  }
  if (probe_.kind == ProbeKind::kTcpSyn) { return finish(now); }
  const std::vector<std::uint8_t> octets = probe_.kind == ProbeKind::kDns
                                               ? make_query(cookie_)
                                               : make_echo(probe_.target.is_v6(), cookie_);
  if (::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) < 0) { take_error(errno, now); }
}

short ProbeSocket::events() const noexcept {
  return probe_.kind == ProbeKind::kTcpSyn ? POLLOUT : POLLIN;
}

void ProbeSocket::on_ready(gslb::MonoTime now) {
  if (is_done()) { return; }
  if (probe_.kind != ProbeKind::kTcpSyn) { return receive(now); }
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error == 0) { return finish(now); }
  take_error(error, now);
}

void ProbeSocket::receive(gslb::MonoTime now) {
  std::array<std::uint8_t, 1500> octets{};
  for (;;) {
    const ssize_t size = ::recv(fd_, octets.data(), octets.size(), 0);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR) { take_error(errno, now); }
      return;
    }
    if (is_answer(octets.data(), static_cast<std::size_t>(size))) { return finish(now); }
  }
}

bool ProbeSocket::is_answer(const std::uint8_t* octets, std::size_t size) const {
  if (probe_.kind == ProbeKind::kDns) {
    constexpr std::size_t kHeader = 12;
    return size >= kHeader && std::memcmp(octets, &cookie_, 2) == 0 && (octets[2] & 0x80) != 0;
  }
  if (is_raw_ && !probe_.target.is_v6()) {
    const std::size_t header = size > 0 ? std::size_t{octets[0] & 0x0fU} * 4 : 0;
    if (header < 20 || size < header) { return false; }
    octets += header;
    size -= header;
  }
  return size >= kEchoHeader + kCookieOctets &&
         octets[0] == (probe_.target.is_v6() ? kEchoReply6 : kEchoReply) &&
         std::memcmp(octets + kEchoHeader, &cookie_, kCookieOctets) == 0;
}

void ProbeSocket::take_error(int error, gslb::MonoTime now) {
  // Somebody there said no: that was there and back.
  if (error == ECONNREFUSED) { return finish(now); }
  fail(error == ETIMEDOUT ? ProbeFailure::kTimeout : ProbeFailure::kUnreachable);
}

void ProbeSocket::fail(ProbeFailure failure) { result_ = {probe_.id, 0, failure}; }

void ProbeSocket::finish(gslb::MonoTime now) {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - sent_).count();
  std::uint32_t rtt_us =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(passed, 1, gslb::fleet::kMaxReportRttUs));
  // The kernel's own figure doesn't count how long this thread slept.
  if (probe_.kind == ProbeKind::kTcpSyn) { rtt_us = rtt_us_of(fd_).value_or(rtt_us); }
  result_ = {probe_.id, rtt_us, ProbeFailure::kNone};
}

}  // namespace edge::report
