#include "edge/origin/talk.h"

#include <algorithm>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::origin {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Talk::Talk(ConnectionRef connection, const Patience& patience)
    : connection_(std::move(connection)), patience_(patience) {
  ++connection_->requests;
}

Talk::~Talk() {
  if (connection_) { connection_->close(); }
}

bool Talk::arm(std::int64_t phase_ms) {
  if (!patience_.deadline) {
    connection_->arm(phase_ms);
    return true;
  }
  const std::int64_t left =
      std::chrono::duration_cast<std::chrono::milliseconds>(*patience_.deadline - Clock::now())
          .count();
  if (left <= 0) { return false; }
  connection_->arm(std::min(left, phase_ms));
  return true;
}

OriginError Talk::too_late(OriginError of_phase) const {
  const bool is_over = patience_.deadline && Clock::now() >= *patience_.deadline;
  return is_over ? OriginError::kDeadline : of_phase;
}

Awaitable<Exchange::Status> Talk::write(std::string_view octets) {
  if (!arm(patience_.between_bytes_ms)) { co_return gslb::Unexpected(OriginError::kDeadline); }
  const bool sent = co_await connection_->write(octets);
  connection_->disarm();
  if (!sent) { co_return gslb::Unexpected(OriginError::kSend); }
  co_return Exchange::Status{};
}

Awaitable<bool> Talk::fill() {
  if (scratch_.empty()) { scratch_.resize(kReadOctets); }
  const std::size_t count = co_await connection_->read_some(scratch_.data(), scratch_.size());
  octets_read_ += count;
  buffer_.append(scratch_, 0, count);
  co_return count > 0;
}

Awaitable<gslb::Result<http::ResponseHead, OriginError>> Talk::read_head(std::string_view method) {
  std::size_t scanned = 0;
  if (!arm(patience_.first_byte_ms)) { co_return gslb::Unexpected(OriginError::kDeadline); }
  while (true) {
    std::size_t end = 0;
    const http::HeadScan scan = http::scan_head(buffer_, scanned, end);
    if (scan == http::HeadScan::kBadLineEnding || scanned > kMaxResponseHead) {
      co_return gslb::Unexpected(OriginError::kBadResponse);
    }
    if (scan == http::HeadScan::kMore) {
      const bool more = co_await fill();
      if (more) { continue; }
      co_return gslb::Unexpected(connection_->timed_out() ? too_late(OriginError::kFirstByteTimeout)
                                                          : OriginError::kClosed);
    }
    auto head = http::parse_response_head(std::string_view(buffer_).substr(0, end));
    buffer_.erase(0, end);
    scanned = 0;
    // 101 can't come: Upgrade is never sent.
    if (!head || head->status == 101) { co_return gslb::Unexpected(OriginError::kBadResponse); }
    if (head->status < 200 && ++interims_ > kMaxInterim) {
      co_return gslb::Unexpected(OriginError::kBadResponse);
    }
    if (head->status == 100) { continue; }
    connection_->disarm();
    if (head->status < 200) { co_return std::move(*head); }
    if (!begin_body(*head, method)) { co_return gslb::Unexpected(OriginError::kBadResponse); }
    co_return std::move(*head);
  }
}

bool Talk::begin_body(const http::ResponseHead& head, std::string_view method) {
  const auto framing = http::response_framing(head, method);
  if (!framing) { return false; }
  decoder_.emplace(*framing);
  keep_ =
      http::keeps_alive(head.minor, head.fields) && framing->kind != http::BodyKind::kUntilClose;
  return true;
}

Awaitable<gslb::Result<bool, OriginError>> Talk::read_body(std::string& out) {
  out.clear();
  while (true) {
    if (!buffer_.empty()) {
      const auto used = decoder_->feed(buffer_, out);
      if (!used) { co_return gslb::Unexpected(OriginError::kBadResponse); }
      buffer_.erase(0, *used);
    }
    if (!out.empty()) { co_return true; }
    if (decoder_->done()) { co_return false; }
    if (!arm(patience_.between_bytes_ms)) { co_return gslb::Unexpected(OriginError::kDeadline); }
    const bool more = co_await fill();
    connection_->disarm();
    if (more) { continue; }
    if (connection_->timed_out()) {
      co_return gslb::Unexpected(too_late(OriginError::kBodyTimeout));
    }
    if (decoder_->complete_at_close()) { co_return false; }
    co_return gslb::Unexpected(OriginError::kShortBody);
  }
}

bool Talk::was_stale(OriginError error) const noexcept {
  const bool is_end = error == OriginError::kClosed || error == OriginError::kSend;
  return connection_ && connection_->reused && is_end && octets_read_ == 0;
}

// Octets after the body are an answer to nothing we asked: such a connection is not reused.
ConnectionRef Talk::take_connection() {
  if (!is_over() || !keep_ || !buffer_.empty()) { return nullptr; }
  return std::move(connection_);
}

}  // namespace edge::origin
