#include "edge/serve/http2.h"

#include <chrono>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <nghttp2/nghttp2.h>

#include "edge/serve/http2_session.h"
#include "edge/serve/http2_stream.h"
#include "edge/serve/request_id.h"
#include "edge/serve/steps.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

// Work for streams the client has reset goes on for a while: more at once than this is refused.
constexpr std::size_t kMaxCoroutines = 2 * kMaxHttp2Streams;
constexpr std::size_t kWriteOctets = 256 * 1024;
// Frames without any use since the last answer: what browsers send stays far below.
constexpr std::size_t kMaxIdleFrames = 1000;

class Http2 final : public Http2Events, public std::enable_shared_from_this<Http2> {
 public:
  Http2(Worker& worker, Transport& transport)
      : worker_(worker),
        transport_(transport),
        config_(worker.config),
        written_(worker),
        wake_writer_(written_.waker()),
        ended_(worker),
        wake_ended_(ended_.waker()) {}

  Awaitable<void> run(std::string received);

  int on_begin_headers(const Http2Frame& frame) override;
  int on_header(const Http2Frame& frame, std::string_view name, std::string_view value) override;
  void on_frame(const Http2Frame& frame) override;
  void on_sent(const Http2Frame& frame) override;
  void on_body(std::int32_t id, std::string_view octets) override;
  void on_close(std::int32_t id) override;
  int on_send_body(std::string_view head, std::size_t size, Http2Stream& stream) override;

 private:
  using StreamRef = std::shared_ptr<Http2Stream>;
  // Octets of control_, or a slice when its chunk is set.
  struct Part {
    std::size_t offset = 0;
    std::size_t size = 0;
    cache::Slice slice;
  };

  bool feed(std::string_view octets);
  Awaitable<void> read_loop(std::string received);
  Awaitable<void> write_loop();
  Awaitable<void> answer_stream(StreamRef stream);
  void add_control(std::string_view octets);
  std::vector<std::string_view> gather();
  void watch();
  void go_away();
  StreamRef find(std::int32_t id) const;

  Worker& worker_;
  Transport& transport_;
  const config::ConfigRef config_;
  Http2SessionPtr session_;
  std::unordered_map<std::int32_t, StreamRef> streams_;
  std::vector<StreamRef> ready_;  // whole heads, not yet answered
  std::size_t coroutines_ = 0;
  std::size_t idle_frames_ = 0;
  bool going_away_ = false;
  bool closing_ = false;  // nothing more is read
  bool writer_ended_ = false;

  Signal written_;
  const std::function<void()> wake_writer_;
  Signal ended_;
  const std::function<void()> wake_ended_;
  // Of the write under way.
  std::string control_;
  std::vector<Part> parts_;
  std::size_t gathered_ = 0;
};

Http2::StreamRef Http2::find(std::int32_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

int Http2::on_begin_headers(const Http2Frame& frame) {
  if (!frame.is_request) { return 0; }
  if (coroutines_ + ready_.size() >= kMaxCoroutines) {
    ::nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.stream,
                                NGHTTP2_REFUSED_STREAM);
    return 0;
  }
  streams_[frame.stream] = std::make_shared<Http2Stream>(worker_, transport_, session_.get(),
                                                         frame.stream, wake_writer_);
  return 0;
}

int Http2::on_header(const Http2Frame& frame, std::string_view name, std::string_view value) {
  const StreamRef stream = find(frame.stream);
  // Trailers are dropped (RFC 9110 6.5.1).
  if (!stream || !frame.is_request) { return 0; }
  Http2Asked& asked = stream->asked;
  asked.octets += name.size() + value.size() + 32;
  const auto limit = static_cast<std::size_t>(config_->limits.header_octets);
  asked.too_large = asked.octets > limit || asked.fields.list().size() >= http::kMaxFields;
  if (asked.octets > 8 * limit) { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; }
  if (asked.too_large) { return 0; }
  if (name == ":method") {
    asked.method = value;
  } else if (name == ":path") {
    asked.path = value;
  } else if (name == ":authority") {
    asked.authority = value;
  } else if (!name.starts_with(':')) {
    asked.fields.add(std::string(name), std::string(value));
  }
  return 0;
}

void Http2::on_frame(const Http2Frame& frame) {
  const bool has_use = frame.type == NGHTTP2_WINDOW_UPDATE || frame.type == NGHTTP2_HEADERS ||
                       (frame.type == NGHTTP2_DATA && frame.length > 0) || frame.ends_stream;
  if (!has_use && ++idle_frames_ > kMaxIdleFrames) {
    ::nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const StreamRef stream = find(frame.stream);
  if (!stream) { return; }
  if (frame.ends_stream) { stream->end_body(); }
  if (frame.is_request) {
    stream->asked.has_body = !frame.ends_stream;
    ready_.push_back(stream);
  }
}

// RFC 9113 8.1: a whole answer to a request nobody wants the rest of.
void Http2::on_sent(const Http2Frame& frame) {
  if (!frame.ends_stream) { return; }
  idle_frames_ = 0;
  const StreamRef stream = find(frame.stream);
  if (stream && !stream->has_body_ended()) {
    ::nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.stream, NGHTTP2_NO_ERROR);
  }
}

void Http2::on_body(std::int32_t id, std::string_view octets) {
  if (const StreamRef stream = find(id)) {
    stream->take_body(octets);
  } else {
    ::nghttp2_session_consume_connection(session_.get(), octets.size());
  }
}

void Http2::on_close(std::int32_t id) {
  const StreamRef stream = find(id);
  if (!stream) { return; }
  stream->close();
  streams_.erase(id);
  if (streams_.empty()) { watch(); }
}

