// Turns the octets after a head into body octets: counted, chunked or until close.
//
// Source: RFC 9112 6.2, 6.3, 7.1 (chunked), 7.1.2 (trailers: read and dropped, as 6.5.1 of
// RFC 9110 allows an intermediary).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/http/message.h"
#include "gslb/base/result.h"

namespace edge::http {

enum class BodyError : std::uint8_t {
  kChunkSize,       // not hex, or over 15 digits
  kChunkExtension,  // over kMaxChunkLine, or control octets in it
  kChunkEnd,        // data not followed by CRLF
  kTrailer,         // over kMaxTrailer octets, or a bad line
};

inline constexpr std::size_t kMaxChunkLine = 1024;
inline constexpr std::size_t kMaxTrailer = 8192;

// Incremental.  Thread-compatible.
class BodyDecoder {
 public:
  explicit BodyDecoder(Framing framing) noexcept;

  // Appends decoded octets of `in` to `out`; returns how much of `in` was used.  Octets that
  // follow the body are left.  After an error the connection can't be used any more.
  gslb::Result<std::size_t, BodyError> feed(std::string_view in, std::string& out);

  // The body is complete.  Never true for kUntilClose.
  bool done() const noexcept { return state_ == State::kDone; }
  // The sender closed now: true when that is how this body ends.
  bool complete_at_close() const noexcept {
    return state_ == State::kDone || state_ == State::kUntilClose;
  }

 private:
  enum class State : std::uint8_t {
    kCounted,
    kUntilClose,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerLine,
    kTrailerLf,
    kFinalLf,
    kDone
  };
  // One octet of chunk framing; returns false and sets error_ when it is wrong.
  bool framing_octet(char c) noexcept;
  bool size_octet(char c) noexcept;
  bool trailer_octet(char c) noexcept;

  State state_;
  std::uint64_t left_ = 0;  // octets of the counted body or of the current chunk
  std::size_t line_ = 0;    // octets of the current size line or of all trailers
  std::size_t digits_ = 0;  // of the current chunk size
  BodyError error_{};
};

}  // namespace edge::http
