// Any octets as the messages of a transfer: they end in a zone, in differences that apply or don't,
// or in an error.  Input: one octet (1: IXFR), then messages, each after its 16-bit length.
#include <cstdint>

#include "gslb/base/check.h"
#include "gslb/transfer/apply.h"
#include "gslb/transfer/catalog.h"
#include "gslb/transfer/transfer_reader.h"
#include "gslb/transfer/zone_copy.h"

namespace {

using gslb::transfer::TransferReader;

std::shared_ptr<const gslb::zone::Zone> small_zone(const gslb::dns::Name& apex) {
  const std::vector<std::uint8_t> soa{0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0,
                                      0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  gslb::zone::ZoneBuilder builder(apex);
  builder.add(apex, gslb::dns::RrType::kSoa, 60, soa);
  return builder.build();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) { return 0; }
  const auto apex = gslb::dns::Name::parse("example").value();
  TransferReader reader({.apex = apex,
                         .id = 7,
                         .incremental = (data[0] & 1) != 0,
                         .serial = 3,
                         .limits = {.max_records = 10'000, .max_octets = 1'000'000}});
  gslb::ByteReader octets({data + 1, size - 1});
  while (reader.state() == TransferReader::State::kMore) {
    const gslb::Octets message = octets.take(octets.u16());
    if (octets.failed()) { return 0; }
    if (!reader.take(message)) { return 0; }
  }
  if (reader.state() == TransferReader::State::kWhole) {
    const auto zone = reader.build();
    CHECK(zone->serial() == reader.serial());
    static_cast<void>(gslb::transfer::read_catalog(*zone));
    const auto copy = gslb::transfer::decode_copy(apex, gslb::transfer::encode_copy(*zone));
    CHECK(copy != nullptr && copy->record_count() == zone->record_count());
  } else if (reader.state() == TransferReader::State::kDifferences) {
    const auto next = gslb::transfer::apply_differences(*small_zone(apex), reader.differences());
    CHECK(!next || (*next)->serial() == reader.serial());
  }
  return 0;
}
