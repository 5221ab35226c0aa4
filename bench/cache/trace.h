// A trace of requests for objects, from a file or made up, ready to be replayed many times.
//
// Source: the oracleGeneral format of libCacheSim: records of 24 octets, little-endian: uint32
// time, uint64 object, uint32 size, int64 next access (a position in the trace; it is found anew
// here, so that filtered traces stay right).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/base/result.h"

namespace bench::cache {

inline constexpr std::uint32_t kNever = 0xffffffff;

struct Request {
  std::uint32_t key = 0;   // dense: objects are numbered as they first come
  std::uint32_t size = 0;  // octets, > 0
  std::uint32_t next = 0;  // position of the next request for the same key, or kNever
};

struct Trace {
  std::string name;
  std::vector<Request> requests;
  std::uint32_t keys = 0;
  std::uint64_t footprint = 0;         // octets of all objects, each by its first size
  std::uint64_t requested_octets = 0;  // of all requests
};

enum class TraceError : std::uint8_t {
  kUnreadable,   // no such file, or not for us
  kTorn,         // ends within a record
  kBadNumber,    // CSV: a field that is no number in range
  kBadFields,    // CSV: fewer than two fields
  kTooLong,      // 2^32 - 1 requests or more
  kCompression,  // not what zstd makes
  kEmpty,        // no request with a size
};
std::string_view describe(TraceError error);

// Collects requests in order and numbers their objects; requests of size 0 are left out.
class TraceBuilder {
 public:
  void add(std::uint64_t object, std::uint32_t size);
  // Positions of next requests and sums.  The builder is empty afterwards.
  Trace take(std::string name);
  std::size_t size() const noexcept { return objects_.size(); }

 private:
  std::vector<std::uint64_t> objects_;
  std::vector<std::uint32_t> sizes_;
};

// Untrusted octets; `limit`: at most so many requests are taken.
gslb::Result<Trace, TraceError> parse_oracle_general(gslb::Octets octets, std::size_t limit);
// Lines of `object,size` or `time,object,size`, decimal; objects may also be text without commas
// (hashed).  A first line whose last field is no number is a heading.
gslb::Result<Trace, TraceError> parse_csv(std::string_view text, std::size_t limit);
// By its name: .csv (or .txt) is CSV, all else oracleGeneral; with .zst behind it compressed.
gslb::Result<Trace, TraceError> read_trace(const std::string& path, std::size_t limit);

}  // namespace bench::cache
