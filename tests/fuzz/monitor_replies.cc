// Any octets as what a monitored server answers: DNS, HTTP, ICMP.
#include <algorithm>
#include <array>
#include <cstdint>

#include "gslb/base/check.h"
#include "gslb/monitor/dns_reply.h"
#include "gslb/monitor/echo.h"
#include "gslb/monitor/http_reply.h"

namespace {

using namespace gslb;
using namespace gslb::monitor;

Prepared asks_for(const char* type, const char* answer) {
  config::Config config;
  config::Monitor monitor;
  monitor.id.text = "m";
  monitor.kind = config::MonitorKind::kDns;
  monitor.name.text = "www.example.";
  monitor.type.text = type;
  monitor.answer = LocatedString{answer, {}};
  config.monitors.push_back(monitor);
  Problems problems;
  const auto kit = prepare(config, problems);
  CHECK(kit != nullptr);
  return *kit->at("m");
}

void check_finding(const std::optional<Finding>& finding) {
  if (!finding) { return; }
  CHECK((finding->outcome == fleet::Outcome::kGood) == finding->reason.empty());
  CHECK(finding->reason.size() < 200);
}

void as_dns(Octets message) {
  static const std::array<Prepared, 3> monitors = {
      asks_for("A", "192.0.2.9"), asks_for("MX", "10 mail.example."), asks_for("TXT", "\"up\"")};
  for (const Prepared& each : monitors) { check_finding(judge_dns(each, 7, message)); }
}

// A verdict stands, however much more comes; at the end there always is one.
void as_http(std::string_view text) {
  config::Monitor monitor;
  monitor.ok_codes = {200, 204};
  for (const char* body : {"", "well"}) {
    monitor.body = body;
    std::optional<Finding> before;
    for (std::size_t size = 0;; size += 1 + text.size() / 8) {
      size = std::min(size, text.size());
      const auto finding = judge_http(monitor, text.substr(0, size), false);
      check_finding(finding);
      if (before) { CHECK(finding && finding->outcome == before->outcome); }
      before = finding;
      if (size == text.size()) { break; }
    }
    const auto last = judge_http(monitor, text, true);
    CHECK(last.has_value());
    check_finding(last);
  }
}

void as_echo(Octets message) {
  constexpr std::array<std::uint8_t, kNonceOctets> kNonce = {1, 2, 3, 4, 5, 6, 7, 8};
  for (const bool is_v6 : {false, true}) {
    if (!is_echo_reply(is_v6, kNonce, message)) { continue; }
    CHECK(message.size() >= kNonceOctets);
    CHECK(std::equal(kNonce.begin(), kNonce.end(), message.end() - kNonceOctets));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Octets octets(data, size);
  as_dns(octets);
  as_http(as_text(octets));
  as_echo(octets);
  return 0;
}
