// Reading records: the object of a place, verified, its body in memory or left on disk.
//
// Nothing comes out of here that does not agree with its checksums.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/cache/disk_segment.h"
#include "gslb/base/clock.h"

namespace edge::cache {

// Thread-compatible.
struct DiskRecord {
  // Weak: what only remembers a record must not keep its evicted segment on disk.
  std::weak_ptr<const DiskSegment> segment;
  std::uint64_t offset = 0;  // of the frame
  Frame frame;
  RecordMeta meta;
  // The record's octets as far as they came along with the meta.
  std::string octets;
};

// Frame and meta; when the record is at most `whole_octets` long, its body comes along in the same
// read.  `units`: the record's length, as the index has it.
gslb::Result<DiskRecord, DiskError> read_record(const DiskSegmentRef& segment, std::uint64_t offset,
                                                std::uint64_t units, std::size_t whole_octets);

// The blocks of the body that hold [offset, offset + size), verified; `out` begins with the first
// of these blocks.  REQUIRES: the range is within the body, size > 0.
bool read_blocks(const DiskRecord& record, std::uint64_t offset, std::uint64_t size,
                 std::string& out);

// As it was when it was written, but older by the time since.  A clock that stands before that
// time can't tell how old it is: it must be validated.  `body`: whole.
std::shared_ptr<Object> object_of(RecordMeta meta, std::shared_ptr<Body> body,
                                  const gslb::Clock& clock);
// What of an object goes into its meta; the blocks are the body's affair.
RecordMeta meta_of(const std::string& key, const Object& object, const gslb::Clock& clock);

// Runs work elsewhere; false when there is no elsewhere any more.
using RunLater = std::function<bool(std::function<void()>)>;

// What a body on disk needs of its owner.
struct DiskBodyHooks {
  RunLater run_later;
  std::function<void()> used;     // it is read from its beginning
  std::function<void()> damaged;  // a block is not what was written
};
// A body that stays on disk.
std::shared_ptr<BodySource> disk_body(DiskRecord record, DiskBodyHooks hooks);

}  // namespace edge::cache
