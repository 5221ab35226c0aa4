// nghttp2's session with what it calls.  Internal to http2.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct nghttp2_session;

namespace edge::serve {

class Http2Stream;

inline constexpr std::uint32_t kMaxHttp2Streams = 128;

struct Http2Frame {
  std::uint8_t type = 0;  // RFC 9113 6
  std::int32_t stream = 0;
  std::size_t length = 0;
  bool ends_stream = false;
  bool is_request = false;  // HEADERS that begin a stream
};

// Results are nghttp2's: 0 or one of its error codes.
class Http2Events {
 public:
  virtual ~Http2Events() = default;
  virtual int on_begin_headers(const Http2Frame& frame) = 0;
  virtual int on_header(const Http2Frame& frame, std::string_view name, std::string_view value) = 0;
  // A whole frame came; one went out.
  virtual void on_frame(const Http2Frame& frame) = 0;
  virtual void on_sent(const Http2Frame& frame) = 0;
  virtual void on_body(std::int32_t id, std::string_view octets) = 0;
  virtual void on_close(std::int32_t id) = 0;
  // A DATA frame with that head and `size` octets of the stream's answer is next.
  virtual int on_send_body(std::string_view head, std::size_t size, Http2Stream& stream) = 0;
};

struct Http2SessionFree {
  void operator()(nghttp2_session* session) const noexcept;
};
using Http2SessionPtr = std::unique_ptr<nghttp2_session, Http2SessionFree>;
// A server's, with its SETTINGS submitted; null when there is no memory.  Of data providers the
// source is the Http2Stream.  `events` must outlive it.
Http2SessionPtr make_http2_session(Http2Events& events, std::uint32_t header_octets);

}  // namespace edge::serve
