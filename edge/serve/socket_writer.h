// Writes to a client's socket, octets from memory gathered and those of memory files by
// reference, as much at a time as the socket takes.
//
// Why not Asio's async_write: its operation, its handler and its copy of the pieces cost more than
// the call, which nearly always takes all at once; and it knows of no files.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "edge/cache/chunk.h"

namespace edge::serve {

// Worker-confined.  What was added has to stay until it is written or cleared.
class SocketWriter {
 public:
  void clear() { pieces_.clear(); }
  void add(std::string_view octets);
  void add(const cache::Slice& slice);

  enum class Step : std::uint8_t { kDone, kWait, kFailed };
  // REQUIRES: the socket does not block.  `count`: octets that were taken now.  kWait: again when
  // it is writable; kFailed: errno says why.  A head is never held back for a body that comes
  // later: only what this call goes on with keeps the last packet open.
  Step write(int socket, std::size_t& count);

 private:
  struct Piece {
    std::string_view octets;
    int file = -1;
    std::uint64_t offset = 0;
  };
  long send_gathered(int socket);
  long send_file(int socket);
  long lend(int socket, bool& is_full);
  void advance(std::size_t count);

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;  // of the pieces
};

}  // namespace edge::serve
