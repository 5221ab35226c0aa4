#include "edge/http/body_decoder.h"

#include <algorithm>

namespace edge::http {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') { return c - '0'; }
  if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
  if (c >= 'A' && c <= 'F') { return c - 'A' + 10; }
  return -1;
}

bool is_text(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet == '\t' || (octet >= ' ' && octet != 0x7f);
}

}  // namespace

BodyDecoder::BodyDecoder(Framing framing) noexcept : state_(State::kDone), left_(framing.length) {
  switch (framing.kind) {
    case BodyKind::kNone:
      break;
    case BodyKind::kLength:
      state_ = left_ == 0 ? State::kDone : State::kCounted;
      break;
    case BodyKind::kChunked:
      state_ = State::kSize;
      break;
    case BodyKind::kUntilClose:
      state_ = State::kUntilClose;
      break;
  }
}

gslb::Result<std::size_t, BodyError> BodyDecoder::feed(std::string_view in, std::string& out) {
  std::size_t used = 0;
  while (used < in.size() && state_ != State::kDone) {
    if (state_ == State::kUntilClose) {
      out.append(in.substr(used));
      return in.size();
    }
    if (state_ == State::kCounted || state_ == State::kData) {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - used));
      out.append(in.substr(used, take));
      used += take;
      left_ -= take;
      if (left_ == 0) { state_ = state_ == State::kCounted ? State::kDone : State::kDataCr; }
      continue;
    }
    if (!framing_octet(in[used])) { return gslb::Unexpected(error_); }
    ++used;
  }
  return used;
}

bool BodyDecoder::framing_octet(char c) noexcept {
  switch (state_) {
    case State::kSize:
    case State::kExtension:
      return size_octet(c);
    case State::kSizeLf:
      error_ = BodyError::kChunkSize;
      state_ = left_ == 0 ? State::kTrailerStart : State::kData;
      line_ = 0;
      digits_ = 0;
      return c == '\n';
    case State::kDataCr:
      error_ = BodyError::kChunkEnd;
      state_ = State::kDataLf;
      return c == '\r';
    case State::kDataLf:
      error_ = BodyError::kChunkEnd;
      state_ = State::kSize;
      return c == '\n';
    default:
      return trailer_octet(c);
  }
}

bool BodyDecoder::size_octet(char c) noexcept {
  error_ = BodyError::kChunkExtension;
  if (++line_ > kMaxChunkLine) { return false; }
  if (state_ == State::kExtension) {
    if (c == '\r') { state_ = State::kSizeLf; }
    return c == '\r' || is_text(c);
  }
  error_ = BodyError::kChunkSize;
  const int digit = hex_value(c);
  if (digit >= 0) {
    // 15 digits stay below 2^60: no overflow, and no real chunk is longer.
    if (++digits_ > 15) { return false; }
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return true;
  }
  if (digits_ == 0) { return false; }
  if (c == '\r') {
    state_ = State::kSizeLf;
    return true;
  }
  // Spaces may stand before ";" only (bad whitespace of RFC 9112 7.1.1).
  state_ = State::kExtension;
  return c == ';' || c == ' ' || c == '\t';
}

bool BodyDecoder::trailer_octet(char c) noexcept {
  error_ = BodyError::kTrailer;
  if (++line_ > kMaxTrailer) { return false; }
  switch (state_) {
    case State::kTrailerStart:
      state_ = c == '\r' ? State::kFinalLf : State::kTrailerLine;
      return c == '\r' || (is_text(c) && c != ' ' && c != '\t');
    case State::kTrailerLine:
      if (c == '\r') { state_ = State::kTrailerLf; }
      return c == '\r' || is_text(c);
    case State::kTrailerLf:
      state_ = State::kTrailerStart;
      return c == '\n';
    default:
      state_ = State::kDone;
      return c == '\n';  // kFinalLf
  }
}

}  // namespace edge::http
