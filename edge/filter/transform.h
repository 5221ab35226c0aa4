// Coding and decoding the octets of a body as they stream by.
//
// Source: RFC 1952 (gzip), RFC 7932 (Brotli), RFC 8878 (Zstandard), RFC 9659 (its window on the
// web); RFC 9110 8.4.1 (content codings).
//
// Why windows are small (gzip 32 KiB, Brotli and zstd 512 KiB): text repeats itself nearby, and
// what an encoder holds is paid for by every answer that is being coded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/config/filters.h"

namespace edge::filter {

using config::Coding;

// One body.  Thread-compatible.
class Transform {
 public:
  enum class Status : std::uint8_t {
    kAll,   // everything given has been taken, and nothing waits to come out but by flush()
    kMore,  // enough came out for once: call again
    kBad,   // not in that coding, or out of all proportion; nothing more may be done
  };
  // What a call appends is hardly more than this, however much it could.
  static constexpr std::size_t kStepOctets = 64 * 1024;

  virtual ~Transform() = default;
  // Takes octets off the front of `in` and appends what they become to `out`.
  virtual Status step(std::string_view& in, std::string& out) = 0;
  // Appends all that is needed to make use of what was taken so far.  kAll or kBad.
  // REQUIRES: step() said kAll.
  virtual Status flush(std::string& out) = 0;
  // The body has ended.  kBad: it ended too early.  REQUIRES: as flush()
  virtual Status finish(std::string& out) = 0;
};

// `level`: as the coding's own library counts; REQUIRES: in its range.  Null: no memory.
std::unique_ptr<Transform> make_encoder(Coding coding, int level);
// Refuses what grows more than 2000-fold: text never does, and bombs are made to.
std::unique_ptr<Transform> make_decoder(Coding coding);

// About what one of them holds while it lives.
std::size_t transform_octets(Coding coding) noexcept;

}  // namespace edge::filter
