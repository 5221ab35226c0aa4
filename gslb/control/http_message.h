// A request and its response as the admin API sees them: plain values, no network library.
//
// Source: RFC 9110 (semantics), RFC 3986 2.1 (percent-encoding), the WHATWG URL standard
// (application/x-www-form-urlencoded: '+' is a space in a query).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gslb/base/ip.h"

namespace gslb::control {

using NameValues = std::vector<std::pair<std::string, std::string>>;

// Thread-compatible value.
struct HttpRequest {
  std::string method;  // "GET" also where the client asked for HEAD
  std::string path;    // decoded, begins with '/', without the query
  NameValues query;    // decoded, in order
  NameValues headers;  // in order
  std::string body;
  Endpoint peer;
  bool tls = false;

  // The first header of that name, in any case; valid as long as this object.
  std::optional<std::string_view> header(std::string_view name) const;
  // The first query parameter of that name.
  std::optional<std::string_view> parameter(std::string_view name) const;

  // Fills path and query from a request target in origin form ("/a?b=c") or absolute form
  // ("http://host/a?b=c").  False for anything else, and for broken percent-encoding.
  bool set_target(std::string_view target);
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  NameValues headers{};  // besides Content-Type, Content-Length, Date and Connection
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

}  // namespace gslb::control
