#include "edge/cache/disk_format.h"

#include "gslb/base/hash.h"

namespace edge::cache {
namespace {

using gslb::ByteReader;
using gslb::Octets;
using gslb::Unexpected;

constexpr std::uint64_t kSegmentMagic = 0x5052'5845'4447'4533ULL;  // "PRXEDGE3": the version too
constexpr std::uint64_t kTrailerMagic = 0x5052'5845'4647'5431ULL;
constexpr std::size_t kChecksumOctets = 8;
constexpr std::size_t kMaxListed = 1024;  // fields in a meta; a head has at most http::kMaxFields

// Purposes, so that no checksum of one thing fits another.
enum Purpose : std::uint64_t { kFrameSeed = 1, kMetaSeed, kBlockSeed, kHeadSeed, kFooterSeed };

std::uint64_t seed_of(Purpose purpose, std::uint64_t nonce, std::uint64_t offset = 0) noexcept {
  return gslb::hash_combine(gslb::hash_combine(nonce, purpose), offset);
}

std::uint64_t rounded_up(std::uint64_t octets) noexcept {
  return (octets + kDiskUnit - 1) / kDiskUnit * kDiskUnit;
}

// The last eight octets of a unit are the checksum of those before.
void sign(DiskUnitOctets& unit, std::uint64_t seed) {
  const Octets signed_part(unit.data(), kDiskUnit - kChecksumOctets);
  gslb::store_u64(unit.data() + signed_part.size(), gslb::hash_octets(signed_part, seed));
}
bool is_signed(Octets unit, std::uint64_t seed) {
  const Octets signed_part = unit.first(kDiskUnit - kChecksumOctets);
  return gslb::load_u64(unit.data() + signed_part.size()) == gslb::hash_octets(signed_part, seed);
}

template <std::size_t kOctets>
void put(std::string& out, std::uint64_t value) {
  for (std::size_t i = kOctets; i > 0; --i) {
    out.push_back(static_cast<char>(value >> (8 * (i - 1))));
  }
}
void put_text(std::string& out, std::string_view text) {
  put<4>(out, text.size());
  out += text;
}
void put_fields(std::string& out, const std::vector<http::Field>& fields) {
  put<4>(out, fields.size());
  for (const http::Field& field : fields) {
    put_text(out, field.name);
    put_text(out, field.value);
  }
}

std::uint64_t get_u64(ByteReader& in) noexcept {
  const Octets at = in.take(8);
  return at.empty() ? 0 : gslb::load_u64(at.data());
}
std::string get_text(ByteReader& in) {
  const std::uint32_t size = in.u32();
  return std::string(gslb::as_text(in.take(size)));
}
std::vector<http::Field> get_fields(ByteReader& in) {
  std::vector<http::Field> fields;
  const std::uint32_t count = in.u32();
  if (count > kMaxListed) {
    in.take(in.remaining() + 1);  // fails the whole
    return fields;
  }
  for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
    std::string name = get_text(in);
    fields.push_back({std::move(name), get_text(in)});
  }
  return fields;
}

void put_freshness(std::string& out, const Freshness& freshness) {
  // A member that is added fails here until it is written down and kSegmentMagic changed.
  const auto& [lifetime, initial_age, heuristic, validate, revalidate, never_stale, meanwhile,
               on_error] = freshness;
  put<8>(out, static_cast<std::uint64_t>(lifetime));
  put<8>(out, static_cast<std::uint64_t>(initial_age));
  put<1>(out, (heuristic ? 1U : 0U) | (validate ? 2U : 0U) | (revalidate ? 4U : 0U) |
                  (never_stale ? 8U : 0U) | (on_error ? 16U : 0U));
  put<8>(out, static_cast<std::uint64_t>(meanwhile));
  put<8>(out, static_cast<std::uint64_t>(on_error.value_or(0)));
}
Freshness get_freshness(ByteReader& in) {
  Freshness freshness;
  freshness.lifetime_s = static_cast<std::int64_t>(get_u64(in));
  freshness.initial_age_s = static_cast<std::int64_t>(get_u64(in));
  const std::uint8_t flags = in.u8();
  freshness.heuristic = (flags & 1U) != 0;
  freshness.always_validate = (flags & 2U) != 0;
  freshness.must_revalidate = (flags & 4U) != 0;
  freshness.never_stale = (flags & 8U) != 0;
  freshness.stale_while_revalidate_s = static_cast<std::int64_t>(get_u64(in));
  const auto on_error = static_cast<std::int64_t>(get_u64(in));
  if ((flags & 16U) != 0) { freshness.stale_if_error_s = on_error; }
  return freshness;
}

}  // namespace

DiskUnitOctets write_segment_head(const SegmentHead& head) {
  DiskUnitOctets unit{};
  gslb::store_u64(unit.data(), kSegmentMagic);
  gslb::store_u32(unit.data() + 8, head.sequence);
  gslb::store_u64(unit.data() + 12, head.nonce);
  gslb::store_u64(unit.data() + 20, head.hash_seed);
  sign(unit, seed_of(kHeadSeed, 0));
  return unit;
}

