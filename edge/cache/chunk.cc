#include "edge/cache/chunk.h"

#include <utility>

namespace edge::cache {
namespace {

class HeapOctets final : public ChunkOctets {
 public:
  explicit HeapOctets(std::string octets) : octets_(std::move(octets)) { set_view(octets_); }

 private:
  const std::string octets_;
};

}  // namespace

Chunk make_chunk(std::string octets) { return std::make_shared<HeapOctets>(std::move(octets)); }

Slice slice_of(std::string octets) {
  const std::size_t size = octets.size();
  return {make_chunk(std::move(octets)), 0, size};
}

}  // namespace edge::cache
