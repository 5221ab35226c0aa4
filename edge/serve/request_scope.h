// One request on its way: where it came from, what was written, and how it is counted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/serve/client_io.h"
#include "edge/serve/forward.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// Worker-confined; lives as long as the request is being answered.
class RequestScope {
 public:
  RequestScope(Worker& on, ClientIo& from, const http::RequestHead& asked, http::Framing framing);

  Awaitable<bool> write(const std::vector<std::string_view>& pieces);
  // A page of our own, counted as kNone.  `detail`: a token for Cache-Status, static storage.
  Awaitable<bool> respond_with_page(int status, std::string_view why, std::string_view detail);

  ReplyOptions reply_options() const;
  void count(int status, report::CacheResult result);
  // The request's body was not read to its end, or nothing more is to be understood.
  void close_after() noexcept { close_after_ = true; }
  void body_consumed() noexcept { body_open_ = false; }

  Worker& worker;
  ClientIo& client;
  const http::RequestHead& request;
  const http::Framing body;

 private:
  gslb::MonoTime started_;
  bool first_octet_ = true;
  bool close_after_ = false;
  bool body_open_;
};

// "1f\r\n".  REQUIRES: size > 0 (0 would end the body).
std::string chunk_size_line(std::size_t size);

}  // namespace edge::serve
