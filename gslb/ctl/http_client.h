// One HTTP request and its answer, for command-line tools: blocking, with a time limit.
//
// Source: RFC 9112, RFC 9110 4.2 (http and https URIs).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"

namespace gslb::ctl {

struct HttpCall {
  std::string url;  // "http://host:port/path?query" or https; IPv6 in brackets
  std::string method = "GET";
  std::string body{};
  std::string content_type = "application/json";  // of a body that is not empty
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string authorities_path{};  // PEM of whom to trust; empty: the system's
  bool verify = true;              // the certificate and the host's name in it
  milliseconds timeout{5'000};     // for all of it
};

struct HttpReply {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

// Any status is a reply; the error is one for people: what could not be done, and why.
// Replies over 64 MiB are errors.  Thread-safe.  Follows no redirects.
Result<HttpReply, std::string> http_call(const HttpCall& call);

}  // namespace gslb::ctl
