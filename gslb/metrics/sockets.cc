// What workers count about their sockets.
#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

using server::ServerCounters;
using server::StreamTraffic;
using Member = Counter ServerCounters::*;

struct Labelled {
  const char* label;
  Member member;
};

double sum(const Input& input, Member member) {
  std::uint64_t total = 0;
  for (const ServerCounters* counters : input.servers) { total += (counters->*member).value(); }
  return static_cast<double>(total);
}

void add_family(const Input& input, Exposition& out, const char* label,
                std::initializer_list<Labelled> rows) {
  for (const Labelled& row : rows) { out.sample(sum(input, row.member), {{label, row.label}}); }
}

void add_by_transport(const Input& input, Exposition& out, Member udp,
                      Counter StreamTraffic::*stream) {
  out.sample(sum(input, udp), {{"transport", "udp"}});
  std::uint64_t tcp = 0;
  std::uint64_t tls = 0;
  for (const ServerCounters* counters : input.servers) {
    tcp += (counters->tcp.*stream).value();
    tls += (counters->tls.*stream).value();
  }
  out.sample(static_cast<double>(tcp), {{"transport", "tcp"}});
  out.sample(static_cast<double>(tls), {{"transport", "tls"}});
}

void add_tls(const Input& input, Exposition& out) {
  if (input.tls_not_after) {
    const auto since_1970 = input.tls_not_after->time_since_epoch();
    out.gauge("proxima_tls_certificate_not_after_seconds",
              "Unix time at which the certificate of listen_tls ends.",
              static_cast<double>(std::chrono::duration_cast<seconds>(since_1970).count()));
  }
  out.counter("proxima_tls_handshakes_total", "TLS handshakes brought to their end.");
  const double resumed = sum(input, &ServerCounters::tls_resumed);
  out.sample(sum(input, &ServerCounters::tls_handshakes) - resumed, {{"kind", "full"}});
  out.sample(resumed, {{"kind", "resumed"}});
  out.gauge("proxima_tls_open_connections", "TLS connections open now.",
            sum(input, &ServerCounters::tls_accepted) - sum(input, &ServerCounters::tls_closed));
}

void add_tcp(const Input& input, Exposition& out) {
  out.counter("proxima_tcp_accepted_connections_total", "TCP connections accepted.",
              sum(input, &ServerCounters::tcp_accepted));
  out.counter("proxima_tcp_refused_connections_total",
              "TCP connections refused, one client having too many.",
              sum(input, &ServerCounters::tcp_refused_client));
  out.counter("proxima_tcp_streams_total",
              "Answers of many messages (zone transfers), by outcome.");
  const double begun = sum(input, &ServerCounters::tcp_streams);
  const double whole = sum(input, &ServerCounters::tcp_streams_whole);
  out.sample(begun, {{"state", "begun"}});
  out.sample(whole, {{"state", "whole"}});
  out.counter("proxima_tcp_accept_failures_total",
              "Calls of accept() that failed, mostly for want of file descriptors.",
              sum(input, &ServerCounters::tcp_accept_failed));
  out.counter("proxima_tcp_closed_connections_total", "TCP connections closed, by reason.");
  add_family(input, out, "reason",
             {{"peer", &ServerCounters::tcp_closed_peer},
              {"idle", &ServerCounters::tcp_closed_idle},
              {"slow", &ServerCounters::tcp_closed_slow},
              {"full", &ServerCounters::tcp_closed_full},
              {"protocol", &ServerCounters::tcp_closed_protocol},
              {"handshake", &ServerCounters::tcp_closed_handshake},
              {"tls", &ServerCounters::tcp_closed_tls},
              {"proxy", &ServerCounters::tcp_closed_proxy},
              {"client", &ServerCounters::tcp_closed_client},
              {"stop", &ServerCounters::tcp_closed_stop}});
  std::uint64_t open = 0;
  for (const ServerCounters* counters : input.servers) { open += counters->tcp_open(); }
  out.gauge("proxima_tcp_open_connections", "TCP connections open now.", static_cast<double>(open));
}

}  // namespace

void add_sockets(const Input& input, Exposition& out) {
  out.counter("proxima_socket_queries_total", "Messages handed on to be answered.");
  add_by_transport(input, out, &ServerCounters::udp_queries, &StreamTraffic::queries);
  out.counter("proxima_socket_query_bytes_total", "Octets of these messages.");
  add_by_transport(input, out, &ServerCounters::udp_query_octets, &StreamTraffic::query_octets);
  out.counter("proxima_socket_answers_total", "Answers the kernel took.");
  add_by_transport(input, out, &ServerCounters::udp_answers, &StreamTraffic::answers);
  out.counter("proxima_socket_answer_bytes_total", "Octets of these answers.");
  add_by_transport(input, out, &ServerCounters::udp_answer_octets, &StreamTraffic::answer_octets);
  out.counter("proxima_udp_batches_total", "Batches in which datagrams were read.",
              sum(input, &ServerCounters::udp_batches));
  out.counter("proxima_udp_dropped_total", "Datagrams or answers dropped, by reason.");
  add_family(input, out, "reason",
             {{"too_long", &ServerCounters::udp_dropped_truncated},
              {"short", &ServerCounters::udp_dropped_short},
              {"port_zero", &ServerCounters::udp_dropped_port_zero},
              {"proxy", &ServerCounters::udp_dropped_proxy},
              {"unanswered", &ServerCounters::udp_dropped_unanswered},
              {"send_full", &ServerCounters::udp_dropped_send_full},
              {"send_failed", &ServerCounters::udp_dropped_send_failed}});
  out.counter("proxima_proxied_total",
              "Datagrams and TCP connections whose client a PROXY header named.");
  add_family(input, out, "transport",
             {{"udp", &ServerCounters::udp_proxied}, {"tcp", &ServerCounters::tcp_proxied}});
  add_tcp(input, out);
  add_tls(input, out);
}

}  // namespace gslb::metrics
