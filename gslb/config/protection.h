// What the file says about access, cookies and rate limits.
//
// Source: RFC 7873 and RFC 9018 (cookies), ISC-TN-2012-1 (response rate limiting).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gslb/base/ip.h"

namespace gslb::config {

// [acl]
struct Acl {
  bool restricts_queries = false;  // `query` was given
  std::vector<Prefix> query;       // who may ask; zones may have a list of their own
};

// [cookies]
struct Cookies {
  bool enabled = true;
  std::vector<std::string> secrets;  // 32 hexadecimal digits each, at most two, the one cookies
                                     // are made with first; none: random for this process
  bool require = false;              // a bad server cookie over UDP gets BADCOOKIE
};

// [rrl]: answers a second and client network; 0: no limit.
struct RateLimit {
  double responses_per_second = 0;
  double nxdomains_per_second = 0;  // the next three: default as responses_per_second
  double referrals_per_second = 0;
  double errors_per_second = 0;
  unsigned slip = 2;  // every n-th answer over the limit goes out truncated; 0: none
  unsigned ipv4_prefix_length = 24;
  unsigned ipv6_prefix_length = 56;
  unsigned table_size = 65'536;  // buckets per worker, 16 octets each
  bool dry_run = false;
  std::vector<Prefix> exempt;

  bool is_on() const noexcept {
    return responses_per_second > 0 || nxdomains_per_second > 0 || referrals_per_second > 0 ||
           errors_per_second > 0;
  }
};

}  // namespace gslb::config
