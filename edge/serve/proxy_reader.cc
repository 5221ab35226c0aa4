#include "edge/serve/proxy_reader.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

#include "gslb/base/proxy_header.h"

namespace edge::serve {

ProxyReader::Step ProxyReader::read(int descriptor) {
  std::array<char, 512> next;
  const ssize_t seen = ::recv(descriptor, next.data(), next.size(), MSG_PEEK | MSG_DONTWAIT);
  if (seen < 0 && (errno == EAGAIN || errno == EINTR)) { return Step::kMore; }
  if (seen <= 0) { return Step::kBad; }
  const std::size_t had = have_.size();
  have_.append(next.data(), static_cast<std::size_t>(seen));
  const auto header = have_.front() == 'P' ? gslb::parse_proxy_line(have_)
                                           : gslb::parse_proxy_header(gslb::as_octets(have_));
  if (!header && header.error() != gslb::ProxyHeaderError::kShort) { return Step::kBad; }
  const std::size_t take = header ? header->octets - had : static_cast<std::size_t>(seen);
  const ssize_t taken = ::recv(descriptor, next.data(), take, MSG_DONTWAIT);
  if (taken != static_cast<ssize_t>(take)) { return Step::kBad; }
  if (!header) { return Step::kMore; }
  client_ = header->client;
  return Step::kDone;
}

}  // namespace edge::serve
