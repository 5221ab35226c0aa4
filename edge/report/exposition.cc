#include "edge/report/exposition.h"

#include <limits>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "edge/report/families.h"
#include "edge/report/load.h"
#include "edge/report/origin_metrics.h"

namespace edge::report {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Collects families in the order they are added.
class Page {
 public:
  MetricFamily& family(const char* name, const char* help, MetricType type) {
    families_.push_back({std::string("proxima_edge_") + name, help, type, {}});
    return families_.back();
  }
  void counter(const char* name, const char* help, double value) {
    add(family(name, help, MetricType::Counter), {}, value);
  }
  void gauge(const char* name, const char* help, double value) {
    add(family(name, help, MetricType::Gauge), {}, value);
  }
  static void add(MetricFamily& family, Labels labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (family.type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    family.metric.push_back(std::move(metric));
  }
  std::vector<MetricFamily>& families() { return families_; }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

ClientMetric::Label label(std::string_view name, std::string_view value) {
  return {std::string(name), std::string(value)};
}

using Workers = std::vector<const WorkerCounters*>;

double total(const Workers& workers, gslb::Counter WorkerCounters::*counter) {
  double sum = 0;
  for (const WorkerCounters* worker : workers) {
    sum += static_cast<double>((worker->*counter).value());
  }
  return sum;
}

void add_requests(Page& page, const Workers& workers) {
  MetricFamily& family =
      page.family("requests_total", "Requests answered, by status class and what the cache did.",
                  MetricType::Counter);
  for (std::size_t status = 1; status < kStatusClassNames.size(); ++status) {
    for (std::size_t result = 0; result < kCacheResultNames.size(); ++result) {
      double sum = 0;
      for (const WorkerCounters* worker : workers) {
        sum += static_cast<double>(worker->requests[status][result].value());
      }
      Page::add(
          family,
          {label("status", kStatusClassNames[status]), label("cache", kCacheResultNames[result])},
          sum);
    }
  }
}

void add_ttfb(Page& page, const Workers& workers) {
  MetricFamily& family = page.family("time_to_first_byte_seconds",
                                     "From a request's whole head to the response's first octet.",
                                     MetricType::Histogram);
  using Histogram = decltype(WorkerCounters::ttfb_us);
  ClientMetric metric;
  double sum_us = 0;
  std::uint64_t count = 0;
  for (const WorkerCounters* worker : workers) {
    sum_us += static_cast<double>(worker->ttfb_us.sum());
  }
  for (std::size_t i = 0; i < Histogram::bucket_count(); ++i) {
    for (const WorkerCounters* worker : workers) { count += worker->ttfb_us.bucket(i); }
    const bool last = i + 1 == Histogram::bucket_count();
    // From 64 µs on: below that loopback alone decides.
    if (i < 6) { continue; }
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = count;
    bucket.upper_bound = last ? std::numeric_limits<double>::infinity()
                              : static_cast<double>(Histogram::upper_bound(i)) / 1e6;
    metric.histogram.bucket.push_back(bucket);
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = sum_us / 1e6;
  family.metric.push_back(std::move(metric));
}

void add_traffic(Page& page, const Workers& workers) {
  using W = WorkerCounters;
  page.counter("sent_bytes_total", "Octets written to clients.", total(workers, &W::sent_octets));
  page.counter("received_bytes_total", "Octets read from clients.",
               total(workers, &W::received_octets));
  page.counter("origin_fetches_total", "Requests sent to origins.",
               total(workers, &W::origin_fetches));
  page.counter("origin_failures_total", "Requests to origins that got no whole response.",
               total(workers, &W::origin_failures));
  page.counter("origin_received_bytes_total", "Octets read from origins.",
               total(workers, &W::origin_octets));
  page.counter("bad_requests_total", "Requests refused for their syntax or framing.",
               total(workers, &W::bad_requests));
  page.counter("connections_total", "Client connections accepted.",
               total(workers, &W::connections_opened));
  page.counter("refused_connections_total", "Client connections closed at the limit.",
               total(workers, &W::connections_refused));
  page.gauge("connections", "Client connections open now.",
             static_cast<double>(sum(workers).connections));
}

void add_customers(Page& page, const Workers& workers) {
  MetricFamily& family = page.family(
      "customer_lookups_total", "Hosts no site names that the DNS was asked for, by what they are.",
      MetricType::Counter);
  for (std::size_t i = 0; i < kCustomerResultNames.size(); ++i) {
    double sum = 0;
    for (const WorkerCounters* worker : workers) {
      sum += static_cast<double>(worker->customer_lookups[i].value());
    }
    Page::add(family, {label("result", kCustomerResultNames[i])}, sum);
  }
}

void add_tls(Page& page, const Figures& figures) {
  using W = WorkerCounters;
  MetricFamily& family =
      page.family("tls_handshakes_total", "TLS handshakes with clients that were completed.",
                  MetricType::Counter);
  for (const bool tls13 : {false, true}) {
    for (const bool resumed : {false, true}) {
      double sum = 0;
      for (const W* worker : figures.workers) {
        sum += static_cast<double>(worker->tls_handshakes[tls13][resumed].value());
      }
      Page::add(
          family,
          {label("version", tls13 ? "1.3" : "1.2"), label("session", resumed ? "resumed" : "new")},
          sum);
    }
  }
  MetricFamily& failed = page.family("tls_failed_handshakes_total",
                                     "TLS handshakes that came to nothing.", MetricType::Counter);
  Page::add(failed, {label("reason", "timeout")}, total(figures.workers, &W::tls_timeouts));
  Page::add(failed, {label("reason", "error")}, total(figures.workers, &W::tls_failures));
  page.counter("proxy_failures_total", "Connections without the PROXY header they have to have.",
               total(figures.workers, &W::proxy_failures));
  page.counter("misdirected_requests_total",
               "Requests for a host with other certificates than their connection's.",
               total(figures.workers, &W::misdirected));
  if (figures.certificates.empty()) { return; }
  MetricFamily& ends = page.family("tls_certificate_not_after_seconds",
                                   "End of a certificate, seconds since 1970.", MetricType::Gauge);
  for (const CertificateFigures& each : figures.certificates) {
    Page::add(ends, {label("file", each.file)}, each.not_after_s);
  }
}

void add_filters(Page& page, const Workers& workers) {
  using Counters = FilterCounters;
  const auto sum = [&](const auto& counter_of) {
    double all = 0;
    for (const WorkerCounters* worker : workers) {
      all += static_cast<double>(counter_of(worker->filters).value());
    }
    return all;
  };
  MetricFamily& in =
      page.family("coding_in_bytes_total", "Octets of bodies before they were coded or decoded.",
                  MetricType::Counter);
  for (std::size_t i = 1; i < config::kCodings; ++i) {
    const auto coding = label("coding", config::kCodingNames[i]);
    Page::add(in, {coding, label("way", "encode")},
              sum([i](const Counters& each) -> auto& { return each.encoded[i].in; }));
    Page::add(in, {coding, label("way", "decode")},
              sum([i](const Counters& each) -> auto& { return each.decoded[i].in; }));
  }
  MetricFamily& out =
      page.family("coding_out_bytes_total", "What these octets became.", MetricType::Counter);
  for (std::size_t i = 1; i < config::kCodings; ++i) {
    const auto coding = label("coding", config::kCodingNames[i]);
    Page::add(out, {coding, label("way", "encode")},
              sum([i](const Counters& each) -> auto& { return each.encoded[i].out; }));
    Page::add(out, {coding, label("way", "decode")},
              sum([i](const Counters& each) -> auto& { return each.decoded[i].out; }));
  }
  page.counter("coded_hits_total", "Answers from a coding that was made for another.",
               sum([](const Counters& each) -> auto& { return each.coded_hits; }));
  page.counter("coding_failures_total",
               "Bodies that were cut: they were not in the coding they said.",
               sum([](const Counters& each) -> auto& { return each.failed; }));
  MetricFamily& includes = page.family(
      "esi_includes_total", "Includes of ESI pages by what came of them.", MetricType::Counter);
  for (std::size_t i = 0; i < kIncludeResultNames.size(); ++i) {
    Page::add(includes, {label("result", kIncludeResultNames[i])},
              sum([i](const Counters& each) -> auto& { return each.includes[i]; }));
  }
}

void add_store(Page& page, const StoreFigures& store) {
  page.gauge("store_bytes", "Octets held by the memory store, overhead included.",
             static_cast<double>(store.octets));
  page.gauge("store_budget_bytes", "Octets the memory store may hold.",
             static_cast<double>(store.budget_octets));
  page.gauge("store_objects", "Responses in the memory store.", static_cast<double>(store.objects));
  page.counter("store_evictions_total", "Responses evicted to make room.",
               static_cast<double>(store.evictions));
}

void add_disk(Page& page, const DiskFigures& disk) {
  const auto gauge = [&](const char* name, const char* help, std::uint64_t value) {
    page.gauge(name, help, static_cast<double>(value));
  };
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    page.counter(name, help, static_cast<double>(value));
  };
  gauge("disk_bytes", "Octets of the disk tier's files.", disk.octets);
  gauge("disk_budget_bytes", "Octets these may take.", disk.budget_octets);
  gauge("disk_objects", "Responses on disk.", disk.objects);
  gauge("disk_index_bytes", "Memory of the disk tier's index.", disk.index_octets);
  gauge("disk_queued_bytes", "Octets of bodies waiting to be written.", disk.queued_octets);
  gauge("disk_writable", "1 while the disk takes what is written.", disk.writable ? 1 : 0);
  gauge("disk_rebuilding", "1 while the index is read after a start.", disk.rebuilding ? 1 : 0);
  counter("disk_hits_total", "Responses looked for on disk and found.", disk.hits);
  counter("disk_misses_total", "Responses looked for on disk and not found.", disk.misses);
  counter("disk_written_bytes_total", "Octets written to disk.", disk.written_octets);
  counter("disk_evicted_segments_total", "Files removed to make room.", disk.evicted_segments);
  counter("disk_reinserted_total", "Responses written again out of these, for they were hit.",
          disk.reinserted);
  counter("disk_dropped_writes_total",
          "Responses not written: the queue was full or the disk failed.", disk.dropped);
  counter("disk_read_failures_total", "Records that could not be read or were damaged.",
          disk.read_failures);
  counter("disk_write_failures_total", "Times the disk would not take what came.",
          disk.write_failures);
}

void add_peers(Page& page, const Figures& figures) {
  page.counter("redirects_total", "Requests answered with the address of another cluster.",
               total(figures.workers, &WorkerCounters::redirects));
  page.counter("edge_requests_total", "Requests of other edges, probes included.",
               total(figures.workers, &WorkerCounters::edge_requests));
  MetricFamily& refused = page.family("edge_refusals_total",
                                      "Requests that said they were of another edge and were not.",
                                      MetricType::Counter);
  for (std::size_t i = 0; i < kEdgeRefusalNames.size(); ++i) {
    double sum = 0;
    for (const WorkerCounters* worker : figures.workers) {
      sum += static_cast<double>(worker->edge_refusals[i].value());
    }
    Page::add(refused, {label("reason", kEdgeRefusalNames[i])}, sum);
  }
  if (figures.peers.empty()) { return; }
  MetricFamily& up = page.family(
      "peer_up", "1 while another edge is asked, 0 while it is left alone.", MetricType::Gauge);
  MetricFamily flying = {"", "", MetricType::Gauge, {}};
  for (const PeerFigures& peer : figures.peers) {
    const Labels labels = {label("edge", peer.name), label("kind", peer.kind)};
    Page::add(up, labels, peer.usable ? 1 : 0);
    Page::add(flying, labels, static_cast<double>(peer.in_flight));
  }
  page.family("peer_in_flight", "Requests to another edge under way.", MetricType::Gauge).metric =
      std::move(flying.metric);
  MetricFamily& results = page.family(
      "peer_requests_total", "Requests to other edges by what came of them.", MetricType::Counter);
  for (const PeerFigures& peer : figures.peers) {
    for (std::size_t i = 0; i < peer.results.size(); ++i) {
      Page::add(results,
                {label("edge", peer.name), label("kind", peer.kind),
                 label("result", kPeerResultNames[i])},
                static_cast<double>(peer.results[i]));
    }
  }
}

void add_reports(Page& page, const Figures& figures) {
  MetricFamily& beats = page.family("heartbeats_total", "Heartbeats by GSLB endpoint and result.",
                                    MetricType::Counter);
  for (const GslbFigures& gslb : figures.gslbs) {
    Page::add(beats, {label("gslb", gslb.url), label("result", "sent")},
              static_cast<double>(gslb.sent));
    Page::add(beats, {label("gslb", gslb.url), label("result", "failed")},
              static_cast<double>(gslb.failed));
  }
  MetricFamily& probes = page.family(
      "probes_total", "Probes ordered by GSLBs, by what came of them.", MetricType::Counter);
  Page::add(probes, {label("result", "answered")}, static_cast<double>(figures.probes.answered));
  for (std::size_t i = 1; i < gslb::fleet::kProbeFailures; ++i) {
    Page::add(probes, {label("result", to_string(static_cast<gslb::fleet::ProbeFailure>(i)))},
              static_cast<double>(figures.probes.failed[i]));
  }
  page.counter("beacons_total", "Requests for beacon names.", static_cast<double>(figures.beacons));
  using gslb::fleet::NodeState;
  MetricFamily& states =
      page.family("state", "1 for the state this node reports, 0 for others.", MetricType::Gauge);
  for (const NodeState state : {NodeState::kUp, NodeState::kDraining, NodeState::kDown}) {
    Page::add(states, {label("state", state_name(state))}, state == figures.state ? 1 : 0);
  }
  page.gauge("start_time_seconds", "Start of this process, seconds since 1970.",
             figures.start_time_s);
  MetricFamily& build =
      page.family("build_info", "Constant 1, labelled by the version.", MetricType::Gauge);
  Page::add(build, {label("version", version())}, 1);
}

void add_reloads(Page& page, const ReloadFigures& reloads) {
  MetricFamily& family =
      page.family("reloads_total", "Reloads of the configuration.", MetricType::Counter);
  Page::add(family, {label("result", "success")}, static_cast<double>(reloads.succeeded));
  Page::add(family, {label("result", "failure")}, static_cast<double>(reloads.failed));
  page.gauge("last_reload_successful", "0: the last reload was refused.",
             reloads.last_successful ? 1 : 0);
  if (reloads.last_time_s > 0) {
    page.gauge("last_reload_timestamp_seconds", "End of the last reload, seconds since 1970.",
               reloads.last_time_s);
  }
  page.gauge("config_generation", "Configurations this process has served with, one after another.",
             static_cast<double>(reloads.generation));
}

void add_families(Page& page, const Figures& figures) {
  for (const Family& family : families_of(figures)) {
    MetricFamily& made = page.family(family.name, family.help,
                                     family.is_counter ? MetricType::Counter : MetricType::Gauge);
    for (const Family::Sample& sample : family.samples) {
      Labels labels;
      for (const auto& [name, value] : sample.labels) { labels.push_back(label(name, value)); }
      Page::add(made, std::move(labels), sample.value);
    }
  }
}

}  // namespace

std::string write_metrics(const Figures& figures) {
  Page page;
  add_requests(page, figures.workers);
  add_families(page, figures);
  add_ttfb(page, figures.workers);
  add_traffic(page, figures.workers);
  add_tls(page, figures);
  add_filters(page, figures.workers);
  add_customers(page, figures.workers);
  add_store(page, figures.store);
  if (figures.store.disk) { add_disk(page, *figures.store.disk); }
  add_peers(page, figures);
  add_origins(page.families(), figures.origins);
  add_reports(page, figures);
  add_reloads(page, figures.reloads);
  page.counter("access_log_lines_total", "Lines taken for the access log.",
               static_cast<double>(figures.access_log.lines));
  page.counter("access_log_dropped_lines_total",
               "Lines of the access log that were lost: the disk was slow or full.",
               static_cast<double>(figures.access_log.dropped));
  return page.text();
}

std::string_view state_name(gslb::fleet::NodeState state) noexcept {
  switch (state) {
    case gslb::fleet::NodeState::kUp:
      return "up";
    case gslb::fleet::NodeState::kDraining:
      return "draining";
    case gslb::fleet::NodeState::kDown:
      return "down";
  }
  return "down";
}

std::string_view version() noexcept { return PROXIMA_VERSION; }

}  // namespace edge::report
