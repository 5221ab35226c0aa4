// Makes the channels of tls_context.h.  Internal to gslb/server.
#pragma once

#include "gslb/server/tls_context.h"

struct ssl_st;  // OpenSSL's

namespace gslb::server {

// Takes `ssl`, a new server-side object; null, with `ssl` freed, when there is no memory.
std::unique_ptr<TlsChannel> make_tls_channel(ssl_st* ssl, int fd, TlsFeed& feed) noexcept;

}  // namespace gslb::server
