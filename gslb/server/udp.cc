#include "gslb/server/udp.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "gslb/base/proxy_header.h"

namespace gslb::server {
namespace {

// One system call's worth: at 32 the call's own cost is a small part of a query's.
constexpr std::size_t kBatch = 32;
constexpr int kBatchesPerWake = 8;
// No query is longer: a header, one name (255), one type and class, and EDNS options; padding
// (RFC 8467) adds up to 128.  A longer datagram is dropped.
constexpr std::size_t kMaxUdpQueryOctets = 4096;

// Buffers as long as pages would all begin in one set of the cache: a few lines more part them.
constexpr std::size_t kGapOctets = 3 * 64;

template <std::size_t kOctets>
struct Buffer {
  std::array<std::uint8_t, kOctets> octets;
  std::array<std::uint8_t, kGapOctets> gap;
};

union Control {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> octets;
  cmsghdr align;
};

// The source for an answer is the destination of its query: the received packet information
// becomes the one to send.  Returns the length of `out`, 0 when there is nothing to say.
std::size_t reply_control(msghdr& received, Control& out) noexcept {
  for (cmsghdr* item = CMSG_FIRSTHDR(&received); item != nullptr;
       item = CMSG_NXTHDR(&received, item)) {
    auto* head = &out.align;
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      info.ipi_ifindex = 0;  // the routing table chooses the way out
      *head = {CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO};
      std::memcpy(CMSG_DATA(head), &info, sizeof info);
      return CMSG_SPACE(sizeof info);
    }
    if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) return 0;
      // Only a link-local address means nothing without its link.
      if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
      *head = {CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO};
      std::memcpy(CMSG_DATA(head), &info, sizeof info);
      return CMSG_SPACE(sizeof info);
    }
  }
  return 0;
}

}  // namespace

// A query that is to be handled again, and where its answer goes.
struct WaitingQuery {
  int fd;
  sockaddr_storage to;
  socklen_t to_size;
  Peer peer;
  std::size_t size;
  std::array<std::uint8_t, kMaxWaitingOctets> message;
  std::size_t control_size;
  Control control;
};

struct UdpBatch {
  std::array<WaitingQuery, kMaxWaiting> waiting;  // a ring
  std::size_t first_waiting = 0;
  std::size_t waiting_count = 0;
  std::array<mmsghdr, kBatch> in;
  std::array<iovec, kBatch> in_data;
  std::array<sockaddr_storage, kBatch> peers;
  std::array<Control, kBatch> in_control;
  std::array<mmsghdr, kBatch> out;
  std::array<iovec, kBatch> out_data;
  std::array<Control, kBatch> out_control;
  std::array<Buffer<kMaxUdpQueryOctets>, kBatch> queries;
  std::array<Buffer<kMaxUdpAnswerOctets>, kBatch> answers;

  UdpBatch() noexcept {
    for (std::size_t i = 0; i < kBatch; ++i) {
      in_data[i] = {queries[i].octets.data(), kMaxUdpQueryOctets};
      in[i].msg_hdr = {};
      in[i].msg_hdr.msg_name = &peers[i];
      in[i].msg_hdr.msg_iov = &in_data[i];
      in[i].msg_hdr.msg_iovlen = 1;
      in[i].msg_hdr.msg_control = in_control[i].octets.data();
      renew(i);
      out_data[i].iov_base = answers[i].octets.data();
      out[i].msg_hdr = {};
      out[i].msg_hdr.msg_iov = &out_data[i];
      out[i].msg_hdr.msg_iovlen = 1;
    }
  }

