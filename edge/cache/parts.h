// Parts of representations: which requests they answer, and what they lack for others.
//
// Source: RFC 9111 3.3 (storing incomplete responses), 3.4 (combining); RFC 9110 14.2.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/cache/object.h"
#include "edge/http/validator.h"

namespace edge::cache {

// The octets of the whole that the object holds, or will when its body is at its end.  nullopt:
// none, or nobody knows yet.
std::optional<http::ByteRange> extent_of(const Object& object);

// True if every range lies within that.
bool holds(const Object& object, const std::vector<http::ByteRange>& ranges);

// What lacks before or behind a stored part so that it holds `wanted` too.  nullopt: it would have
// a gap, or lacks at both ends.
std::optional<http::ByteRange> missing_of(const http::ByteRange& stored,
                                          const http::ByteRange& wanted) noexcept;

// A copy of octets of a body that is in memory; nullopt when it is not there.
std::optional<std::string> copy_of(const std::shared_ptr<Body>& body, std::uint64_t from,
                                   std::uint64_t count);

// How a part that comes is put together with the stored one: the octets before and behind it.
struct Joined {
  std::string before;
  std::string behind;
  http::ResponseHead head;  // of the combination, 200, without Content-Range
};
// `head`: a 206 that holds `place`.  nullopt: not the same representation, they don't touch, or
// the stored octets are not in memory.
std::optional<Joined> join(const Object& stored, const http::ResponseHead& head,
                           const http::ContentRange& place, gslb::WallTime now);

}  // namespace edge::cache
