#include "edge/cache/slices.h"

#include <algorithm>

#include "edge/cache/update.h"

namespace edge::cache {
namespace {

// Of a 206 to a request with If-Range: it may leave out what did not change (RFC 9110 15.3.7), but
// what it says has to agree.  An origin that ignores If-Range shows by its new tag.
bool is_of(const http::ResponseHead& part, const http::ResponseHead& index, gslb::WallTime now) {
  const bool says = part.fields.has("ETag") || part.fields.has("Last-Modified");
  if (says && !part.fields.has("ETag") && index.fields.has("ETag")) {
    const std::string* theirs = part.fields.find("Last-Modified");
    const std::string* ours = index.fields.find("Last-Modified");
    return ours == nullptr || http::trim(*theirs) == http::trim(*ours);
  }
  return !says || is_same_representation(part, index, now);
}

}  // namespace

std::optional<Sliced> slicing_of(const http::ResponseHead& head, std::uint64_t total, bool by_range,
                                 const config::Slices& slices, gslb::WallTime now) {
  const bool knows_ranges = by_range || head.fields.has_element("Accept-Ranges", "bytes");
  if (!slices.enabled || head.status != 200 || total < slices.from_octets || !knows_ranges ||
      !http::strong_validator(head.fields, now)) {
    return std::nullopt;
  }
  return Sliced{0, total, slices.octets};
}

std::string slice_key(const std::string& key, const Sliced& sliced, std::uint64_t number) {
  // Spaces stand in no part of a key, and no response's key has as many.
  return key + ' ' + std::to_string(sliced.generation) + ' ' + std::to_string(number) + " slice";
}

http::ByteRange slice_range(const Sliced& sliced, std::uint64_t number) {
  const std::uint64_t first = number * sliced.octets;
  return {first, std::min(first + sliced.octets, sliced.total) - 1};
}

std::optional<std::string> aligned_range(const http::RangeSpec& asked, std::uint64_t slice_octets) {
  if (!asked.first) { return std::nullopt; }
  std::string range = "bytes=" + std::to_string(*asked.first / slice_octets * slice_octets) + '-';
  // What lies near the end of 64 bits is to the end.
  if (asked.last && *asked.last < std::uint64_t{1} << 62) {
    range += std::to_string((*asked.last / slice_octets + 1) * slice_octets - 1);
  }
  return range;
}

SliceAnswer judge_slice(const http::ResponseHead& head, const Object& index, std::uint64_t from,
                        gslb::WallTime now) {
  if (head.status >= 500 || head.status == 429) { return SliceAnswer::kFailure; }
  if (head.status == 206) {
    const auto place = http::parse_content_range(head.fields);
    const bool fits = place && place->range.first == from && place->total == index.sliced->total;
    return fits && is_of(head, index.head, now) ? SliceAnswer::kRange : SliceAnswer::kChanged;
  }
  const std::string* length = head.fields.find("Content-Length");
  const bool fits = head.status == 200 && is_same_representation(head, index.head, now) &&
                    (length == nullptr || http::parse_number(*length) == index.sliced->total);
  return fits ? SliceAnswer::kWhole : SliceAnswer::kChanged;
}

}  // namespace edge::cache