  // The kernel overwrites these with what it received.
  void renew(std::size_t i) noexcept {
    in[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    in[i].msg_hdr.msg_controllen = sizeof(Control);
    in[i].msg_hdr.msg_flags = 0;
  }
};

std::shared_ptr<UdpBatch> make_udp_batch() { return std::make_shared<UdpBatch>(); }

void UdpSocket::on_ready(MonoTime) noexcept {
  for (int i = 0; i < kBatchesPerWake && serve_batch(); ++i) {}
}

void UdpSocket::drain(MonoTime deadline) noexcept {
  while (serve_batch() && std::chrono::steady_clock::now() < deadline) {}
}

// False when the socket is empty, as far as can be told without another system call.
bool UdpSocket::serve_batch() noexcept {
  const int received = ::recvmmsg(fd_.get(), batch_.in.data(), kBatch, MSG_DONTWAIT, nullptr);
  // Other errors are ICMP messages about answers long sent: asking has cleared them.
  if (received <= 0) return received < 0 && errno != EAGAIN;
  counters_.udp_batches.add();
  handler_.begin_batch();
  const std::size_t answers = handle_batch(static_cast<std::size_t>(received));
  handler_.end_batch();
  send_batch(answers);
  return static_cast<std::size_t>(received) == kBatch;
}

// Fills batch_.out; returns how many answers it holds.
std::size_t UdpSocket::handle_batch(std::size_t received) noexcept {
  std::size_t answers = 0;
  std::uint64_t queries = 0;
  std::uint64_t octets = 0;
  for (std::size_t i = 0; i < received; ++i) {
    msghdr& from = batch_.in[i].msg_hdr;
    Octets message(batch_.queries[i].octets.data(), batch_.in[i].msg_len);
    const Endpoint source = to_endpoint(batch_.peers[i]);
    Peer peer{source.address, source.port};
    if ((from.msg_flags & MSG_TRUNC) != 0) {
      counters_.udp_dropped_truncated.add();
    } else if (source.port == 0) {
      counters_.udp_dropped_port_zero.add();
    } else if (!proxies_.empty() && !take_proxy_header(message, peer)) {
      counters_.udp_dropped_proxy.add();
    } else if (message.size() < kMinMessageOctets) {
      counters_.udp_dropped_short.add();
    } else {
      ++queries;
      octets += message.size();
      const std::size_t written = handler_.handle(message, peer, batch_.answers[answers].octets);
      if (written == 0) {
        keep_waiting(i, message, peer);
      } else {
        msghdr& to = batch_.out[answers].msg_hdr;
        batch_.out_data[answers].iov_len = written;
        to.msg_name = &batch_.peers[i];
        to.msg_namelen = from.msg_namelen;
        to.msg_control = batch_.out_control[answers].octets.data();
        // Without any on sockets bound to one address: nearly always.
        to.msg_controllen =
            from.msg_controllen == 0 ? 0 : reply_control(from, batch_.out_control[answers]);
        ++answers;
      }
    }
    batch_.renew(i);
  }
  counters_.udp_queries.add(queries);
  counters_.udp_query_octets.add(octets);
  return answers;
}

// The query that got no answer waits for one, or there is none.
void UdpSocket::keep_waiting(std::size_t i, Octets message, const Peer& peer) noexcept {
  if (!handler_.waits() || batch_.waiting_count == kMaxWaiting ||
      message.size() > kMaxWaitingOctets) {
    counters_.udp_dropped_unanswered.add();
    return;
  }
  const std::size_t at = (batch_.first_waiting + batch_.waiting_count++) % kMaxWaiting;
  WaitingQuery& query = batch_.waiting[at];
  query.fd = fd_.get();
  query.to = batch_.peers[i];
  query.to_size = batch_.in[i].msg_hdr.msg_namelen;
  query.control_size = reply_control(batch_.in[i].msg_hdr, query.control);
  query.peer = peer;
  query.size = message.size();
  std::memcpy(query.message.data(), message.data(), message.size());
}

void answer_waiting(UdpBatch& batch, Handler& handler, ServerCounters& counters) noexcept {
  handler.begin_batch();
  for (std::size_t ready = handler.take_ready(); ready > 0 && batch.waiting_count > 0; --ready) {
    WaitingQuery& query = batch.waiting[batch.first_waiting];
    batch.first_waiting = (batch.first_waiting + 1) % kMaxWaiting;
    --batch.waiting_count;
    auto& out = batch.answers[0].octets;
    const std::size_t written =
        handler.handle_again(Octets(query.message).first(query.size), query.peer, out);
    if (written == 0) {
      counters.udp_dropped_unanswered.add();
      continue;
    }
    iovec data{out.data(), written};
    msghdr to{};
    to.msg_name = &query.to;
    to.msg_namelen = query.to_size;
    to.msg_iov = &data;
    to.msg_iovlen = 1;
    to.msg_control = query.control.octets.data();
    to.msg_controllen = query.control_size;
    if (::sendmsg(query.fd, &to, MSG_DONTWAIT) >= 0) {
      counters.udp_answers.add();
      counters.udp_answer_octets.add(written);
    } else {
      counters.udp_dropped_send_failed.add();
    }
  }
}

// Makes the peer the client a load balancer names; the answer still goes to the balancer.  False:
// it named none.
bool UdpSocket::take_proxy_header(Octets& message, Peer& peer) noexcept {
  if (!proxies_.contains(peer.address)) return true;
  const auto header = parse_proxy_header(message);
  if (!header) return false;
  message = message.subspan(header->octets);
  if (header->client) {
    peer.address = header->client->address;
    peer.port = header->client->port;
    counters_.udp_proxied.add();
  }
  return true;
}

void UdpSocket::send_batch(std::size_t answers) noexcept {
  std::size_t done = 0;
  while (done < answers) {
    const int sent = ::sendmmsg(fd_.get(), &batch_.out[done], static_cast<unsigned>(answers - done),
                                MSG_DONTWAIT);
    if (sent > 0) {
      std::uint64_t octets = 0;
      for (int i = 0; i < sent; ++i, ++done) { octets += batch_.out_data[done].iov_len; }
      counters_.udp_answers.add(static_cast<std::uint64_t>(sent));
      counters_.udp_answer_octets.add(octets);
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      // Waiting here would let the receive queue overflow instead; the client asks again.
      counters_.udp_dropped_send_full.add(answers - done);
      return;
    } else if (errno != EINTR) {
      // The first of the rest can't be sent (no route, filtered, too long): the others may.
      counters_.udp_dropped_send_failed.add();
      ++done;
    }
  }
}

}  // namespace gslb::server
