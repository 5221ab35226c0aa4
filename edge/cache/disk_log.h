// The log of the disk tier: appends records to the open segment, seals full ones, evicts the
// oldest, and finds again after a restart what was there.
//
// One thread writes.  What readers share with it is the catalog, under its mutex, which is never
// held while the disk works.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "edge/cache/disk_index.h"
#include "edge/cache/disk_record.h"
#include "edge/cache/disk_segment.h"

namespace edge::cache {

// What is on disk.  Everything is guarded by `mutex`.
struct DiskCatalog {
  std::mutex mutex;
  DiskIndex index;
  std::map<std::uint32_t, DiskSegmentRef> segments;  // by sequence
  // While segments are read again, newest first: keys and variants (variant_key) whose older
  // records count no more.
  bool rebuilding = true;
  std::unordered_set<std::uint64_t> ended;
};
std::uint64_t variant_key(const RecordName& name) noexcept;

struct DiskLogOptions {
  std::string folder;
  std::uint64_t octets = 0;          // all files together
  std::uint64_t segment_octets = 0;  // of one; at most a quarter of all
};

// Thread-compatible: the writer's.
class DiskLog {
 public:
  DiskLog(DiskLogOptions options, DiskCatalog& catalog);

  // Opens the segments of the folder.
  void open_segments();
  // Puts their records into the index, newest first, so that no older one is ever found before the
  // newer one that replaced it.  Ends early on `stop`.
  void rebuild(const std::atomic<bool>& stop);

  using Condition = std::function<bool()>;
  // Appends; the catalog knows of it when it is written, unless `wanted`, called with the catalog
  // locked, says that it was replaced or ended meanwhile.  False: the disk would not take it; the
  // open segment is given up and the next call tries a new one.  What is too large or can't be
  // read is no failure of the disk.
  bool append_object(const RecordName& name, RecordMeta meta, const Body& body,
                     const Condition& wanted);
  bool append_removal(const RecordName& name, bool one_variant);
  // Writes the footer of the open segment: the next start need not search it.
  void seal();

  std::uint64_t hash_seed() const noexcept { return hash_seed_; }
  // Larger ones are not for this log.
  std::uint64_t max_record_octets() const noexcept { return options_.segment_octets / 4; }

  struct Counters {
    std::atomic<std::uint64_t> written_octets{0};
    std::atomic<std::uint64_t> evicted_segments{0};
    std::atomic<std::uint64_t> reinserted{0};  // objects that were hit, saved from an evicted one
  };
  const Counters& counters() const noexcept { return counters_; }

 private:
  bool write_object(const Frame& frame, RecordMeta meta, const Body& body, const Condition& wanted);
  bool finish_record(Frame frame, std::string_view meta, bool written, const Condition& wanted);
  // An open segment with room for a record of that length and the footer that will tell of it.
  bool open_for(std::uint64_t octets);
  bool has_room(std::uint64_t octets) const;
  bool is_full();
  bool evict_oldest(std::vector<DiskSegmentRef>& evicted);
  // Ends an evicted segment: saves what was hit, and the index forgets the rest.
  void retire(const DiskSegmentRef& segment);
  void save_hit_objects(const DiskSegmentRef& segment, const std::vector<RecordPlace>& records);
  bool copy(const DiskSegmentRef& segment, const RecordPlace& place);
  void give_up();
  static void write_end(DiskSegment& segment, const std::vector<RecordPlace>& records,
                        std::uint64_t end);
  void index_records(std::uint32_t sequence, const std::vector<RecordPlace>& records);

  const DiskLogOptions options_;
  DiskCatalog& catalog_;
  std::uint64_t hash_seed_;
  std::uint32_t next_sequence_ = 1;
  DiskSegmentRef open_;
  std::uint64_t end_ = 0;  // of the open segment's records
  std::vector<RecordPlace> records_;
  Counters counters_;
};

// The records of a segment: from its footer, or searched for when it has none or a damaged one.
// `sealed`: it had one.
std::vector<RecordPlace> records_of(const DiskSegment& segment, bool& sealed);

DiskIndex::Slot slot_of(const RecordPlace& place, std::uint32_t sequence);

}  // namespace edge::cache
