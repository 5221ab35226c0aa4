#include "edge/serve/http1.h"

#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/http/body_decoder.h"
#include "edge/serve/http1_head.h"
#include "edge/serve/request_id.h"
#include "edge/serve/steps.h"

namespace edge::serve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kIdleOctets = 2048;

Clock::time_point in(std::int64_t ms) { return Clock::now() + std::chrono::milliseconds(ms); }

class Http1 final : public ClientIo {
 public:
  Http1(Worker& worker, Transport& transport, std::string received)
      : worker_(worker),
        transport_(transport),
        config_(worker.config),
        buffer_(std::move(received)) {}

  Awaitable<void> run();

  Awaitable<BodyStatus> read_body(std::string& out) override;
  bool has_body_octets() const override { return !buffer_.empty(); }
  const std::string& peer() const override { return transport_.peer(); }
  Awaitable<bool> send_interim(const http::ResponseHead& head) override;
  void begin(Reply reply) override;
  Awaitable<bool> send(const std::vector<cache::Slice>& slices) override;
  Awaitable<bool> finish() override;

 private:
  enum class Next : std::uint8_t { kRequest, kRefused, kClosed };
  const config::Limits& limits() const { return config_->limits; }
  Awaitable<Next> read_request();
  Awaitable<Next> refuse_with(int status, std::string_view why);
  Awaitable<bool> wait_for_head(std::size_t scanned);
  Awaitable<bool> write(std::string_view before, const std::vector<cache::Slice>& slices,
                        std::string_view after);

  Worker& worker_;
  Transport& transport_;
  config::ConfigRef config_;  // renewed by each request
  std::string buffer_;        // received, not yet used
  bool deadline_set_ = false;

  // Of the request being answered.
  http::RequestHead request_;
  http::Framing framing_;
  std::optional<http::BodyDecoder> body_;
  Http1Head head_;  // once it has been sent, its text is room for what goes before slices
  bool head_sent_ = true;
  std::optional<std::uint64_t> length_;
  std::uint64_t sent_ = 0;  // octets of the body
  bool whole_ = false;      // the answer
};

Awaitable<ClientIo::BodyStatus> Http1::read_body(std::string& out) {
  out.clear();
  while (true) {
    if (!buffer_.empty()) {
      const auto used = body_->feed(buffer_, out);
      if (!used) { co_return BodyStatus::kBad; }
      buffer_.erase(0, *used);
    }
    if (!out.empty()) { co_return BodyStatus::kData; }
    if (body_->done()) { co_return BodyStatus::kEnd; }
    transport_.set_read_deadline(in(limits().body_timeout_ms));
    const bool more = co_await transport_.read(buffer_);
    transport_.set_read_deadline(Clock::time_point::max());
    if (!more) { co_return transport_.timed_out() ? BodyStatus::kTimeout : BodyStatus::kGone; }
  }
}

Awaitable<bool> Http1::send_interim(const http::ResponseHead& head) {
  if (request_.minor == 0) { co_return true; }
  const std::string text = http::write_response_head(head);
  co_return co_await write(text, {}, {});
}

void Http1::begin(Reply reply) {
  transport_.note_answer(reply.head.status);
  length_ = reply.has_body ? reply.length : 0;
  // What is left of a body nobody read would be taken for the next request.
  const bool keep = body_ && body_->done() && worker_.shared.keep_alive() &&
                    http::keeps_alive(request_.minor, request_.fields);
  head_ = write_http1_head(std::move(reply), request_.minor, keep, std::move(head_.text));
  head_sent_ = false;
  sent_ = 0;
}

Awaitable<bool> Http1::send(const std::vector<cache::Slice>& slices) {
  std::size_t size = 0;
  for (const cache::Slice& slice : slices) { size += slice.size; }
  const bool with_head = !std::exchange(head_sent_, true);
  if (!with_head) { head_.text.clear(); }
  sent_ += size;
  if (size == 0 || !head_.chunked) { return write(head_.text, slices, {}); }
  head_.text += http::chunk_size_line(size);
  return write(head_.text, slices, "\r\n");
}

Awaitable<bool> Http1::finish() {
  if (length_ && *length_ != sent_) { co_return false; }
  const std::string_view last_chunk = head_.chunked ? "0\r\n\r\n" : "";
  whole_ = true;
  const bool with_head = !std::exchange(head_sent_, true);
  if (!with_head && last_chunk.empty()) { co_return true; }
  if (!with_head) { head_.text.clear(); }
  const bool sent = co_await write(head_.text, {}, last_chunk);
  co_return sent;
}

