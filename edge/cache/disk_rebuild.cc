// What a start finds: the segments of a folder, read newest first.
#include <algorithm>
#include <optional>

#include <unistd.h>

#include "edge/cache/disk_log.h"
#include "gslb/base/hash.h"
#include "gslb/base/log.h"

namespace edge::cache {
namespace {

constexpr std::size_t kSearchOctets = 1 << 20;

gslb::MutableOctets writable(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

std::optional<std::vector<RecordPlace>> read_footer(const DiskSegment& segment) {
  const std::uint64_t octets = segment.octets();
  const std::uint64_t nonce = segment.head().nonce;
  DiskUnitOctets trailer{};
  if (octets < 2 * kDiskUnit || !segment.read(octets - kDiskUnit, trailer)) { return std::nullopt; }
  const auto place = parse_trailer(trailer, nonce, octets);
  if (!place) { return std::nullopt; }
  std::string footer(static_cast<std::size_t>(place->octets), '\0');
  if (!segment.read(place->offset, writable(footer))) { return std::nullopt; }
  auto records = parse_footer(gslb::as_octets(footer), *place, nonce);
  if (!records) { return std::nullopt; }
  return std::move(*records);
}

// Where the next frame may begin: units that start with the nonce.  The end of the file when
// there is none.
std::uint64_t next_frame(const DiskSegment& segment, std::uint64_t from) {
  std::string window;
  while (from < segment.octets()) {
    const std::uint64_t size = std::min<std::uint64_t>(kSearchOctets, segment.octets() - from);
    window.resize(static_cast<std::size_t>(size));
    if (!segment.read(from, writable(window))) { break; }
    const gslb::Octets octets = gslb::as_octets(window);
    for (std::size_t at = 0; at + kDiskUnit <= octets.size(); at += kDiskUnit) {
      if (gslb::load_u64(octets.data() + at) == segment.head().nonce) { return from + at; }
    }
    from += size;
  }
  return segment.octets();
}

// What is not a whole record is skipped, so that damage costs what it hit and nothing behind it.
std::vector<RecordPlace> search_records(const DiskSegment& segment) {
  std::vector<RecordPlace> records;
  std::uint64_t at = kDiskUnit;
  while (at + kDiskUnit <= segment.octets()) {
    DiskUnitOctets unit{};
    if (!segment.read(at, unit)) { break; }
    const auto frame = parse_frame(unit, segment.head().nonce, at);
    if (frame && frame->octets() <= segment.octets() - at) {
      records.push_back(place_of(*frame, at));
      at += frame->octets();
    } else {
      at = next_frame(segment, at + kDiskUnit);
    }
  }
  return records;
}

}  // namespace

std::vector<RecordPlace> records_of(const DiskSegment& segment, bool& sealed) {
  auto footer = read_footer(segment);
  sealed = footer.has_value();
  return sealed ? std::move(*footer) : search_records(segment);
}

std::uint64_t variant_key(const RecordName& name) noexcept {
  return gslb::hash_combine(name.key, (std::uint64_t{name.names} << 16) | name.values);
}

void DiskLog::open_segments() {
  std::map<std::uint32_t, DiskSegmentRef> found;
  for (const std::string& path : segment_paths(options_.folder)) {
    auto segment = DiskSegment::open(path);
    if (segment) {
      found[(*segment)->head().sequence] = std::move(*segment);
    } else if (segment.error() != DiskError::kUnreadable) {
      // Of another version, or damaged where it can't be used: its room is worth more.
      gslb::log_warning("disk", "removed a segment of unknown form", {{"file", path}});
      ::unlink(path.c_str());
    }
  }
  if (!found.empty()) {
    next_sequence_ = found.rbegin()->first + 1;
    hash_seed_ = found.rbegin()->second->head().hash_seed;
  }
  const std::lock_guard lock(catalog_.mutex);
  for (const auto& [sequence, segment] : found) {
    if (segment->head().hash_seed == hash_seed_) {
      catalog_.segments[sequence] = segment;
    } else {
      segment->unlink();  // of another cache
    }
  }
}

void DiskLog::rebuild(const std::atomic<bool>& stop) {
  std::vector<DiskSegmentRef> segments;
  {
    const std::lock_guard lock(catalog_.mutex);
    for (const auto& [sequence, segment] : catalog_.segments) { segments.push_back(segment); }
  }
  std::reverse(segments.begin(), segments.end());
  for (const DiskSegmentRef& segment : segments) {
    if (stop) { return; }
    bool sealed = false;
    const std::vector<RecordPlace> records = records_of(*segment, sealed);
    index_records(segment->head().sequence, records);
    if (!sealed) {
      std::uint64_t end = kDiskUnit;
      if (!records.empty()) {
        end = (std::uint64_t{records.back().at} + records.back().units) * kDiskUnit;
      }
      write_end(*segment, records, end);
    }
  }
  const std::lock_guard lock(catalog_.mutex);
  catalog_.rebuilding = false;
  catalog_.ended.clear();
}

void DiskLog::index_records(std::uint32_t sequence, const std::vector<RecordPlace>& records) {
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    const RecordName& name = record->name;
    // Each for itself: requests look things up meanwhile.
    const std::lock_guard lock(catalog_.mutex);
    if (record->kind == RecordKind::kRemoval) {
      catalog_.ended.insert(record->one_variant ? variant_key(name) : name.key);
      continue;
    }
    const bool ended =
        catalog_.ended.count(name.key) > 0 || catalog_.ended.count(variant_key(name)) > 0;
    // A newer response with other names in Vary replaced all that were selected otherwise.
    if (ended || catalog_.index.has(name) || catalog_.index.has_other_names(name)) { continue; }
    catalog_.index.insert(slot_of(*record, sequence));
  }
}

void DiskLog::write_end(DiskSegment& segment, const std::vector<RecordPlace>& records,
                        std::uint64_t end) {
  const std::string footer = write_footer(records, segment.head().nonce, end);
  // Without a footer it is searched at the next start; nothing is lost.
  if (segment.write(end, {footer})) { segment.finish(end + footer.size()); }
}

void DiskLog::seal() {
  if (!open_) { return; }
  write_end(*open_, records_, end_);
  open_ = nullptr;
}

}  // namespace edge::cache
