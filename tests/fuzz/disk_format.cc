// What the disk tier reads back: segment heads, frames, metas, trailers and footers.
#include "edge/cache/disk_format.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace edge::cache;  // NOLINT(google-build-using-namespace): a program of its own

constexpr std::uint64_t kNonce = 0x0102030405060708ULL;

// What was read must be written as it was.
void check_meta(gslb::Octets octets, std::uint64_t body_octets) {
  const auto meta = parse_meta(octets, body_octets);
  if (!meta) { return; }
  const auto again = parse_meta(gslb::as_octets(write_meta(*meta)), body_octets);
  if (!again || again->key != meta->key || again->blocks != meta->blocks ||
      again->head.fields.list() != meta->head.fields.list()) {
    std::abort();
  }
}

// A frame that some segment and place would take: the checksum is put right.
void check_frame(gslb::Octets octets) {
  const auto plain = parse_frame(octets, kNonce, 64);
  if (plain && plain->octets() < plain->body_octets) { std::abort(); }
  if (octets.size() < 40) { return; }
  Frame frame;
  frame.kind = octets[0] % 2 == 0 ? RecordKind::kObject : RecordKind::kRemoval;
  frame.meta_octets = gslb::load_u32(octets.data() + 1);
  frame.body_octets = gslb::load_u64(octets.data() + 5);
  const auto back = parse_frame(write_frame(frame, kNonce, 64), kNonce, 64);
  if (back && (back->body_octets != frame.body_octets || back->octets() % kDiskUnit != 0)) {
    std::abort();
  }
}

void check_footer(gslb::Octets octets) {
  if (octets.size() < kDiskUnit) { return; }
  const auto place = parse_trailer(octets.last(kDiskUnit), kNonce, octets.size());
  if (place && place->offset + place->octets > octets.size()) { std::abort(); }
  // Entries of any content, with the checksum they have to have.
  std::vector<RecordPlace> records;
  for (gslb::ByteReader in(octets); in.remaining() >= 16;) {
    RecordPlace record;
    record.at = in.u32();
    record.units = in.u32();
    record.name.key = in.u32();
    record.name.values = in.u16();
    record.one_variant = (in.u16() & 1U) != 0;
    records.push_back(record);
  }
  const std::string footer = write_footer(records, kNonce, 0);
  const gslb::Octets all = gslb::as_octets(footer);
  const auto own = parse_trailer(all.last(kDiskUnit), kNonce, footer.size());
  if (!own) { std::abort(); }
  const auto back = parse_footer(all.first(own->octets), *own, kNonce);
  if (!back || back->size() != records.size()) { std::abort(); }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const gslb::Octets octets(data, size);
  if (size > 0) { check_meta(octets.subspan(1), std::uint64_t{data[0]} * 10'000); }
  check_frame(octets);
  check_footer(octets);
  const auto head = parse_segment_head(octets);
  if (head && parse_segment_head(write_segment_head(*head))->nonce != head->nonce) { std::abort(); }
  return 0;
}
