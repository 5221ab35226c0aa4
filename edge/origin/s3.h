// An S3-compatible store as an origin: a private bucket becomes a web site.
//
// Source: Amazon S3's API (GET and HEAD Object, Signature Version 4) and its web sites (index and
// error documents, 302 to a directory).
//
// The edge reads with its own key whatever it is asked for, so it passes no query (which could ask
// for an ACL or a listing), no method but GET and HEAD, and none of the store's own errors.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/origin/client.h"

namespace edge::origin {

// What one worker knows of one such site.  Worker-confined.
struct S3Session {
  const config::Origin& origin;  // has an S3; outlives it
  std::function<std::unique_ptr<Exchange>()> connect;
  std::chrono::seconds skew{0};  // what the store's clock is ahead of ours
};
using S3SessionRef = std::shared_ptr<S3Session>;

std::unique_ptr<Exchange> s3_exchange(S3SessionRef session);

// The bucket a host stands for: the configured one, or what stands before the site's domain.
// "": none.  Pure.
std::string s3_bucket(const config::S3& s3, std::string_view host);
// Of a query, the parameters of a listing (ListObjects, version 2 too), sorted and encoded; "" when
// there is another.  Pure.
std::string s3_listing_query(std::string_view query);

}  // namespace edge::origin
