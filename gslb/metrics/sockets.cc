// What workers count about their sockets.
#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

using server::ServerCounters;
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
              {"stop", &ServerCounters::tcp_closed_stop}});
  std::uint64_t open = 0;
  for (const ServerCounters* counters : input.servers) { open += counters->tcp_open(); }
  out.gauge("proxima_tcp_open_connections", "TCP connections open now.", static_cast<double>(open));
}

}  // namespace

void add_sockets(const Input& input, Exposition& out) {
  out.counter("proxima_socket_queries_total", "Messages handed on to be answered.");
  add_family(input, out, "transport",
             {{"udp", &ServerCounters::udp_queries}, {"tcp", &ServerCounters::tcp_queries}});
  out.counter("proxima_socket_query_bytes_total", "Octets of these messages.");
  add_family(
      input, out, "transport",
      {{"udp", &ServerCounters::udp_query_octets}, {"tcp", &ServerCounters::tcp_query_octets}});
  out.counter("proxima_socket_answers_total", "Answers the kernel took.");
  add_family(input, out, "transport",
             {{"udp", &ServerCounters::udp_answers}, {"tcp", &ServerCounters::tcp_answers}});
  out.counter("proxima_socket_answer_bytes_total", "Octets of these answers.");
  add_family(
      input, out, "transport",
      {{"udp", &ServerCounters::udp_answer_octets}, {"tcp", &ServerCounters::tcp_answer_octets}});
  out.counter("proxima_udp_batches_total", "Batches in which datagrams were read.",
              sum(input, &ServerCounters::udp_batches));
  out.counter("proxima_udp_dropped_total", "Datagrams or answers dropped, by reason.");
  add_family(input, out, "reason",
             {{"too_long", &ServerCounters::udp_dropped_truncated},
              {"short", &ServerCounters::udp_dropped_short},
              {"port_zero", &ServerCounters::udp_dropped_port_zero},
              {"unanswered", &ServerCounters::udp_dropped_unanswered},
              {"send_full", &ServerCounters::udp_dropped_send_full},
              {"send_failed", &ServerCounters::udp_dropped_send_failed}});
  add_tcp(input, out);
}

}  // namespace gslb::metrics
