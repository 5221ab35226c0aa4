// The messages of one AXFR or IXFR, in the order they arrive → a new zone, differences, "up to
// date", or what is wrong with them.
//
// Source: RFC 5936 2.2 and 3 (AXFR), RFC 1995 2 to 4 (IXFR), RFC 3597 4, RFC 2181 8.
//
// Why a state machine fed with octets: it does no I/O, so that every way a primary can fail is a
// unit test and a fuzzer reaches all of it.  Nothing of a transfer is served before its end.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gslb/transfer/message_reader.h"
#include "gslb/transfer/record.h"
#include "gslb/zone/zone.h"

namespace gslb::transfer {

enum class TransferError : std::uint8_t {
  kHeader,          // shorter than a header, no response, or another opcode
  kId,              // not the id of our query
  kTruncated,       // TC is set, which no transfer may have
  kRcode,           // refused; see TransferReader::rcode()
  kQuestion,        // not the question we asked, or none in the first message
  kMalformed,       // a record, name or RDATA that can't be read
  kClass,           // a record of another class than IN
  kType,            // a record of a type that no zone has
  kOutOfZone,       // a record whose owner lies outside the zone
  kEmpty,           // a message without a record
  kNoSoaFirst,      // the first record isn't the zone's SOA
  kSoa,             // an SOA that isn't the zone's, or one too many
  kLastSoa,         // the last SOA differs from the first
  kWrongStart,      // IXFR: the first difference doesn't start at our version
  kGap,             // IXFR: a difference doesn't start where the one before ended
  kAfterEnd,        // records after the last SOA
  kTooManyRecords,  // over TransferLimits
  kTooLarge,        // over TransferLimits
  kUnfinished,      // result asked for before the end: the connection closed early
};

// "the first record is not the zone's SOA", for logs and status.
std::string_view describe(TransferError error) noexcept;

struct TransferLimits {
  std::uint64_t max_records = 20'000'000;
  std::uint64_t max_octets = std::uint64_t{2} << 30;  // owners and RDATA, uncompressed
};

struct TransferRequest {
  dns::Name apex;
  std::uint16_t id = 0;
  bool incremental = false;
  std::uint32_t serial = 0;  // ours; incremental only
  TransferLimits limits;
};

// One transfer.  Thread-compatible.
class TransferReader {
 public:
  explicit TransferReader(TransferRequest request);
  ~TransferReader();
  TransferReader(const TransferReader&) = delete;
  TransferReader& operator=(const TransferReader&) = delete;

  enum class State : std::uint8_t {
    kMore,         // the next message is needed
    kUpToDate,     // the primary has no newer version than ours
    kWhole,        // build() gives the zone
    kDifferences,  // differences() leads from our version to that of serial()
  };
  // One whole message, its TSIG (if any) already verified.  After an error or any state but kMore
  // no message may follow.
  Result<State, TransferError> take(Octets message);

  State state() const noexcept { return state_; }
  // The first message's SOA.  REQUIRES: a message was taken without error
  const Record& soa() const noexcept { return *soa_; }
  std::uint32_t serial() const noexcept { return serial_; }
  std::uint8_t rcode() const noexcept { return rcode_; }
  // How long the primary's own data are good, if it said so (RFC 7314).
  std::optional<seconds> expire() const noexcept { return expire_; }
  std::uint64_t record_count() const noexcept { return records_; }

  // REQUIRES: state() == kWhole; once
  std::shared_ptr<const zone::Zone> build();
  // REQUIRES: state() == kDifferences
  const std::vector<Difference>& differences() const noexcept { return differences_; }

 private:
  // Where in RFC 1995's sequence the next record stands.
  enum class Place : std::uint8_t { kFirst, kSecond, kWhole, kDelete, kAdd, kEnd };

  Result<void, TransferError> take_head(MessageReader& reader);
  Result<void, TransferError> take_record(MessageReader& reader);
  Result<void, TransferError> place(Record record);
  Result<void, TransferError> place_second(Record record);
  Result<void, TransferError> place_whole(const Record& record);
  Result<void, TransferError> place_difference(Record record);
  void start_difference(Record old_soa);
  bool is_soa(const Record& record) const noexcept {
    return record.type == dns::RrType::kSoa && record.owner == request_.apex;
  }

  const TransferRequest request_;
  std::unique_ptr<zone::ZoneBuilder> builder_;
  std::optional<Record> soa_;
  std::uint32_t serial_ = 0;
  std::optional<seconds> expire_;
  std::vector<Difference> differences_;
  Place place_ = Place::kFirst;
  State state_ = State::kMore;
  std::uint64_t messages_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t octets_ = 0;
  std::uint8_t rcode_ = 0;
};

}  // namespace gslb::transfer
