// What stores of objects have alike as origins: a client's request is answered by one or several of
// the store's own, or by a page of the edge's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/origin/client.h"

namespace edge::origin {

inline bool is_found(int status) noexcept { return status >= 200 && status < 400; }

class StoreExchange : public Exchange {
 public:
  // What has a body changes something: never the store's.
  Awaitable<Status> send_body(std::string_view octets) override;
  Awaitable<gslb::Result<bool, OriginError>> read_body(std::string& out) override;
  std::uint64_t octets_read() const override {
    return octets_ + (inner_ ? inner_->octets_read() : 0);
  }

 protected:
  using Head = gslb::Result<http::ResponseHead, OriginError>;

  // Of the client's, without what is for the edge itself; `bare`: and without ranges and
  // conditions, for another object than the one it asked for.
  http::RequestHead own_request(bool bare) const;
  // An answer of the edge's, with that page.
  http::ResponseHead own(int status, std::string page, std::string_view content_type);
  // What was asked of the store last, if anything, is read no further.
  void leave_inner();
  // For CDNs, where the store gives none.
  static void give_lifetime(http::ResponseHead& head, std::int64_t ttl_s);
  // Of what the edge asked for, with its own account, in the place of another object.
  static void set_status(http::ResponseHead& head, int status);

  http::RequestHead request_;
  int refused_ = 0;                  // status
  std::unique_ptr<Exchange> inner_;  // whose body read_body() gives

 private:
  std::string page_;  // a body of our own
  std::uint64_t octets_ = 0;
};

}  // namespace edge::origin
