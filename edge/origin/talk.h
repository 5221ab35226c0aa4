// One request and its answer over one connection, in HTTP/1.1.
//
// Source: RFC 9112 (framing), RFC 9110 15.2 (interim responses).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/http/body_decoder.h"
#include "edge/http/message.h"
#include "edge/origin/client.h"
#include "edge/origin/connection.h"

namespace edge::origin {

struct Patience {
  std::int64_t first_byte_ms = 0;
  std::int64_t between_bytes_ms = 0;
  std::optional<std::chrono::steady_clock::time_point> deadline;  // of all together
};

// Worker-confined.  Destroying it closes the connection.
class Talk {
 public:
  // REQUIRES: connected.
  Talk(ConnectionRef connection, const Patience& patience);
  ~Talk();
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  Awaitable<Exchange::Status> write(std::string_view octets);
  // As Exchange's.  `method`: of the request.
  Awaitable<gslb::Result<http::ResponseHead, OriginError>> read_head(std::string_view method);
  Awaitable<gslb::Result<bool, OriginError>> read_body(std::string& out);

  // The connection was used before, and has been closed without a word on this request: it was
  // being closed when the request was sent (RFC 9112 9.3.1).
  bool was_stale(OriginError error) const noexcept;
  // The whole answer has been read.
  bool is_over() const noexcept { return decoder_ && decoder_->done(); }
  // What is left for another talk: null unless this one is over and both ends keep it.
  ConnectionRef take_connection();
  std::uint64_t octets_read() const noexcept { return octets_read_; }

 private:
  // Arms the connection for a phase; false: there is no time left at all.
  bool arm(std::int64_t phase_ms);
  OriginError too_late(OriginError of_phase) const;
  // Reads into buffer_; false at the peer's end or an error.
  Awaitable<bool> fill();
  bool begin_body(const http::ResponseHead& head, std::string_view method);

  ConnectionRef connection_;
  const Patience patience_;
  std::string scratch_;
  std::string buffer_;  // received, not yet used
  std::optional<http::BodyDecoder> decoder_;
  bool keep_ = false;
  int interims_ = 0;
  std::uint64_t octets_read_ = 0;
};

}  // namespace edge::origin
