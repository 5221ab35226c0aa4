#include "edge/cache/disk_log.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gslb/base/entropy.h"

namespace edge::cache {
namespace {

// Of an evicted segment's room, what may be written again because it was hit: each octet offered
// then costs at most 1 / (1 - 1/2) = 2 written ones, and a scan can't keep the disk busy with
// itself.
constexpr std::uint64_t kSavedPart = 2;
// Files are as many as restarts made them: small ones left behind by many must not use up the
// descriptors.
constexpr std::size_t kMostSegments = 8192;

}  // namespace

DiskIndex::Slot slot_of(const RecordPlace& place, std::uint32_t sequence) {
  DiskIndex::Slot slot;
  slot.key = place.name.key;
  slot.sequence = sequence;
  slot.at = place.at;
  slot.units = place.units & ((1U << 30) - 1);
  slot.names = place.name.names;
  slot.values = place.name.values;
  return slot;
}

DiskLog::DiskLog(DiskLogOptions options, DiskCatalog& catalog)
    : options_(std::move(options)), catalog_(catalog), hash_seed_(gslb::random_seed()) {}

bool DiskLog::append_object(const RecordName& name, RecordMeta meta, const Body& body,
                            const Condition& wanted) {
  Frame frame;
  frame.name = name;
  frame.body_octets = body.size();
  // Known only when the body has been read; but how many they are is known now.
  meta.blocks.assign(static_cast<std::size_t>(block_count(frame.body_octets)), 0);
  const std::size_t meta_octets = write_meta(meta).size();
  frame.meta_octets = static_cast<std::uint32_t>(meta_octets);
  if (meta_octets > kMaxMetaOctets || frame.octets() > max_record_octets()) { return true; }
  return open_for(frame.octets()) && write_object(frame, std::move(meta), body, wanted);
}

// REQUIRES: the open segment has room.
bool DiskLog::write_object(const Frame& frame, RecordMeta meta, const Body& body,
                           const Condition& wanted) {
  meta.blocks.clear();
  std::string block;
  bool written = true;
  for (std::uint64_t at = 0; written && at < frame.body_octets; at += block.size()) {
    block.clear();
    while (block.size() < kDiskBlock && at + block.size() < frame.body_octets) {
      const Slice slice = body.read_now(at + block.size(), kDiskBlock - block.size());
      if (!slice.chunk) { return true; }  // it can't be read: nothing to write
      block.append(slice.view());
    }
    meta.blocks.push_back(
        block_checksum(gslb::as_octets(block), frame.name.key, meta.blocks.size()));
    written = open_->write(end_ + frame.body_offset() + at, {block});
  }
  const std::string text = write_meta(meta);
  written = written && open_->write(end_ + kDiskUnit, {text});
  return finish_record(frame, text, written, wanted);
}

bool DiskLog::append_removal(const RecordName& name, bool one_variant) {
  Frame frame;
  frame.kind = RecordKind::kRemoval;
  frame.one_variant = one_variant;
  frame.name = name;
  return open_for(frame.octets()) && finish_record(frame, {}, true, [] { return false; });
}

// The frame goes last: a record that has one was written to its end.
bool DiskLog::finish_record(Frame frame, std::string_view meta, bool written,
                            const Condition& wanted) {
  const std::uint64_t nonce = open_->head().nonce;
  frame.meta_checksum = meta_checksum(gslb::as_octets(meta), nonce);
  const DiskUnitOctets unit = write_frame(frame, nonce, end_);
  if (!written || !open_->write(end_, {gslb::as_text(unit)})) {
    give_up();
    return false;
  }
  records_.push_back(place_of(frame, end_));
  end_ += frame.octets();
  counters_.written_octets += frame.octets();
  const std::lock_guard lock(catalog_.mutex);
  if (frame.kind == RecordKind::kObject && wanted()) {
    catalog_.index.erase(frame.name);
    catalog_.index.insert(slot_of(records_.back(), open_->head().sequence));
  }
  return true;
}

bool DiskLog::has_room(std::uint64_t octets) const {
  return end_ + octets + footer_octets(records_.size() + 1) <= options_.segment_octets;
}

bool DiskLog::open_for(std::uint64_t octets) {
  if (open_ && has_room(octets)) { return true; }
  seal();
  std::vector<DiskSegmentRef> evicted;
  while (is_full()) { evict_oldest(evicted); }
  SegmentHead head;
  head.sequence = next_sequence_;
  head.nonce = gslb::random_seed();
  head.hash_seed = hash_seed_;
  open_ = DiskSegment::create(options_.folder, head, options_.segment_octets);
  if (!open_ && errno == ENOSPC && evict_oldest(evicted)) {
    // Others filled the disk: our own oldest makes room for the newest.
    open_ = DiskSegment::create(options_.folder, head, options_.segment_octets);
  }
  if (open_) {
    ++next_sequence_;
    end_ = kDiskUnit;
    records_.clear();
    const std::lock_guard lock(catalog_.mutex);
    catalog_.segments[head.sequence] = open_;
  }
  for (const DiskSegmentRef& segment : evicted) { retire(segment); }
  return open_ != nullptr && has_room(octets);
}

// True when a further segment has to take the place of another.
bool DiskLog::is_full() {
  const std::lock_guard lock(catalog_.mutex);
  std::uint64_t total = options_.segment_octets;
  for (const auto& [sequence, segment] : catalog_.segments) { total += segment->octets(); }
  return !catalog_.segments.empty() &&
         (total > options_.octets || catalog_.segments.size() >= kMostSegments);
}

bool DiskLog::evict_oldest(std::vector<DiskSegmentRef>& evicted) {
  const std::lock_guard lock(catalog_.mutex);
  if (catalog_.segments.empty()) { return false; }
  const auto oldest = catalog_.segments.begin();
  oldest->second->unlink();
  evicted.push_back(oldest->second);
  catalog_.segments.erase(oldest);
  ++counters_.evicted_segments;
  return true;
}

void DiskLog::retire(const DiskSegmentRef& segment) {
  bool sealed = false;
  const std::vector<RecordPlace> records = records_of(*segment, sealed);
  if (open_) { save_hit_objects(segment, records); }
  const std::uint32_t sequence = segment->head().sequence;
  for (const RecordPlace& record : records) {
    const std::lock_guard lock(catalog_.mutex);
    catalog_.index.erase(slot_of(record, sequence));
  }
  const std::lock_guard lock(catalog_.mutex);
  catalog_.index.drop_segments_before(sequence + 1);
}

// What was hit since it was written is written again, the most hit first.
void DiskLog::save_hit_objects(const DiskSegmentRef& segment,
                               const std::vector<RecordPlace>& records) {
  std::vector<std::pair<std::uint32_t, RecordPlace>> hit;
  {
    const std::lock_guard lock(catalog_.mutex);
    for (const RecordPlace& record : records) {
      const auto slot = catalog_.index.at(record.name.key, segment->head().sequence, record.at);
      if (slot && slot->hits > 0) { hit.emplace_back(slot->hits, record); }
    }
  }
  std::stable_sort(hit.begin(), hit.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [hits, record] : hit) {
    const std::uint64_t octets = std::uint64_t{record.units} * kDiskUnit;
    const std::uint64_t limit = options_.segment_octets / kSavedPart;
    if (end_ + octets > limit || !has_room(octets)) { continue; }
    if (!copy(segment, record)) { break; }
    ++counters_.reinserted;
  }
}

bool DiskLog::copy(const DiskSegmentRef& segment, const RecordPlace& place) {
  auto found = read_record(segment, std::uint64_t{place.at} * kDiskUnit, place.units, 0);
  if (!found) { return true; }
  const Frame frame = found->frame;
  const RecordMeta meta = found->meta;
  const Body body(disk_body(std::move(*found), {{}, [] {}, [] {}}));
  const DiskIndex::Slot old = slot_of(place, segment->head().sequence);
  return write_object(frame, meta, body,
                      [&] { return catalog_.index.at(old.key, old.sequence, old.at).has_value(); });
}

void DiskLog::give_up() {
  // What was written before can be read on.
  open_->finish(end_);
  open_ = nullptr;
}

}  // namespace edge::cache
