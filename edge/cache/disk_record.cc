#include "edge/cache/disk_record.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace edge::cache {
namespace {

using gslb::Unexpected;

// Enough for the frame and the meta of nearly all; the rest takes a second read.
constexpr std::size_t kHeadOctets = 8 * 1024;
// One read of a body that stays on disk.
constexpr std::uint64_t kReadOctets = 4 * kDiskBlock;

gslb::MutableOctets writable(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

bool read_up_to(const DiskSegment& segment, std::uint64_t offset, std::size_t octets,
                std::string& out) {
  const std::size_t had = out.size();
  if (octets <= had) { return true; }
  out.resize(octets);
  return segment.read(offset + had, writable(out).subspan(had));
}

std::int64_t ms_of(gslb::WallTime time) {
  return std::chrono::duration_cast<gslb::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

gslb::Result<DiskRecord, DiskError> read_record(const DiskSegmentRef& segment, std::uint64_t offset,
                                                std::uint64_t units, std::size_t whole_octets) {
  const std::uint64_t length = units * kDiskUnit;
  const std::uint64_t wanted =
      length <= whole_octets ? length : std::min<std::uint64_t>(length, kHeadOctets);
  DiskRecord record;
  record.offset = offset;
  if (!read_up_to(*segment, offset, static_cast<std::size_t>(wanted), record.octets)) {
    return Unexpected(DiskError::kUnreadable);
  }
  const std::uint64_t nonce = segment->head().nonce;
  const auto frame = parse_frame(gslb::as_octets(record.octets), nonce, offset);
  if (!frame) { return Unexpected(frame.error()); }
  if (frame->octets() != length) { return Unexpected(DiskError::kDamaged); }
  if (!read_up_to(*segment, offset, static_cast<std::size_t>(frame->body_offset()),
                  record.octets)) {
    return Unexpected(DiskError::kUnreadable);
  }
  const gslb::Octets meta = gslb::as_octets(record.octets).subspan(kDiskUnit, frame->meta_octets);
  if (meta_checksum(meta, nonce) != frame->meta_checksum) {
    return Unexpected(DiskError::kDamaged);
  }
  auto parsed = parse_meta(meta, frame->body_octets);
  if (!parsed) { return Unexpected(parsed.error()); }
  record.frame = *frame;
  record.meta = std::move(*parsed);
  record.segment = segment;
  return record;
}

bool read_blocks(const DiskRecord& record, std::uint64_t offset, std::uint64_t size,
                 std::string& out) {
  const std::uint64_t first = offset / kDiskBlock;
  const std::uint64_t begin = first * kDiskBlock;
  const std::uint64_t end =
      std::min(record.frame.body_octets, block_count(offset + size) * kDiskBlock);
  const std::uint64_t body = record.frame.body_offset();
  const std::uint64_t here = body + begin;
  if (record.octets.size() >= body + end) {
    out.assign(record.octets, static_cast<std::size_t>(here),
               static_cast<std::size_t>(end - begin));
  } else {
    out.resize(static_cast<std::size_t>(end - begin));
    const auto segment = record.segment.lock();
    if (!segment || !segment->read(record.offset + here, writable(out))) { return false; }
  }
  gslb::Octets left = gslb::as_octets(out);
  for (std::uint64_t index = first; !left.empty(); ++index) {
    const gslb::Octets block = left.first(std::min(left.size(), kDiskBlock));
    if (block_checksum(block, record.frame.name.key, index) !=
        record.meta.blocks[static_cast<std::size_t>(index)]) {
      return false;
    }
    left = left.subspan(block.size());
  }
  return true;
}

std::shared_ptr<Object> object_of(RecordMeta meta, std::shared_ptr<Body> body,
                                  const gslb::Clock& clock) {
  auto object = std::make_shared<Object>();
  object->head = std::move(meta.head);
  object->length = body->size();
  if (meta.slice_octets != 0) {
    object->sliced = Sliced{meta.slice_generation, meta.complete, meta.slice_octets};
  } else if (meta.complete != body->size()) {
    object->part = Part{meta.first, meta.complete};
  }
  object->body = std::move(body);
  object->freshness = meta.freshness;
  object->variant = std::move(meta.variant);
  object->purged_until = PurgeStamp(meta.purged_until);
  const std::int64_t resident_ms = ms_of(clock.wall()) - meta.received_ms;
  if (resident_ms < 0) { object->freshness.always_validate = true; }
  object->received = clock.mono() - gslb::milliseconds(std::max<std::int64_t>(0, resident_ms));
  return object;
}

RecordMeta meta_of(const std::string& key, const Object& object, const gslb::Clock& clock) {
  RecordMeta meta;
  meta.key = key;
  meta.variant = object.variant;
  meta.head = object.head;
  meta.freshness = object.freshness;
  meta.purged_until = object.purged_until.value();
  const auto resident =
      std::chrono::duration_cast<gslb::milliseconds>(clock.mono() - object.received);
  meta.received_ms = ms_of(clock.wall()) - resident.count();
  meta.first = object.part ? object.part->first : 0;
  meta.complete = object.part ? object.part->total : length_of(object).value_or(0);
  if (object.sliced) {
    meta.slice_generation = object.sliced->generation;
    meta.slice_octets = object.sliced->octets;
  }
  return meta;
}

namespace {

// Thread-safe: the record does not change.
class OnDisk final : public BodySource, public std::enable_shared_from_this<OnDisk> {
 public:
  OnDisk(DiskRecord record, DiskBodyHooks hooks)
      : record_(std::move(record)), hooks_(std::move(hooks)) {}

  std::uint64_t size() const override { return record_.frame.body_octets; }
  std::size_t memory_octets() const override {
    return sizeof(*this) + record_.meta.blocks.capacity() * sizeof(std::uint64_t) +
           record_.meta.key.capacity();
  }
  std::shared_ptr<const void> pin() override { return record_.segment.lock(); }

  void read(std::uint64_t offset, std::size_t max_octets, Done done) override {
    const auto shared = std::make_shared<Done>(std::move(done));
    const bool runs = hooks_.run_later([self = shared_from_this(), offset, max_octets, shared] {
      if (offset == 0) { self->hooks_.used(); }
      (*shared)(self->read_now(offset, max_octets));
    });
    if (!runs) { (*shared)({}); }
  }

  Slice read_now(std::uint64_t offset, std::size_t max_octets) override {
    const std::uint64_t skipped = offset % kDiskBlock;
    const std::uint64_t size = std::min(
        {static_cast<std::uint64_t>(max_octets), this->size() - offset, kReadOctets - skipped});
    std::string octets;
    if (!read_blocks(record_, offset, size, octets)) {
      hooks_.damaged();
      return {};
    }
    return {make_chunk(std::move(octets)), static_cast<std::size_t>(skipped),
            static_cast<std::size_t>(size)};
  }

 private:
  const DiskRecord record_;
  const DiskBodyHooks hooks_;
};

}  // namespace

std::shared_ptr<BodySource> disk_body(DiskRecord record, DiskBodyHooks hooks) {
  // Only the place and the checksums are needed from here on.
  record.octets = {};
  record.meta.head = {};
  return std::make_shared<OnDisk>(std::move(record), std::move(hooks));
}

}  // namespace edge::cache
