#include "edge/cache/ghosts.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace edge::cache {
namespace {
// Bits that choose no bucket (nor a shard, which takes the low ones).
std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
}  // namespace

// From the tag alone, so that a table can be made larger without the hashes.
std::size_t Ghosts::bucket_of(std::uint64_t hash) const noexcept {
  const std::uint64_t spread = std::uint64_t{tag_of(hash)} * 0x9e3779b1U;
  return ((spread & 0xffffffffU) * (slots_.size() / kBucket) >> 32) * kBucket;
}

std::optional<Ghost> Ghosts::take(std::uint64_t hash) {
  if (slots_.empty()) { return std::nullopt; }
  Ghost* const bucket = &slots_[bucket_of(hash)];
  for (std::size_t i = 0; i < kBucket; ++i) {
    if (bucket[i].count == 0 || bucket[i].tag != tag_of(hash)) { continue; }
    return std::exchange(bucket[i], {});
  }
  return std::nullopt;
}

std::optional<Ghost> Ghosts::put(std::uint64_t hash, Tick last, std::uint8_t count, Tick now) {
  if (slots_.empty()) { return std::nullopt; }
  Ghost* const bucket = &slots_[bucket_of(hash)];
  Ghost* place = bucket;
  for (std::size_t i = 0; i < kBucket; ++i) {
    if (bucket[i].count == 0 || bucket[i].tag == tag_of(hash)) {
      place = &bucket[i];
      break;
    }
    if (now - bucket[i].last > now - place->last) { place = &bucket[i]; }
  }
  const Ghost gone = std::exchange(*place, {tag_of(hash), last, count});
  if (gone.count == 0) { return std::nullopt; }
  return gone;
}

void Ghosts::make_room_for(std::size_t ghosts) {
  if (ghosts <= slots_.size()) { return; }
  const std::vector<Ghost> old =
      std::exchange(slots_, std::vector<Ghost>(std::max(kBucket, std::bit_ceil(ghosts))));
  for (const Ghost& ghost : old) {
    if (ghost.count == 0) { continue; }
    // A bucket's ghosts spread over its halves: there is always room.
    put(std::uint64_t{ghost.tag} << 32, ghost.last, ghost.count, ghost.last);
  }
}

}  // namespace edge::cache
