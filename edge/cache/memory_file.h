// Where bodies lie that are worth sendfile(2): files that exist in memory only (memfd_create).
//
// Why: the copy into the socket is most of what a large hit costs.  sendfile lends the pages.
//
// Why no octet is written twice: the network may still hold a page after the last reader has let go
// of it, until the client has acknowledged it.  So places are taken one after the other and never
// again; what is freed is punched out of the file, which gives the page back when nobody has it any
// more.  A file is 64 GiB of places, most of them holes; when they are used up comes the next.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "edge/cache/chunk.h"

namespace edge::cache {

// Thread-safe.  Chunks may outlive it.
class MemoryFile {
 public:
  // Null: the system gives none, limits the size of files, or makes huge pages of them.  A hole
  // punched in a huge page is written over with zeros, in front of who still sends it.
  static std::unique_ptr<MemoryFile> open();

  // A copy of all of them, one after the other.  Null: no memory.  REQUIRES: not empty.
  Chunk store(const std::vector<Chunk>& pieces);

 private:
  class Window;
  struct Place {
    std::shared_ptr<const Window> window;
    std::uint64_t offset = 0;
  };
  class Extent;
  explicit MemoryFile(std::shared_ptr<const Window> window) : window_(std::move(window)) {}
  Place take(std::uint64_t octets);

  std::mutex mutex_;
  std::shared_ptr<const Window> window_;
  std::uint64_t used_ = 0;  // of the window
};

}  // namespace edge::cache
