// Which server to ask, with which secret: from options, environment and the server's own file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gslb/base/result.h"
#include "gslb/ctl/http_client.h"
#include "gslb/ctl/options.h"

namespace gslb::ctl {

// nullptr when not set; getenv.
using Environment = std::function<const char*(const char* name)>;

struct ServerAddress {
  std::string url;  // "http://127.0.0.1:8053", without a path
  std::string token;
  std::string authorities_path;
};

inline constexpr const char* kDefaultConfig = "/etc/proxima/proxima.toml";

// --url, else -c FILE, else $PROXIMA_URL, else the default file.  The token: --token, --token-file,
// $PROXIMA_TOKEN, else the file's when the address comes from it.  Only [admin] is looked at, so
// that faults elsewhere in the file don't keep anybody from draining a cluster.
// The error is for people, maybe many lines.
Result<ServerAddress, std::string> find_server(const Connection& options,
                                               const Environment& environment);

// Text as one value in a URL's query (RFC 3986 2.1: all but unreserved characters encoded).
std::string percent_encode(std::string_view text);

using Parameters = std::vector<std::pair<std::string, std::string>>;

// A request to `path`; parameters with an empty value are left out.
HttpCall make_call(const ServerAddress& server, std::string method, const std::string& path,
                   const Parameters& parameters);

}  // namespace gslb::ctl
