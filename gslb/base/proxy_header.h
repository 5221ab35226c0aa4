// Who is behind a load balancer: the header it puts in front of a datagram or connection.
//
// Source: The PROXY protocol, versions 1 & 2 (haproxy.org/download/2.9/doc/proxy-protocol.txt),
// section 2.1 (version 1, a line of text, for TCP alone) and 2.2 (version 2, binary).
#pragma once

#include <optional>
#include <string_view>

#include "gslb/base/bytes.h"
#include "gslb/base/ip.h"
#include "gslb/base/result.h"

namespace gslb {

struct ProxyHeader {
  // Nothing: the proxy speaks for itself (LOCAL, a health check) or of no IP address (UNSPEC,
  // UNIX), and the peer of the socket is the client.
  std::optional<Endpoint> client;
  std::size_t octets = 0;  // of the header, fields we skip included; the message follows
};

enum class ProxyHeaderError : std::uint8_t {
  kShort,      // good so far
  kMalformed,  // no such header, another version, too short for its addresses, or too long
};

// What tells how long it is.
inline constexpr std::size_t kProxyPreambleOctets = 16;
// Addresses and some hundred octets of fields (TLVs) are what proxies send.
inline constexpr std::size_t kMaxProxyHeaderOctets = 4096;

// Total: any octets give a header or an error; reads nothing past `octets`.
Result<ProxyHeader, ProxyHeaderError> parse_proxy_header(Octets octets) noexcept;

// The same of version 1: "PROXY TCP4 SOURCE DESTINATION PORT PORT\r\n", at most 107 octets.
Result<ProxyHeader, ProxyHeaderError> parse_proxy_line(std::string_view text);

// Octets a header takes that begins so, once kProxyPreambleOctets are there.
// REQUIRES: parse_proxy_header(preamble) did not say kMalformed
std::size_t proxy_header_octets(Octets preamble) noexcept;

}  // namespace gslb