gslb::Result<SegmentHead, DiskError> parse_segment_head(Octets octets) {
  if (octets.size() < kDiskUnit || gslb::load_u64(octets.data()) != kSegmentMagic) {
    return Unexpected(DiskError::kForeign);
  }
  if (!is_signed(octets.first(kDiskUnit), seed_of(kHeadSeed, 0))) {
    return Unexpected(DiskError::kDamaged);
  }
  SegmentHead head;
  head.sequence = gslb::load_u32(octets.data() + 8);
  head.nonce = gslb::load_u64(octets.data() + 12);
  head.hash_seed = gslb::load_u64(octets.data() + 20);
  return head;
}

RecordName record_name(std::string_view key, const Variant& variant, std::uint64_t hash_seed) {
  RecordName name;
  name.key = gslb::hash_text(key, hash_seed);
  std::uint64_t names = hash_seed;
  std::uint64_t values = hash_seed;
  for (const http::Field& field : variant.selected) {
    names = gslb::hash_text(field.name, names);
    values = gslb::hash_text(field.value, values);
  }
  name.names = static_cast<std::uint16_t>(names);
  name.values = static_cast<std::uint16_t>(values);
  return name;
}

std::uint64_t Frame::body_offset() const noexcept { return kDiskUnit + rounded_up(meta_octets); }
std::uint64_t Frame::octets() const noexcept { return body_offset() + rounded_up(body_octets); }

DiskUnitOctets write_frame(const Frame& frame, std::uint64_t nonce, std::uint64_t offset) {
  DiskUnitOctets unit{};
  gslb::store_u64(unit.data(), nonce);
  unit[8] = static_cast<std::uint8_t>(frame.kind);
  unit[9] = frame.one_variant ? 1 : 0;
  gslb::store_u32(unit.data() + 10, frame.meta_octets);
  gslb::store_u64(unit.data() + 14, frame.name.key);
  gslb::store_u16(unit.data() + 22, frame.name.names);
  gslb::store_u16(unit.data() + 24, frame.name.values);
  gslb::store_u64(unit.data() + 26, frame.body_octets);
  gslb::store_u64(unit.data() + 34, frame.meta_checksum);
  sign(unit, seed_of(kFrameSeed, nonce, offset));
  return unit;
}

gslb::Result<Frame, DiskError> parse_frame(Octets octets, std::uint64_t nonce,
                                           std::uint64_t offset) {
  if (octets.size() < kDiskUnit || gslb::load_u64(octets.data()) != nonce) {
    return Unexpected(DiskError::kForeign);
  }
  const bool known = octets[8] == static_cast<std::uint8_t>(RecordKind::kObject) ||
                     octets[8] == static_cast<std::uint8_t>(RecordKind::kRemoval);
  if (!known || !is_signed(octets.first(kDiskUnit), seed_of(kFrameSeed, nonce, offset))) {
    return Unexpected(DiskError::kDamaged);
  }
  Frame frame;
  frame.kind = static_cast<RecordKind>(octets[8]);
  frame.one_variant = octets[9] != 0;
  frame.meta_octets = gslb::load_u32(octets.data() + 10);
  frame.name.key = gslb::load_u64(octets.data() + 14);
  frame.name.names = gslb::load_u16(octets.data() + 22);
  frame.name.values = gslb::load_u16(octets.data() + 24);
  frame.body_octets = gslb::load_u64(octets.data() + 26);
  frame.meta_checksum = gslb::load_u64(octets.data() + 34);
  // Within what 32 bits of units can say, and so without overflow in the sums.
  if (frame.meta_octets > kMaxMetaOctets || frame.body_octets > (std::uint64_t{1} << 37)) {
    return Unexpected(DiskError::kDamaged);
  }
  return frame;
}

std::uint64_t meta_checksum(Octets meta, std::uint64_t nonce) noexcept {
  return gslb::hash_octets(meta, seed_of(kMetaSeed, nonce));
}

std::string write_meta(const RecordMeta& meta) {
  std::string out;
  put_text(out, meta.key);
  put_fields(out, meta.variant.selected);
  put<8>(out, static_cast<std::uint64_t>(meta.received_ms));
  put<8>(out, meta.purged_until);
  put_freshness(out, meta.freshness);
  put<8>(out, meta.first);
  put<8>(out, meta.complete);
  put<8>(out, meta.slice_generation);
  put<8>(out, meta.slice_octets);
  put<2>(out, static_cast<std::uint64_t>(meta.head.status));
  put<1>(out, static_cast<std::uint64_t>(meta.head.minor));
  put_text(out, meta.head.reason);
  put_fields(out, meta.head.fields.list());
  for (const std::uint64_t block : meta.blocks) { put<8>(out, block); }
  return out;
}

