#include "edge/cache/parts.h"

#include <algorithm>

#include "edge/cache/update.h"

namespace edge::cache {

std::optional<http::ByteRange> extent_of(const Object& object) {
  const std::uint64_t size =
      object.body->complete() ? object.body->size() : object.length.value_or(0);
  if (size == 0) { return std::nullopt; }
  const std::uint64_t first = object.part ? object.part->first : 0;
  return http::ByteRange{first, first + size - 1};
}

bool holds(const Object& object, const std::vector<http::ByteRange>& ranges) {
  const auto extent = extent_of(object);
  return extent && std::all_of(ranges.begin(), ranges.end(), [&](const http::ByteRange& range) {
           return range.first >= extent->first && range.last <= extent->last;
         });
}

std::optional<http::ByteRange> missing_of(const http::ByteRange& stored,
                                          const http::ByteRange& wanted) noexcept {
  const bool touches = wanted.first <= stored.last + 1 && stored.first <= wanted.last + 1;
  const bool before = wanted.first < stored.first;
  const bool behind = wanted.last > stored.last;
  if (!touches || before == behind) { return std::nullopt; }
  if (before) { return http::ByteRange{wanted.first, stored.first - 1}; }
  return http::ByteRange{stored.last + 1, wanted.last};
}

std::optional<std::string> copy_of(const std::shared_ptr<Body>& body, std::uint64_t from,
                                   std::uint64_t count) {
  std::string octets;
  if (count == 0) { return octets; }
  Body::Reader reader(body, from, [] {});
  std::vector<Slice> slices;
  while (octets.size() < count) {
    const auto left = static_cast<std::size_t>(count - octets.size());
    if (reader.next(slices, left) != Body::Status::kData) { return std::nullopt; }
    for (const Slice& slice : slices) { octets.append(slice.view()); }
  }
  return octets;
}

std::optional<Joined> join(const Object& stored, const http::ResponseHead& head,
                           const http::ContentRange& place, gslb::WallTime now) {
  const auto extent = extent_of(stored);
  const http::ByteRange& range = place.range;
  if (!stored.part || !extent || stored.part->total != place.total ||
      range.first > extent->last + 1 || extent->first > range.last + 1 ||
      !is_same_representation(head, stored.head, now)) {
    return std::nullopt;
  }
  Joined joined;
  if (extent->first < range.first) {
    auto octets = copy_of(stored.body, 0, range.first - extent->first);
    if (!octets) { return std::nullopt; }
    joined.before = std::move(*octets);
  }
  if (extent->last > range.last) {
    auto octets = copy_of(stored.body, range.last + 1 - extent->first, extent->last - range.last);
    if (!octets) { return std::nullopt; }
    joined.behind = std::move(*octets);
  }
  joined.head = updated_by(stored.head, head);
  return joined;
}

}  // namespace edge::cache
