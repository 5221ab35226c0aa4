// Large responses in slices: which ones, how slices are named, and what belongs to a slice.
//
// Source: RFC 9110 13.1.5 (If-Range), 14.2, 15.3.7 (206, combining); RFC 9111 3.3, 3.4.
//
// A sliced response is an index, an object without a body under the key of the response, and
// slices, objects of their own to eviction and disk under keys that name the index's generation.
// All rules of RFC 9111 are the index's affair: freshness, Vary, validation, invalidation.  A slice
// has none; it is right as long as an index names its generation.  So what ends an index (a purge,
// an unsafe method, another representation) ends all its slices at once; nobody asks for them any
// more, and eviction takes them.  Why not keys with the entity tag in them: a purge is for octets
// that are wrong although their tag is what it was.
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "edge/cache/object.h"
#include "edge/config/config.h"
#include "edge/http/validator.h"

namespace edge::cache {

// How a 200 of `total` octets is to be kept in slices; nullopt: it is not.  It has to be large, and
// have what tells its slices from those of another representation; that the origin sends ranges
// has been seen (`by_range`) or is its word.  The generation is the caller's to set.
std::optional<Sliced> slicing_of(const http::ResponseHead& head, std::uint64_t total, bool by_range,
                                 const config::Slices& slices, gslb::WallTime now);

// The key of a slice of the response with that key.
std::string slice_key(const std::string& key, const Sliced& sliced, std::uint64_t number);
// Where it is in the whole.  REQUIRES: it begins within the whole.
http::ByteRange slice_range(const Sliced& sliced, std::uint64_t number);

// As Range has it: the whole slices around what a client asks for; nullopt: the end counts, and is
// not known.
std::optional<std::string> aligned_range(const http::RangeSpec& asked, std::uint64_t slice_octets);

// What an origin sent when it was asked for octets from `from` on, with If-Range.
enum class SliceAnswer : std::uint8_t {
  kRange,    // they follow
  kWhole,    // the same representation from its beginning on
  kFailure,  // the origin can't just now; nothing is wrong with the index
  kChanged,  // it is about something else than the index
};
SliceAnswer judge_slice(const http::ResponseHead& head, const Object& index, std::uint64_t from,
                        gslb::WallTime now);

}  // namespace edge::cache