int Http2::on_send_body(std::string_view head, std::size_t size, Http2Stream& stream) {
  add_control(head);
  std::vector<cache::Slice> slices;
  stream.take_queued(size, slices);
  for (cache::Slice& slice : slices) { parts_.push_back({0, 0, std::move(slice)}); }
  gathered_ += size;
  return 0;
}

void Http2::add_control(std::string_view octets) {
  if (parts_.empty() || parts_.back().slice.chunk) { parts_.push_back({control_.size(), 0, {}}); }
  control_ += octets;
  parts_.back().size += octets.size();
  gathered_ += octets.size();
}

// What may be written now; valid until the next call.
std::vector<std::string_view> Http2::gather() {
  control_.clear();
  parts_.clear();
  gathered_ = 0;
  while (gathered_ < kWriteOctets) {
    const std::uint8_t* octets = nullptr;
    const ssize_t size = ::nghttp2_session_mem_send(session_.get(), &octets);
    if (size <= 0) { break; }
    add_control({reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size)});
  }
  std::vector<std::string_view> pieces;
  pieces.reserve(parts_.size());
  for (const Part& part : parts_) {
    const cache::Slice& slice = part.slice;
    pieces.push_back(slice.chunk ? slice.view()
                                 : std::string_view(control_).substr(part.offset, part.size));
  }
  return pieces;
}

Awaitable<void> Http2::write_loop() {
  while (true) {
    const std::vector<std::string_view> pieces = gather();
    if (!pieces.empty()) {
      const bool sent = co_await transport_.write(pieces);
      if (!sent) { break; }
      continue;
    }
    parts_.clear();  // slices are held no longer than they are written
    const bool done = (going_away_ && streams_.empty() && coroutines_ == 0) ||
                      ::nghttp2_session_want_read(session_.get()) == 0;
    if (closing_ || done) { break; }
    co_await written_.wait();
  }
  writer_ended_ = true;
  transport_.cancel();
  wake_ended_();
}

// How long the client may stay silent: between requests, while it takes its answers, and for ever
// while we are the ones who are waited for.
void Http2::watch() {
  const config::Limits& limits = config_->limits;
  if (coroutines_ > 0) { return transport_.set_read_deadline(Clock::time_point::max()); }
  const std::int64_t ms = streams_.empty() ? limits.idle_timeout_ms : limits.write_timeout_ms;
  transport_.set_read_deadline(Clock::now() + std::chrono::milliseconds(ms));
}

// RFC 9113 6.8: what has come is answered, the client asks for the rest elsewhere.
void Http2::go_away() {
  if (std::exchange(going_away_, true)) { return; }
  ::nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                          ::nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
  wake_writer_();
}

Awaitable<void> Http2::answer_stream(StreamRef stream) {
  const auto self = shared_from_this();
  const bool too_large = stream->asked.too_large;
  const bool has_body = stream->asked.has_body;
  auto head = as_request(std::move(stream->asked));
  if (too_large) {
    co_await refuse(worker_, *stream, 431, "too long");
  } else if (!head) {
    co_await refuse(worker_, *stream, http::status_for(head.error()), http::describe(head.error()));
  } else if (!transport_.is_for(head->host)) {
    worker_.counters.misdirected.add();
    co_await refuse(worker_, *stream, 421, "another connection is for this host");
  } else {
    head->secure = transport_.is_secure();
    settle_request_id(*head, worker_.access_log != nullptr);
    const auto framing = http::request_framing(*head);  // nghttp2 has held it against the frames
    const http::Framing streamed{http::BodyKind::kChunked, 0};
    const bool of_unknown_length = framing && framing->kind == http::BodyKind::kNone && has_body;
    if (framing) {
      co_await answer(worker_, *stream, *head, of_unknown_length ? streamed : *framing);
    }
  }
  stream->abandon();
  --coroutines_;
  if (!worker_.shared.keep_alive()) { go_away(); }
  if (!closing_) { watch(); }
  wake_writer_();
  wake_ended_();
}

bool Http2::feed(std::string_view octets) {
  const ssize_t used = ::nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
  for (StreamRef& stream : std::exchange(ready_, {})) {
    ++coroutines_;
    asio::co_spawn(worker_.loop, answer_stream(std::move(stream)), asio::detached);
  }
  wake_writer_();
  return used >= 0;
}

Awaitable<void> Http2::read_loop(std::string received) {
  bool good = feed(received);
  while (good && !writer_ended_) {
    watch();
    transport_.set_idle(coroutines_ == 0 && streams_.empty());
    received.clear();
    const bool more = co_await transport_.read(received);
    transport_.set_idle(false);
    if (!more) { break; }
    good = feed(received);
  }
  if (!writer_ended_) {
    ::nghttp2_session_terminate_session(session_.get(),
                                        good ? NGHTTP2_NO_ERROR : NGHTTP2_PROTOCOL_ERROR);
  }
}

Awaitable<void> Http2::run(std::string received) {
  session_ = make_http2_session(*this, static_cast<std::uint32_t>(config_->limits.header_octets));
  if (!session_) { co_return; }
  const auto self = shared_from_this();
  asio::co_spawn(
      worker_.loop, [self]() -> Awaitable<void> { co_await self->write_loop(); }, asio::detached);
  co_await read_loop(std::move(received));
  closing_ = true;
  transport_.set_read_deadline(Clock::time_point::max());
  for (const auto& [id, stream] : streams_) { stream->close(); }
  wake_writer_();
  while (coroutines_ > 0 || !writer_ended_) { co_await ended_.wait(); }
  streams_.clear();
}

}  // namespace

Awaitable<void> serve_http2(Worker& worker, Transport& transport, std::string received) {
  const auto connection = std::make_shared<Http2>(worker, transport);
  co_await connection->run(std::move(received));
}

}  // namespace edge::serve
