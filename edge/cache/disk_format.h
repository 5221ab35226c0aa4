// The octets of the disk tier: segment heads, records, footers, and how each shows that it is
// whole.
//
// A segment is a file: head, records one after the other, footer, trailer.  A record is a frame of
// 64 octets, the meta (key, response head, freshness), and the body; each begins at a multiple of
// 64.  The frame is written last, so a record that has one was written to its end.
//
//   - Every segment has a nonce nobody knows, which begins each frame and seeds each checksum:
//     what an origin puts into a body can't be taken for a record when a damaged segment is
//     searched for what is left of it.
//   - A body has a checksum for each 64 KiB, kept in the meta, so that a range is verified before
//     it is sent without reading the rest.  They don't depend on the place, so a record can be
//     copied into another segment block by block.
//   - The footer repeats what the index needs of every record: a sealed segment is known after one
//     read, however large it is.
//   - Numbers are in network byte order.  Checksums are hash_octets, 64 bits: the figures are for
//     finding damage, the nonce is what keeps forgers out.
//
// Pure: octets in, values out; untrusted, for a disk gives back what it likes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "edge/cache/object.h"
#include "gslb/base/bytes.h"
#include "gslb/base/result.h"

namespace edge::cache {

inline constexpr std::size_t kDiskUnit = 64;            // records begin at multiples of it
inline constexpr std::size_t kDiskBlock = 64 * 1024;    // body octets under one checksum
inline constexpr std::size_t kMaxMetaOctets = 1 << 20;  // larger heads stay in memory only
inline constexpr std::size_t kFooterEntryOctets = 24;

enum class DiskError : std::uint8_t {
  kForeign,    // not what should be there, or of another version
  kDamaged,    // a checksum or a length is wrong
  kUnreadable  // the system says so
};

// The first unit of a file.
struct SegmentHead {
  std::uint32_t sequence = 0;  // larger is newer; never used twice
  std::uint64_t nonce = 0;
  std::uint64_t hash_seed = 0;  // of the keys' hashes, one for the whole folder
};
using DiskUnitOctets = std::array<std::uint8_t, kDiskUnit>;
DiskUnitOctets write_segment_head(const SegmentHead& head);
gslb::Result<SegmentHead, DiskError> parse_segment_head(gslb::Octets octets);

enum class RecordKind : std::uint8_t {
  kObject = 1,
  kRemoval = 2,  // ends every older record of the key; or, with `one_variant`, of the variant
};

// What is told from whom, without the texts: the key, the names in Vary and the values selected.
struct RecordName {
  std::uint64_t key = 0;
  std::uint16_t names = 0;
  std::uint16_t values = 0;
  friend bool operator==(const RecordName&, const RecordName&) = default;
};
RecordName record_name(std::string_view key, const Variant& variant, std::uint64_t hash_seed);

struct Frame {
  RecordKind kind = RecordKind::kObject;
  bool one_variant = false;  // kRemoval
  RecordName name;
  std::uint32_t meta_octets = 0;
  std::uint64_t body_octets = 0;
  std::uint64_t meta_checksum = 0;

  std::uint64_t body_offset() const noexcept;  // from the frame's begin
  std::uint64_t octets() const noexcept;       // of the whole record, padding included
};
// `offset`: of the frame in its segment; a frame is valid in its own place only.
DiskUnitOctets write_frame(const Frame& frame, std::uint64_t nonce, std::uint64_t offset);
gslb::Result<Frame, DiskError> parse_frame(gslb::Octets octets, std::uint64_t nonce,
                                           std::uint64_t offset);
std::uint64_t meta_checksum(gslb::Octets meta, std::uint64_t nonce) noexcept;

// What a record says of its object beside the body.
struct RecordMeta {
  std::string key;
  Variant variant;
  http::ResponseHead head;
  Freshness freshness;
  std::int64_t received_ms = 0;  // wall time since 1970, when the response came
  std::uint64_t purged_until = 0;  // as Object has it
  // The body is the octets [first, first + body) of a representation of `complete` octets.
  std::uint64_t first = 0;
  std::uint64_t complete = 0;
  // Of a response in slices: `generation` and `octets`; octets 0: it is not.
  std::uint64_t slice_generation = 0;
  std::uint64_t slice_octets = 0;
  std::vector<std::uint64_t> blocks;  // a checksum for each kDiskBlock of the body
};
std::string write_meta(const RecordMeta& meta);
gslb::Result<RecordMeta, DiskError> parse_meta(gslb::Octets octets, std::uint64_t body_octets);
std::uint64_t block_checksum(gslb::Octets block, std::uint64_t key, std::uint64_t index) noexcept;
std::uint64_t block_count(std::uint64_t body_octets) noexcept;

// A record's place, as the footer and the index know it.
struct RecordPlace {
  RecordKind kind = RecordKind::kObject;
  bool one_variant = false;
  RecordName name;
  std::uint32_t at = 0;     // in units from the file's begin
  std::uint32_t units = 0;  // length
};
RecordPlace place_of(const Frame& frame, std::uint64_t offset) noexcept;

// Entries and trailer; goes behind the last record and ends the file.
std::string write_footer(const std::vector<RecordPlace>& records, std::uint64_t nonce,
                         std::uint64_t offset);
constexpr std::uint64_t footer_octets(std::uint64_t records) noexcept {
  return records * kFooterEntryOctets + 2 * kDiskUnit;
}
// `octets`: the file's last unit.  The footer's offset and length without the trailer.
struct FooterPlace {
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;
  std::uint64_t checksum = 0;
};
gslb::Result<FooterPlace, DiskError> parse_trailer(gslb::Octets octets, std::uint64_t nonce,
                                                   std::uint64_t file_octets);
gslb::Result<std::vector<RecordPlace>, DiskError> parse_footer(gslb::Octets octets,
                                                               const FooterPlace& place,
                                                               std::uint64_t nonce);

}  // namespace edge::cache
