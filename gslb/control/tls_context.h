// The server's side of TLS: certificate and key from PEM files.
#pragma once

#include <memory>
#include <string>

#include "gslb/base/problem.h"

namespace boost::asio::ssl {
class context;
}

namespace gslb::control {

// TLS 1.2 and newer.  Null, with every problem reported, when a file can't be used.
std::shared_ptr<boost::asio::ssl::context> load_tls_context(const std::string& certificate_path,
                                                            const std::string& key_path,
                                                            Problems& problems);

}  // namespace gslb::control