// All that is written goes through here.
Awaitable<bool> Http1::write(std::string_view before, const std::vector<cache::Slice>& slices,
                             std::string_view after) {
  return transport_.write_body(before, slices, after);
}

Awaitable<Http1::Next> Http1::refuse_with(int status, std::string_view why) {
  request_ = {};
  request_.method = "GET";
  body_.reset();
  co_await refuse(worker_, *this, status, why);
  co_return Next::kRefused;
}

// Reads on.  One deadline for the whole head, from its first octet: dripping does not extend it.
Awaitable<bool> Http1::wait_for_head(std::size_t scanned) {
  const bool idle = buffer_.empty();
  if (idle) {
    // Most connections wait, and most for long: they keep little.
    request_ = {};
    if (buffer_.capacity() > kIdleOctets) { buffer_ = {}; }
    transport_.set_read_deadline(in(limits().idle_timeout_ms));
    deadline_set_ = false;
  } else if (scanned == 0 || !deadline_set_) {
    transport_.set_read_deadline(in(limits().header_timeout_ms));
    deadline_set_ = true;
  }
  transport_.set_idle(idle);
  const bool more = co_await transport_.read(buffer_);
  transport_.set_idle(false);
  co_return more;
}

Awaitable<Http1::Next> Http1::read_request() {
  config_ = worker_.config;
  const auto header_limit = static_cast<std::size_t>(limits().header_octets);
  std::size_t scanned = 0;
  std::size_t end = 0;
  deadline_set_ = false;
  while (true) {
    // RFC 9112 2.2: an empty line before a request line is ignored.
    if (scanned == 0 && buffer_.starts_with("\r\n")) { buffer_.erase(0, 2); }
    const http::HeadScan scan = http::scan_head(buffer_, scanned, end);
    if (scan == http::HeadScan::kBadLineEnding) {
      co_return co_await refuse_with(400, http::describe(http::HeadError::kLineEnding));
    }
    const bool done = scan == http::HeadScan::kDone;
    if (done ? end > header_limit : scanned > header_limit) {
      const bool long_line = buffer_.find("\r\n") > header_limit;
      co_return co_await refuse_with(long_line ? 414 : 431, "too long");
    }
    if (done) { break; }
    const bool idle = buffer_.empty();
    if (idle && worker_.shared.stopping) { co_return Next::kClosed; }
    const bool more = co_await wait_for_head(scanned);
    if (!more && transport_.timed_out() && !idle) {
      co_return co_await refuse_with(408, "the request head took too long");
    }
    if (!more) { co_return Next::kClosed; }
  }
  transport_.set_read_deadline(Clock::time_point::max());
  auto head = http::parse_request_head(std::string_view(buffer_).substr(0, end));
  if (!head) {
    co_return co_await refuse_with(http::status_for(head.error()), http::describe(head.error()));
  }
  buffer_.erase(0, end);
  const auto framing = http::request_framing(*head);
  if (!framing) {
    co_return co_await refuse_with(http::status_for(framing.error()),
                                   http::describe(framing.error()));
  }
  // Another edge connects to this node, whatever the host.
  if (!transport_.is_for(head->host) && !head->fields.has(tier::kEdgeField)) {
    worker_.counters.misdirected.add();
    co_return co_await refuse_with(421, "another connection is for this host (RFC 9110 7.4)");
  }
  request_ = std::move(*head);
  request_.secure = transport_.is_secure();
  settle_request_id(request_, worker_.access_log != nullptr);
  framing_ = *framing;
  body_.emplace(framing_);
  co_return Next::kRequest;
}

Awaitable<void> Http1::run() {
  Next next = Next::kRequest;
  while (true) {
    next = co_await read_request();
    if (next != Next::kRequest) { break; }
    whole_ = false;
    const bool sent = co_await answer(worker_, *this, request_, framing_);
    if (!sent || !whole_ || !head_.keep_alive) { break; }
  }
  if (next != Next::kClosed && !transport_.timed_out()) { co_await transport_.linger(buffer_); }
}

}  // namespace

Awaitable<void> serve_http1(Worker& worker, Transport& transport, std::string received) {
  Http1 protocol(worker, transport, std::move(received));
  co_await protocol.run();
}

}  // namespace edge::serve
