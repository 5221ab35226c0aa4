// Signs a zone file with a key file once from nothing and once again, and says what it took.
//
//   dnssec_sign APEX ZONE_FILE KEY_FILE nsec|nsec3 THREADS
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/resource.h>

#include "gslb/dnssec/key_file.h"
#include "gslb/dnssec/sign_zone.h"
#include "gslb/zone/loader.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

long peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace gslb;
  if (argc != 6) {
    std::fputs("usage: dnssec_sign APEX ZONE_FILE KEY_FILE nsec|nsec3 THREADS\n", stderr);
    return 2;
  }
  Problems problems;
  const auto apex = dns::Name::parse(argv[1]).value();
  auto start = SteadyClock::now();
  const auto source = zone::load_zone(apex, argv[2], {}, problems);
  const double load_s = seconds_since(start);
  const double load_cpu_s = cpu_s();
  const auto key = dnssec::read_key_file(argv[3], problems);
  if (source == nullptr || !key) {
    std::fputs(problems.to_string().c_str(), stderr);
    return 1;
  }
  dnssec::SigningPlan plan;
  plan.keys = {{key->key, true, true, true, false}};
  plan.denial =
      std::string_view(argv[4]) == "nsec" ? dnssec::Denial::kNsec : dnssec::Denial::kNsec3;
  plan.serial = source->serial() + 1;
  plan.now = SystemClock().wall();
  plan.threads = static_cast<unsigned>(std::atoi(argv[5]));

  const double cpu_before_s = cpu_s();
  start = SteadyClock::now();
  const auto first = dnssec::sign_zone(*source, plan, nullptr);
  const double sign_s = seconds_since(start);
  const double sign_cpu_s = cpu_s() - cpu_before_s;
  const long signed_mb = peak_mb();
  ++plan.serial;
  start = SteadyClock::now();
  const auto again = dnssec::sign_zone(*source, plan, first->zone.get());
  const double again_s = seconds_since(start);
  const auto made = static_cast<double>(first->signatures_made);
  std::printf(
      "{\"records\": %zu, \"load_s\": %.2f, \"load_cpu_s\": %.2f, \"sign_s\": %.2f, "
      "\"sign_cpu_s\": %.2f, \"signatures\": %zu, \"signatures_per_s\": %.0f, "
      "\"signed_mb\": %ld, \"again_s\": %.2f, \"again_signatures\": %zu, \"peak_mb\": %ld}\n",
      source->record_count(), load_s, load_cpu_s, sign_s, sign_cpu_s, first->signatures_made,
      made / sign_s, signed_mb, again_s, again->signatures_made, peak_mb());
  return 0;
}
