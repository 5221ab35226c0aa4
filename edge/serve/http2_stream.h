// One request on an HTTP/2 connection.  Internal to http2.
//
// Source: RFC 9113 8 (fields, pseudo-fields, malformed messages), 5.2 (flow control).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/serve/client_io.h"
#include "edge/serve/signal.h"
#include "edge/serve/transport.h"

struct nghttp2_session;

namespace edge::serve {

// A request's fields as they arrive.
struct Http2Asked {
  std::string method;
  std::string path;
  std::string authority;
  http::Fields fields;
  std::size_t octets = 0;  // as RFC 9113 6.5.2 counts them
  bool too_large = false;
  bool has_body = false;  // frames may follow
};
// As HTTP/1 would have it, by HTTP/1's rules: what these refuse can't be forwarded.
gslb::Result<http::RequestHead, http::HeadError> as_request(Http2Asked asked);

// Worker-confined.
class Http2Stream final : public ClientIo {
 public:
  // `wake_writer`: there is something to be written.  The session must live while the stream is
  // not closed; worker and transport longer.
  Http2Stream(Worker& worker, Transport& transport, nghttp2_session* session, std::int32_t id,
              std::function<void()> wake_writer);

  // --- the connection's side --------------------------------------------------------------------
  Http2Asked asked;
  void take_body(std::string_view octets);
  void end_body();
  // Nothing more can be said on it.
  void close();
  bool has_body_ended() const noexcept { return body_ended_; }
  // Of the answer's body: what may be sent now, and whether that is all there will be.
  std::size_t queued() const noexcept { return queued_; }
  bool is_complete() const noexcept { return finished_; }
  // Moves the first `size` octets of it to the back of `out`.  REQUIRES: size <= queued()
  void take_queued(std::size_t size, std::vector<cache::Slice>& out);
  // The answer ended without finish(): the client must not take it for whole.
  void abandon();

  // --- ClientIo ---------------------------------------------------------------------------------
  Awaitable<BodyStatus> read_body(std::string& out) override;
  bool has_body_octets() const override { return !body_.empty(); }
  const std::string& peer() const override { return peer_; }
  Awaitable<bool> send_interim(const http::ResponseHead& head) override;
  void begin(Reply reply) override;
  Awaitable<bool> send(const std::vector<cache::Slice>& slices) override;
  Awaitable<bool> finish() override;

 private:
  void submit_head();
  void reset(std::uint32_t code);

  Transport& transport_;
  const std::string peer_;  // a copy: at the end of the process streams may outlive connections
  const config::ConfigRef config_;
  nghttp2_session* session_;
  const std::int32_t id_;
  const std::function<void()> wake_writer_;
  Signal signal_;
  const std::function<void()> wake_;

  std::string body_;  // received, not yet read; bounded by the stream's window
  bool body_ended_ = false;
  bool closed_ = false;

  std::optional<Reply> reply_;  // begun, not yet submitted
  std::optional<std::uint64_t> length_;
  std::uint64_t sent_ = 0;
  std::deque<cache::Slice> queue_;
  std::size_t queued_ = 0;
  bool waiting_ = false;  // for the queue to become shorter
  bool has_body_ = false;
  bool finished_ = false;
};

}  // namespace edge::serve
