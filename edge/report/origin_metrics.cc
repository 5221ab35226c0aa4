#include "edge/report/origin_metrics.h"

#include <array>
#include <string>
#include <utility>

#include <prometheus/metric_family.h>

namespace edge::report {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::size_t kMostServers = 500;
constexpr std::size_t kMostOrigins = 500;

struct Row {
  const char* name;
  const char* help;
  MetricType type;
};

void add(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

MetricFamily family_of(const Row& row) {
  return {std::string("proxima_edge_") + row.name, row.help, row.type, {}};
}

constexpr std::array<Row, 6> kServerRows = {{
    {"origin_server_up", "1 while an origin's server is asked, 0 while it is left alone.",
     MetricType::Gauge},
    {"origin_server_in_flight", "Requests to a server under way.", MetricType::Gauge},
    {"origin_server_requests_total", "Requests sent to a server, retries included.",
     MetricType::Counter},
    {"origin_server_failures_total", "Of these: no answer, or 500, 502, 503 or 504.",
     MetricType::Counter},
    {"origin_server_ejections_total", "Times it was left alone because requests failed.",
     MetricType::Counter},
    {"origin_server_failed_checks_total", "Health checks that failed.", MetricType::Counter},
}};
constexpr std::array<Row, 4> kOriginRows = {{
    {"origin_retries_total", "Requests sent once more.", MetricType::Counter},
    {"origin_retries_refused_total", "Requests not sent once more: too many were already.",
     MetricType::Counter},
    {"origin_queued", "Requests that wait for a server to have room.", MetricType::Gauge},
    {"origin_queue_refused_total", "Requests that waited in vain, or found the queue full.",
     MetricType::Counter},
}};

std::array<std::uint64_t, 6> values_of(const ServerFigures& server) {
  const bool is_up = server.state == "up" || server.state == "trial";
  return {is_up ? 1U : 0U, server.in_flight, server.requests,
          server.failures, server.ejections, server.checks_failed};
}

}  // namespace

void add_origins(std::vector<MetricFamily>& families, const std::vector<OriginFigures>& origins) {
  if (origins.empty()) { return; }
  std::array<MetricFamily, 6> of_servers;
  std::array<MetricFamily, 4> of_origins;
  for (std::size_t i = 0; i < kServerRows.size(); ++i) {
    of_servers[i] = family_of(kServerRows[i]);
  }
  for (std::size_t i = 0; i < kOriginRows.size(); ++i) {
    of_origins[i] = family_of(kOriginRows[i]);
  }
  std::size_t servers = 0;
  for (std::size_t at = 0; at < origins.size() && at < kMostOrigins; ++at) {
    const OriginFigures& origin = origins[at];
    const ClientMetric::Label name{"origin", origin.name};
    const std::array<std::uint64_t, 4> values = {origin.retries, origin.retries_refused,
                                                 origin.queued, origin.queue_refused};
    for (std::size_t i = 0; i < values.size(); ++i) {
      add(of_origins[i], {name}, static_cast<double>(values[i]));
    }
    for (const ServerFigures& server : origin.servers) {
      if (++servers > kMostServers) { break; }
      const auto figures = values_of(server);
      for (std::size_t i = 0; i < figures.size(); ++i) {
        add(of_servers[i], {name, {"server", server.url}}, static_cast<double>(figures[i]));
      }
    }
  }
  for (MetricFamily& family : of_servers) { families.push_back(std::move(family)); }
  for (MetricFamily& family : of_origins) { families.push_back(std::move(family)); }
}

}  // namespace edge::report
