// Traces of bench/cache: any octets are a trace or an error, in both formats, and what is read
// makes sense.
#include <cstdlib>

#include "bench/cache/trace.h"

namespace {

void check(const gslb::Result<bench::cache::Trace, bench::cache::TraceError>& trace) {
  if (!trace) {
    if (bench::cache::describe(trace.error()).empty()) { std::abort(); }
    return;
  }
  for (std::size_t i = 0; i < trace->requests.size(); ++i) {
    const bench::cache::Request& request = trace->requests[i];
    if (request.key >= trace->keys || request.size == 0) { std::abort(); }
    if (request.next != bench::cache::kNever &&
        (request.next <= i || request.next >= trace->requests.size())) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const gslb::Octets octets(data, size);
  check(bench::cache::parse_oracle_general(octets, static_cast<std::size_t>(-1)));
  check(bench::cache::parse_oracle_general(octets, 3));
  check(bench::cache::parse_csv(gslb::as_text(octets), static_cast<std::size_t>(-1)));
  return 0;
}
