#include "gslb/base/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace gslb {
namespace {

constexpr std::array<std::uint8_t, 12> kSignature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                     0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::uint8_t kLocal = 0x20;  // version 2 in the upper half
constexpr std::uint8_t kProxy = 0x21;
constexpr std::uint8_t kFamilyIpv4 = 1;
constexpr std::uint8_t kFamilyIpv6 = 2;
constexpr std::uint8_t kFamilyUnix = 3;
constexpr std::uint8_t kLastTransport = 2;  // unspecified, stream, datagram: ours is known

}  // namespace

std::size_t proxy_header_octets(Octets preamble) noexcept {
  return kProxyPreambleOctets + load_u16(preamble.data() + 14);
}

Result<ProxyHeader, ProxyHeaderError> parse_proxy_header(Octets octets) noexcept {
  const std::size_t known = std::min(octets.size(), kSignature.size());
  if (!std::equal(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(known),
                  kSignature.begin())) {
    return Unexpected(ProxyHeaderError::kMalformed);
  }
  if (octets.size() < kProxyPreambleOctets) { return Unexpected(ProxyHeaderError::kShort); }
  const std::uint8_t command = octets[12];
  const std::uint8_t family = octets[13] >> 4;
  const std::uint8_t transport = octets[13] & 0xf;
  const std::size_t size = proxy_header_octets(octets);
  if ((command != kLocal && command != kProxy) || size > kMaxProxyHeaderOctets) {
    return Unexpected(ProxyHeaderError::kMalformed);
  }
  std::size_t address = 0;
  if (command == kProxy) {  // what a LOCAL one says of addresses is to be skipped
    if (family > kFamilyUnix || transport > kLastTransport) {
      return Unexpected(ProxyHeaderError::kMalformed);
    }
    address = family == kFamilyIpv4 ? 4 : family == kFamilyIpv6 ? 16 : 0;
    // Source and destination addresses, then their ports.
    if (address != 0 && size < kProxyPreambleOctets + 2 * address + 4) {
      return Unexpected(ProxyHeaderError::kMalformed);
    }
  }
  if (octets.size() < size) { return Unexpected(ProxyHeaderError::kShort); }
  ProxyHeader header{.client = std::nullopt, .octets = size};
  if (address != 0) {
    const Octets source = octets.subspan(kProxyPreambleOctets, address);
    header.client = Endpoint{Address::from_octets(source),
                             load_u16(octets.data() + kProxyPreambleOctets + 2 * address)};
  }
  return header;
}

Result<ProxyHeader, ProxyHeaderError> parse_proxy_line(std::string_view text) {
  constexpr std::string_view kStart = "PROXY ";
  constexpr std::size_t kMaxLine = 107;
  if (text.substr(0, kStart.size()) != kStart.substr(0, text.size())) {
    return Unexpected(ProxyHeaderError::kMalformed);
  }
  const std::size_t end = text.substr(0, kMaxLine).find("\r\n");
  if (end == text.npos) {
    return Unexpected(text.size() < kMaxLine ? ProxyHeaderError::kShort
                                             : ProxyHeaderError::kMalformed);
  }
  ProxyHeader header{.client = std::nullopt, .octets = end + 2};
  std::string_view rest = text.substr(kStart.size(), end - kStart.size());
  const auto next = [&rest] {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    return word;
  };
  const std::string_view family = next();
  if (family == "UNKNOWN") { return header; }
  const auto source = Address::parse(next());
  const auto destination = Address::parse(next());
  const std::string_view port_text = next();
  std::uint16_t port = 0;
  const auto [stop, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const bool good = source && destination && source->is_v6() == destination->is_v6() &&
                    family == (source->is_v6() ? "TCP6" : "TCP4") && error == std::errc{} &&
                    stop == port_text.data() + port_text.size() && !rest.empty();
  if (!good) { return Unexpected(ProxyHeaderError::kMalformed); }
  header.client = Endpoint{*source, port};
  return header;
}

}  // namespace gslb
