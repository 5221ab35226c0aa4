// One file of the disk tier: read by many, written by one, gone when the last reader is.
//
// A segment that is evicted loses its name at once and its octets with the last reference, so what
// a slow client is being sent never changes under it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/cache/disk_format.h"

namespace edge::cache {

// Thread-safe; write(), finish() and unlink() are the writer's.
class DiskSegment {
 public:
  // A new file with its room reserved, so that a full disk shows here and not in the middle of a
  // record.  Null with errno set on failure; nothing is left behind then.
  static std::shared_ptr<DiskSegment> create(const std::string& folder, const SegmentHead& head,
                                             std::uint64_t octets);
  static gslb::Result<std::shared_ptr<DiskSegment>, DiskError> open(const std::string& path);
  ~DiskSegment();
  DiskSegment(const DiskSegment&) = delete;
  DiskSegment& operator=(const DiskSegment&) = delete;

  const SegmentHead& head() const noexcept { return head_; }
  std::uint64_t octets() const noexcept { return octets_.load(std::memory_order_relaxed); }

  // All of `out` from `offset` on; false when the file is shorter or can't be read.
  bool read(std::uint64_t offset, gslb::MutableOctets out) const;
  // False with errno set; how much was written is then unknown.
  bool write(std::uint64_t offset, const std::vector<std::string_view>& pieces);
  // Cuts the room that was not used, and brings what was to the medium.
  bool finish(std::uint64_t octets);
  // False with errno set when the name could not be taken away.
  bool unlink();

 private:
  DiskSegment(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  const int descriptor_;
  const std::string path_;
  SegmentHead head_;
  std::atomic<std::uint64_t> octets_{0};
};
using DiskSegmentRef = std::shared_ptr<DiskSegment>;

// Paths of the segments in a folder, in no order.
std::vector<std::string> segment_paths(const std::string& folder);

}  // namespace edge::cache
