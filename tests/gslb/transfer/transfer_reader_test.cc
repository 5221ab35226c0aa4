#include "gslb/transfer/transfer_reader.h"

#include <algorithm>

#include "gslb/dns/serial.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

using State = TransferReader::State;

constexpr const char* kData =
    "example. 300 NS ns.example.\n"
    "ns.example. 60 A 192.0.2.1\n"
    "www.example. 60 TXT \"a\"\n";

TransferRequest axfr() { return {.apex = name_of("example."), .id = 7, .limits = {}}; }
TransferRequest ixfr(std::uint32_t serial) {
  return {
      .apex = name_of("example."), .id = 7, .incremental = true, .serial = serial, .limits = {}};
}
const Response kIxfr{.type = dns::RrType::kIxfr};

TransferError error_of(TransferReader& reader, const Message& message) {
  const auto taken = reader.take(message);
  EXPECT_FALSE(taken.has_value());
  return taken ? TransferError::kUnfinished : taken.error();
}
TransferError error_of(const TransferRequest& request, const Message& message) {
  TransferReader reader(request);
  return error_of(reader, message);
}

TEST(Axfr, OneMessageFromSoaToSoaIsTheZone) {
  TransferReader reader(axfr());
  ASSERT_EQ(reader.take(response(soa(5) + kData + soa(5))).value(), State::kWhole);
  EXPECT_EQ(reader.serial(), 5U);
  EXPECT_EQ(dump(*reader.build()), dump(*zone_of(soa(5) + kData)));
}

TEST(Axfr, RecordsMayComeOneAMessageAndWithoutQuestionAfterTheFirst) {
  TransferReader reader(axfr());
  ASSERT_EQ(reader.take(response(soa(5))).value(), State::kMore);
  const Response later{.has_question = false};
  ASSERT_EQ(reader.take(response(kData, later)).value(), State::kMore);
  ASSERT_EQ(reader.take(response(soa(5), later)).value(), State::kWhole);
  EXPECT_EQ(reader.record_count(), 5U);
  EXPECT_EQ(dump(*reader.build()), dump(*zone_of(soa(5) + kData)));
}

TEST(Axfr, ZoneOfNothingButItsSoa) {
  TransferReader reader(axfr());
  ASSERT_EQ(reader.take(response(soa(5) + soa(5))).value(), State::kWhole);
  EXPECT_EQ(reader.build()->record_count(), 1U);
}

TEST(Axfr, HeaderMustBeThatOfOurAnswer) {
  const std::string zone = soa(5) + kData + soa(5);
  EXPECT_EQ(error_of(axfr(), Message(11)), TransferError::kHeader);
  EXPECT_EQ(error_of(axfr(), response(zone, {.flags = 0x0400})), TransferError::kHeader);
  EXPECT_EQ(error_of(axfr(), response(zone, {.flags = 0xa400})), TransferError::kHeader);
  EXPECT_EQ(error_of(axfr(), response(zone, {.id = 8})), TransferError::kId);
  EXPECT_EQ(error_of(axfr(), response(zone, {.flags = 0x8600})), TransferError::kTruncated);
  EXPECT_EQ(error_of(axfr(), response(zone, {.has_question = false})), TransferError::kQuestion);
  EXPECT_EQ(error_of(axfr(), response(zone, {.apex = "example2."})), TransferError::kQuestion);
  EXPECT_EQ(error_of(axfr(), response(zone, kIxfr)), TransferError::kQuestion);
  EXPECT_EQ(error_of(axfr(), response("")), TransferError::kEmpty);
}

TEST(Axfr, RefusalCarriesItsRcode) {
  TransferReader reader(axfr());
  EXPECT_EQ(error_of(reader, response("", {.flags = 0x8405, .has_question = false})),
            TransferError::kRcode);
  EXPECT_EQ(reader.rcode(), 5);
}

TEST(Axfr, EveryRecordMustBelongInTheZone) {
  EXPECT_EQ(error_of(axfr(), response(kData)), TransferError::kNoSoaFirst);
  EXPECT_EQ(error_of(axfr(), response(soa(5) + "www.other. 60 A 192.0.2.1\n")),
            TransferError::kOutOfZone);
  // A label that ends like the apex is no name below it.
  EXPECT_EQ(error_of(axfr(), response(soa(5) + "www.notexample. 60 A 192.0.2.1\n")),
            TransferError::kOutOfZone);
  EXPECT_EQ(
      error_of(axfr(), response(soa(5) + "a.example. 60 SOA ns.example. h.example. 5 1 1 1 1\n")),
      TransferError::kSoa);
  EXPECT_EQ(error_of(axfr(), response(soa(5) + kData + soa(6))), TransferError::kLastSoa);
  EXPECT_EQ(error_of(axfr(), response(soa(5) + kData + soa(5) + kData)), TransferError::kAfterEnd);
  Message chaos = response(soa(5));
  put_record(chaos, record_of("a.example. 60 TXT \"x\""), 3);
  EXPECT_EQ(error_of(axfr(), chaos), TransferError::kClass);
  Message any = response(soa(5));
  Record meta = record_of("a.example. 60 TXT \"x\"");
  meta.type = dns::RrType::kAny;
  put_record(any, meta);
  EXPECT_EQ(error_of(axfr(), any), TransferError::kType);
}

