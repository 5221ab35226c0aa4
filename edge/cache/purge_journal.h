// The file that remembers purges over restarts and kill -9.
//
// An append-only list of entries of one size, each with its checksum: what was purged, and up to
// which order of which GSLB that was done.  Entries are synced before add() returns.  What a write
// left half done at the end was never acknowledged, and is skipped; damage before the end means
// that purges are lost, and the owner has to take everything for purged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "edge/cache/purge_book.h"

namespace edge::cache {

// How far the orders of a source were followed.
struct OrderCursor {
  std::uint64_t source = 0;   // hash of whom they come from
  std::uint64_t journal = 0;  // which numbering its orders are of
  std::uint64_t seen = 0;     // the last one
  friend bool operator==(const OrderCursor&, const OrderCursor&) = default;
};

// Thread-compatible.
class PurgeJournal {
 public:
  struct Content {
    std::vector<PurgeMark> marks;
    std::vector<OrderCursor> cursors;  // the newest of each source
    bool damaged = false;              // entries were lost
    bool found = false;                // there was a file
  };
  // Of a journal that was written before; a file that is missing is an empty one.
  static Content read(const std::string& path);

  explicit PurgeJournal(std::string path) : path_(std::move(path)) {}
  ~PurgeJournal();
  PurgeJournal(const PurgeJournal&) = delete;
  PurgeJournal& operator=(const PurgeJournal&) = delete;

  // Puts the file in the place of the one before, and appends to it from here on.  False with errno
  // set: the disk would not take it.
  bool begin(const std::vector<PurgeMark>& marks, const std::vector<OrderCursor>& cursors);
  // False likewise: nothing may be appended until begin() succeeds.
  bool add(const std::vector<PurgeMark>& marks, const std::vector<OrderCursor>& cursors);
  std::uint64_t octets() const noexcept { return octets_; }

 private:
  void close();

  const std::string path_;
  int descriptor_ = -1;
  std::uint64_t octets_ = 0;
};

}  // namespace edge::cache