gslb::Result<RecordMeta, DiskError> parse_meta(Octets octets, std::uint64_t body_octets) {
  ByteReader in(octets);
  RecordMeta meta;
  meta.key = get_text(in);
  meta.variant.selected = get_fields(in);
  meta.received_ms = static_cast<std::int64_t>(get_u64(in));
  meta.purged_until = get_u64(in);
  meta.freshness = get_freshness(in);
  meta.first = get_u64(in);
  meta.complete = get_u64(in);
  meta.slice_generation = get_u64(in);
  meta.slice_octets = get_u64(in);
  meta.head.status = in.u16();
  meta.head.minor = in.u8();
  meta.head.reason = get_text(in);
  meta.head.fields.list() = get_fields(in);
  const std::uint64_t blocks = block_count(body_octets);
  if (in.failed() || in.remaining() / 8 != blocks || in.remaining() % 8 != 0) {
    return Unexpected(DiskError::kDamaged);
  }
  meta.blocks.reserve(static_cast<std::size_t>(blocks));
  for (std::uint64_t i = 0; i < blocks; ++i) { meta.blocks.push_back(get_u64(in)); }
  const bool is_status = meta.head.status >= 100 && meta.head.status <= 599;
  if (meta.slice_octets != 0 && (body_octets != 0 || meta.first != 0 || meta.complete == 0)) {
    return Unexpected(DiskError::kDamaged);
  }
  if (!is_status || meta.first > meta.complete || body_octets > meta.complete - meta.first) {
    return Unexpected(DiskError::kDamaged);
  }
  return meta;
}

std::uint64_t block_checksum(Octets block, std::uint64_t key, std::uint64_t index) noexcept {
  return gslb::hash_octets(block, seed_of(kBlockSeed, key, index));
}

std::uint64_t block_count(std::uint64_t body_octets) noexcept {
  return body_octets / kDiskBlock + (body_octets % kDiskBlock != 0 ? 1 : 0);
}

RecordPlace place_of(const Frame& frame, std::uint64_t offset) noexcept {
  return {frame.kind, frame.one_variant, frame.name, static_cast<std::uint32_t>(offset / kDiskUnit),
          static_cast<std::uint32_t>(frame.octets() / kDiskUnit)};
}

std::string write_footer(const std::vector<RecordPlace>& records, std::uint64_t nonce,
                         std::uint64_t offset) {
  std::string out;
  for (const RecordPlace& record : records) {
    put<1>(out, static_cast<std::uint64_t>(record.kind));
    put<1>(out, record.one_variant ? 1 : 0);
    put<2>(out, record.name.names);
    put<4>(out, record.at);
    put<4>(out, record.units);
    put<8>(out, record.name.key);
    put<2>(out, record.name.values);
    put<2>(out, 0);
  }
  const std::uint64_t octets = out.size();
  DiskUnitOctets trailer{};
  gslb::store_u64(trailer.data(), kTrailerMagic);
  gslb::store_u64(trailer.data() + 8, offset);
  gslb::store_u64(trailer.data() + 16, octets);
  const std::uint64_t seed = seed_of(kFooterSeed, nonce);
  gslb::store_u64(trailer.data() + 24, gslb::hash_text(out, seed));
  sign(trailer, seed);
  out.resize(static_cast<std::size_t>(rounded_up(octets)));
  out += gslb::as_text(trailer);
  return out;
}

gslb::Result<FooterPlace, DiskError> parse_trailer(Octets octets, std::uint64_t nonce,
                                                   std::uint64_t file_octets) {
  if (octets.size() < kDiskUnit || gslb::load_u64(octets.data()) != kTrailerMagic) {
    return Unexpected(DiskError::kForeign);
  }
  if (!is_signed(octets.first(kDiskUnit), seed_of(kFooterSeed, nonce))) {
    return Unexpected(DiskError::kDamaged);
  }
  const FooterPlace place{gslb::load_u64(octets.data() + 8), gslb::load_u64(octets.data() + 16),
                          gslb::load_u64(octets.data() + 24)};
  const bool fits = place.offset <= file_octets && place.octets <= file_octets - place.offset &&
                    place.octets % kFooterEntryOctets == 0;
  if (!fits) { return Unexpected(DiskError::kDamaged); }
  return place;
}

gslb::Result<std::vector<RecordPlace>, DiskError> parse_footer(Octets octets,
                                                               const FooterPlace& place,
                                                               std::uint64_t nonce) {
  if (octets.size() != place.octets ||
      gslb::hash_octets(octets, seed_of(kFooterSeed, nonce)) != place.checksum) {
    return Unexpected(DiskError::kDamaged);
  }
  std::vector<RecordPlace> records;
  records.reserve(octets.size() / kFooterEntryOctets);
  ByteReader in(octets);
  while (in.remaining() >= kFooterEntryOctets) {
    RecordPlace record;
    record.kind = static_cast<RecordKind>(in.u8());
    record.one_variant = in.u8() != 0;
    record.name.names = in.u16();
    record.at = in.u32();
    record.units = in.u32();
    record.name.key = get_u64(in);
    record.name.values = in.u16();
    in.u16();
    records.push_back(record);
  }
  return records;
}

}  // namespace edge::cache
