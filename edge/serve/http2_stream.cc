#include "edge/serve/http2_stream.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <nghttp2/nghttp2.h>

namespace edge::serve {
namespace {

// An answer's octets that wait for the client's window: enough to fill a write.
constexpr std::size_t kQueueOctets = 64 * 1024;

// RFC 9113 8.2.1, 8.3.1: such a value would end a line of HTTP/1.
bool breaks_lines(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos;
}

nghttp2_nv field_of(std::string_view name, std::string_view value) {
  const auto octets = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// A head as nghttp2 takes it: names in lower case, the status first.
class FieldBlock {
 public:
  explicit FieldBlock(const http::ResponseHead& head) : status_(std::to_string(head.status)) {
    const std::vector<http::Field>& list = head.fields.list();
    names_.reserve(list.size());
    fields_.reserve(list.size() + 1);
    fields_.push_back(field_of(":status", status_));
    for (const http::Field& field : list) {
      names_.push_back(http::to_lower(field.name));
      fields_.push_back(field_of(names_.back(), field.value));
    }
  }
  const nghttp2_nv* data() const { return fields_.data(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::string status_;
  std::vector<std::string> names_;
  std::vector<nghttp2_nv> fields_;
};

// NOLINTNEXTLINE(readability-function-size): nghttp2's signature
ssize_t queued_octets(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                      std::uint32_t* flags, nghttp2_data_source* source, void*) {
  const Http2Stream& stream = *static_cast<const Http2Stream*>(source->ptr);
  const std::size_t size = std::min(room, stream.queued());
  if (size == stream.queued() && stream.is_complete()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  } else if (size == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return static_cast<ssize_t>(size);
}

}  // namespace

gslb::Result<http::RequestHead, http::HeadError> as_request(Http2Asked asked) {
  if (!http::is_token(asked.method)) { return gslb::Unexpected(http::HeadError::kStartLine); }
  if (!asked.path.starts_with('/') && asked.path != "*") {
    return gslb::Unexpected(http::HeadError::kTarget);
  }
  if (breaks_lines(asked.path) || breaks_lines(asked.authority)) {
    return gslb::Unexpected(http::HeadError::kTarget);
  }
  http::RequestHead head;
  head.method = std::move(asked.method);
  head.target = std::move(asked.path);
  std::string cookies;
  const std::string* const host = asked.fields.find("host");
  // RFC 9113 8.3.1: they must not differ; the authority is what counts.
  const bool differs = host != nullptr && !asked.authority.empty() &&
                       !http::equals_ignoring_case(*host, asked.authority);
  if (differs || asked.fields.count("host") > 1) {
    return gslb::Unexpected(http::HeadError::kHost);
  }
  head.fields.add("Host", !asked.authority.empty() ? asked.authority
                          : host != nullptr        ? *host
                                                   : "");
  for (http::Field& field : asked.fields.list()) {
    if (breaks_lines(field.value)) { return gslb::Unexpected(http::HeadError::kField); }
    if (field.name == "host") { continue; }
    if (field.name == "cookie") {  // 8.2.3
      cookies += (cookies.empty() ? "" : "; ") + field.value;
    } else {
      head.fields.add(std::move(field.name), std::move(field.value));
    }
  }
  if (!cookies.empty()) { head.fields.add("Cookie", std::move(cookies)); }
  auto parsed = http::parse_request_head(http::write_request_head(head));
  if (parsed) { parsed->major = 2; }
  return parsed;
}

Http2Stream::Http2Stream(Worker& worker, Transport& transport, nghttp2_session* session,
                         std::int32_t id, std::function<void()> wake_writer)
    : transport_(transport),
      peer_(transport.peer()),
      config_(worker.config),
      session_(session),
      id_(id),
      wake_writer_(std::move(wake_writer)),
      signal_(worker),
      wake_(signal_.waker()) {}

void Http2Stream::take_body(std::string_view octets) {
  body_ += octets;
  wake_();
}

void Http2Stream::end_body() {
  body_ended_ = true;
  wake_();
}

void Http2Stream::close() {
  // The window of the connection outlives the stream.
  if (!closed_ && !body_.empty()) { ::nghttp2_session_consume_connection(session_, body_.size()); }
  closed_ = true;
  body_.clear();
  queue_.clear();
  queued_ = 0;
  wake_();
}

void Http2Stream::take_queued(std::size_t size, std::vector<cache::Slice>& out) {
  queued_ -= size;
  while (size > 0) {
    cache::Slice& first = queue_.front();
    const std::size_t part = std::min(size, first.size);
    out.push_back(first);
    out.back().size = part;
    first.offset += part;
    first.size -= part;
    size -= part;
    if (first.size == 0) { queue_.pop_front(); }
  }
  if (waiting_ && queued_ <= kQueueOctets) { wake_(); }
}

void Http2Stream::reset(std::uint32_t code) {
  if (closed_) { return; }
  ::nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id_, code);
  wake_writer_();
}

void Http2Stream::abandon() {
  if (!finished_) { reset(NGHTTP2_INTERNAL_ERROR); }
}

Awaitable<ClientIo::BodyStatus> Http2Stream::read_body(std::string& out) {
  out.clear();
  while (true) {
    if (!body_.empty()) {
      std::swap(out, body_);
      ::nghttp2_session_consume(session_, id_, out.size());
      wake_writer_();
      co_return BodyStatus::kData;
    }
    if (body_ended_) { co_return BodyStatus::kEnd; }
    if (closed_) { co_return BodyStatus::kGone; }
    const bool woken = co_await signal_.wait(gslb::milliseconds(config_->limits.body_timeout_ms));
    if (!woken) { co_return BodyStatus::kTimeout; }
  }
}

Awaitable<bool> Http2Stream::send_interim(const http::ResponseHead& head) {
  if (closed_) { co_return false; }
  const FieldBlock block(head);
  ::nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id_, nullptr, block.data(), block.size(),
                           nullptr);
  wake_writer_();
  co_return true;
}

void Http2Stream::begin(Reply reply) {
  transport_.note_answer(reply.head.status);
  has_body_ = reply.has_body;
  length_ = reply.has_body ? reply.length : 0;
  reply_ = gathered(std::move(reply));
}

// The head goes out with what is queued: both wait for the writer.
void Http2Stream::submit_head() {
  if (closed_) { return; }
  if (!reply_) {
    ::nghttp2_session_resume_data(session_, id_);
  } else {
    const FieldBlock block(reply_->head);
    nghttp2_data_provider body{};
    body.source.ptr = this;
    body.read_callback = queued_octets;
    const bool nothing_follows = !has_body_ || (finished_ && queued_ == 0);
    ::nghttp2_submit_response(session_, id_, block.data(), block.size(),
                              nothing_follows ? nullptr : &body);
    reply_.reset();
  }
  wake_writer_();
}

Awaitable<bool> Http2Stream::send(const std::vector<cache::Slice>& slices) {
  if (closed_) { co_return false; }
  for (const cache::Slice& slice : slices) {
    if (slice.size == 0) { continue; }
    queue_.push_back(slice);
    queued_ += slice.size;
    sent_ += slice.size;
  }
  submit_head();
  while (!closed_ && queued_ > kQueueOctets) {
    const std::size_t before = queued_;
    waiting_ = true;
    const bool woken = co_await signal_.wait(gslb::milliseconds(config_->limits.write_timeout_ms));
    waiting_ = false;
    // A window that stays shut is a slow reader's.
    if (!woken && queued_ >= before) {
      reset(NGHTTP2_CANCEL);
      co_return false;
    }
  }
  co_return !closed_;
}

Awaitable<bool> Http2Stream::finish() {
  if (closed_ || (length_ && *length_ != sent_)) { co_return false; }
  finished_ = true;
  submit_head();
  co_return true;
}

}  // namespace edge::serve
