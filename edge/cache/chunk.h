// Octets of a body that never change, shared by reference: on the heap, or in a file that exists in
// memory only, from where sendfile(2) hands the kernel pages instead of copies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace edge::cache {

// Thread-safe: immutable.
class ChunkOctets {
 public:
  struct Place {
    int file = -1;  // a descriptor; -1: on the heap
    std::uint64_t offset = 0;
  };

  virtual ~ChunkOctets() = default;
  ChunkOctets(const ChunkOctets&) = delete;
  ChunkOctets& operator=(const ChunkOctets&) = delete;

  std::string_view view() const noexcept { return view_; }
  std::size_t size() const noexcept { return view_.size(); }
  // Where a file has them, for as long as the chunk lives.
  virtual Place place() const noexcept { return {}; }
  // What they cost, without the object itself.
  virtual std::size_t memory_octets() const noexcept { return size(); }

 protected:
  ChunkOctets() = default;
  void set_view(std::string_view view) noexcept { view_ = view; }

 private:
  std::string_view view_;
};
using Chunk = std::shared_ptr<const ChunkOctets>;

// On the heap.
Chunk make_chunk(std::string octets);

// Part of a chunk; holds it alive.
struct Slice {
  Chunk chunk;
  std::size_t offset = 0;
  std::size_t size = 0;

  // REQUIRES: chunk
  std::string_view view() const noexcept { return {chunk->view().data() + offset, size}; }
};

// All of `octets` as one slice.
Slice slice_of(std::string octets);

}  // namespace edge::cache
