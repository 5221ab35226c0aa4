// Any octets give a header within them or an error; what is short may become whole.
#include "gslb/base/proxy_header.h"

#include "gslb/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gslb;
  const gslb::Octets octets(data, size);
  const auto whole = parse_proxy_header(octets);
  if (whole) { CHECK(whole->octets <= size && whole->octets <= kMaxProxyHeaderOctets); }
  for (std::size_t part = 0; part < size && part < 64; ++part) {
    const auto begun = parse_proxy_header(octets.first(part));
    if (begun) {
      CHECK(whole && whole->octets == begun->octets && whole->client == begun->client);
    } else if (begun.error() == ProxyHeaderError::kMalformed) {
      CHECK(!whole);
    }
  }
  const auto line = parse_proxy_line({reinterpret_cast<const char*>(data), size});
  if (line) { CHECK(line->octets <= size); }
  return 0;
}