TEST(Axfr, ATtlWithTheTopBitIsZero) {
  TransferReader reader(axfr());
  ASSERT_TRUE(reader.take(response(soa(5) + "a.example. 2147483648 A 192.0.2.1\n" + soa(5))));
  const auto zone = reader.build();
  const auto node = zone->find_node(name_of("a.example.").wire());
  EXPECT_EQ(zone->rrset(node, dns::RrType::kA)->ttl_s, 0U);
}

TEST(Axfr, CutAnywhereItIsRefusedAndNeverDone) {
  const Message whole = response(soa(5) + kData + soa(5));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    TransferReader reader(axfr());
    const auto taken = reader.take(Octets(whole).first(size));
    EXPECT_FALSE(taken.has_value()) << size;
  }
}

TEST(Axfr, OctetsAfterTheLastRecordAreRefused) {
  Message message = response(soa(5) + kData + soa(5));
  message.push_back(0);
  EXPECT_EQ(error_of(axfr(), message), TransferError::kMalformed);
}

TEST(Axfr, LimitsHold) {
  TransferRequest few = axfr();
  few.limits.max_records = 3;
  EXPECT_EQ(error_of(few, response(soa(5) + kData + soa(5))), TransferError::kTooManyRecords);
  TransferRequest small = axfr();
  small.limits.max_octets = 60;
  EXPECT_EQ(error_of(small, response(soa(5) + kData + soa(5))), TransferError::kTooLarge);
}

TEST(Axfr, CompressedNamesInRdataAreExpanded) {
  Message message = response(soa(5));
  // mail.example. MX 10 <pointer to the question's name>
  Record mx = record_of("mail.example. 60 MX 10 example.");
  mx.rdata = {0, 10, 0xc0, 12};
  put_record(message, mx);
  for (const Record& last : records(soa(5))) { put_record(message, last); }
  TransferReader reader(axfr());
  ASSERT_EQ(reader.take(message).value(), State::kWhole);
  EXPECT_EQ(dump(*reader.build()), dump(*zone_of(soa(5) + "mail.example. 60 MX 10 example.\n")));
}

TEST(Ixfr, OneSoaOfOurSerialMeansUpToDate) {
  TransferReader reader(ixfr(5));
  EXPECT_EQ(reader.take(response(soa(5), kIxfr)).value(), State::kUpToDate);
  TransferReader behind(ixfr(6));
  EXPECT_EQ(behind.take(response(soa(5), kIxfr)).value(), State::kUpToDate);
  EXPECT_EQ(behind.serial(), 5U);
  TransferReader ahead(ixfr(4));
  EXPECT_EQ(ahead.take(response(soa(5), kIxfr)).value(), State::kMore);
}

TEST(Ixfr, DifferencesInOrder) {
  TransferReader reader(ixfr(3));
  const std::string text = soa(5) + soa(3) + "a.example. 60 A 192.0.2.1\n" + soa(4) +
                           "a.example. 60 A 192.0.2.2\n" + soa(4) + soa(5) +
                           "b.example. 60 A 192.0.2.3\n" + soa(5);
  ASSERT_EQ(reader.take(response(text, kIxfr)).value(), State::kDifferences);
  ASSERT_EQ(reader.differences().size(), 2U);
  const Difference& first = reader.differences()[0];
  EXPECT_EQ(first.deleted, records("a.example. 60 A 192.0.2.1"));
  EXPECT_EQ(first.added, records("a.example. 60 A 192.0.2.2"));
  EXPECT_EQ(read_soa_numbers(first.new_soa.rdata).serial, 4U);
  EXPECT_TRUE(reader.differences()[1].deleted.empty());
  EXPECT_EQ(reader.serial(), 5U);
}

TEST(Ixfr, DifferencesMayBeCutIntoMessagesAnywhere) {
  const auto list = records(soa(5) + soa(3) + "a.example. 60 A 192.0.2.1\n" + soa(5) +
                            "b.example. 60 A 192.0.2.3\n" + soa(5));
  TransferReader reader(ixfr(3));
  State state = State::kMore;
  for (const Record& record : list) {
    ASSERT_EQ(state, State::kMore);
    Message message = response("", kIxfr);
    put_record(message, record);
    state = reader.take(message).value();
  }
  EXPECT_EQ(state, State::kDifferences);
}

TEST(Ixfr, AWholeZoneMayAnswer) {
  TransferReader reader(ixfr(3));
  ASSERT_EQ(reader.take(response(soa(5) + kData + soa(5), kIxfr)).value(), State::kWhole);
  EXPECT_EQ(reader.build()->serial(), 5U);
}

TEST(Ixfr, SequenceMustBeUnbroken) {
  EXPECT_EQ(error_of(ixfr(3), response(soa(5) + soa(4) + soa(5) + soa(5), kIxfr)),
            TransferError::kWrongStart);
  EXPECT_EQ(error_of(ixfr(2), response(soa(5) + soa(2) + soa(3) + soa(4) + soa(5), kIxfr)),
            TransferError::kGap);
  EXPECT_EQ(error_of(ixfr(3), response(soa(5) + soa(3) + soa(5) + soa(5) + kData, kIxfr)),
            TransferError::kAfterEnd);
}

TEST(Serial, NewerIsByTheShorterWayRound) {
  EXPECT_TRUE(dns::is_newer_serial(2, 1));
  EXPECT_FALSE(dns::is_newer_serial(1, 1));
  EXPECT_FALSE(dns::is_newer_serial(1, 2));
  EXPECT_TRUE(dns::is_newer_serial(0, 0xffff'ffff));
  EXPECT_FALSE(dns::is_newer_serial(0x8000'0000, 0));
}

}  // namespace
}  // namespace gslb::transfer
