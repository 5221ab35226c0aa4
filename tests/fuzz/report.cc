// parse_report and parse_orders are total, and what they accept survives being written again.
#include "gslb/fleet/report.h"

#include <cmath>

#include "gslb/base/bytes.h"
#include "gslb/base/check.h"

namespace {

using gslb::fleet::Report;

// Boost.JSON 1.81 reads doubles to within a unit in the last place, so a load may drift by one.
bool near(double a, double b) { return std::abs(a - b) <= 1e-14 * std::abs(a) + 1e-300; }

void check_same(const Report& a, const Report& b) {
  CHECK(a.cluster == b.cluster && a.node == b.node);
  CHECK(a.incarnation == b.incarnation && a.sequence == b.sequence);
  CHECK(a.state == b.state && a.interval_ms == b.interval_ms);
  CHECK(a.load.size() == b.load.size() && a.rtt.size() == b.rtt.size());
  for (std::size_t i = 0; i < a.load.size(); ++i) {
    CHECK(a.load[i].resource == b.load[i].resource);
    CHECK(near(a.load[i].current, b.load[i].current));
    CHECK(near(a.load[i].target, b.load[i].target) && near(a.load[i].max, b.load[i].max));
  }
  for (std::size_t i = 0; i < a.rtt.size(); ++i) {
    CHECK(a.rtt[i].client == b.rtt[i].client && a.rtt[i].rtt_us == b.rtt[i].rtt_us);
    CHECK(a.rtt[i].count == b.rtt[i].count);
    CHECK(a.rtt[i].bins.size() <= gslb::fleet::kMaxReportRttBins);
    CHECK(a.rtt[i].retransmitted <= a.rtt[i].sent && a.rtt[i].failed <= a.rtt[i].requests);
    CHECK(a.rtt[i].requests == b.rtt[i].requests || b.rtt[i].requests == 0);
  }
  CHECK(a.cache.hits <= a.cache.requests && a.cache.requests == b.cache.requests);
  const auto& figures = a.figures;
  CHECK(figures.span_ms == b.figures.span_ms);
  CHECK(figures.hosts.size() == b.figures.hosts.size());
  for (std::size_t i = 0; i < figures.hosts.size(); ++i) {
    CHECK(figures.hosts[i].hits <= figures.hosts[i].requests);
    CHECK(figures.hosts[i].hosts == b.figures.hosts[i].hosts);
    CHECK(figures.hosts[i].octets == b.figures.hosts[i].octets);
  }
  CHECK(figures.conditions.size() == b.figures.conditions.size());
  CHECK(figures.siblings.size() == b.figures.siblings.size());
  CHECK(a.probe_room == b.probe_room && a.probes.size() == b.probes.size());
  for (std::size_t i = 0; i < a.probes.size(); ++i) {
    CHECK(a.probes[i].id == b.probes[i].id && a.probes[i].rtt_us == b.probes[i].rtt_us);
    CHECK(a.probes[i].failure == b.probes[i].failure);
  }
  CHECK(a.orders == b.orders);
  CHECK(a.beacons.size() == b.beacons.size());
  for (std::size_t i = 0; i < a.beacons.size(); ++i) {
    CHECK(a.beacons[i].nonce == b.beacons[i].nonce && a.beacons[i].client == b.beacons[i].client);
  }
}

// The other way: what an edge reads.
void check_orders(std::string_view text) {
  const auto orders = gslb::fleet::parse_orders(text);
  if (!orders) {
    CHECK(gslb::fleet::describe(orders.error()) != "unknown error");
    return;
  }
  const auto again = gslb::fleet::parse_orders(gslb::fleet::write_orders(*orders));
  CHECK(again.has_value() && again->probes.size() == orders->probes.size());
  for (std::size_t i = 0; i < orders->probes.size(); ++i) {
    const gslb::fleet::Probe& one = orders->probes[i];
    const gslb::fleet::Probe& other = again->probes[i];
    CHECK(one.id == other.id && one.target == other.target);
    CHECK(one.kind == other.kind && one.port == other.port);
  }
  CHECK(again->page == orders->page);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_orders(gslb::as_text(gslb::Octets(data, size)));
  const auto report = gslb::fleet::parse_report(gslb::as_text(gslb::Octets(data, size)));
  if (!report) {
    CHECK(gslb::fleet::describe(report.error()) != "unknown error");
    return 0;
  }
  const auto again = gslb::fleet::parse_report(gslb::fleet::write_report(*report));
  CHECK(again.has_value());
  check_same(*report, *again);
  return 0;
}
