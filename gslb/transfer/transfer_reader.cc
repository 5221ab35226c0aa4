#include "gslb/transfer/transfer_reader.h"

#include "gslb/base/check.h"
#include "gslb/dns/serial.h"

namespace gslb::transfer {

using dns::RrType;

std::string_view describe(TransferError error) noexcept {
  switch (error) {
    case TransferError::kHeader:
      return "not a response to a query";
    case TransferError::kId:
      return "the message id is not ours";
    case TransferError::kTruncated:
      return "the message is marked as truncated";
    case TransferError::kRcode:
      return "refused by the primary";
    case TransferError::kQuestion:
      return "the question is not ours";
    case TransferError::kMalformed:
      return "a record is malformed";
    case TransferError::kClass:
      return "a record is not of class IN";
    case TransferError::kType:
      return "a record has a type no zone can hold";
    case TransferError::kOutOfZone:
      return "a record lies outside the zone";
    case TransferError::kEmpty:
      return "a message has no record";
    case TransferError::kNoSoaFirst:
      return "the first record is not the zone's SOA";
    case TransferError::kSoa:
      return "an SOA record where none may be";
    case TransferError::kLastSoa:
      return "the last SOA differs from the first";
    case TransferError::kWrongStart:
      return "the first difference does not start at our serial";
    case TransferError::kGap:
      return "a difference does not start where the one before ended";
    case TransferError::kAfterEnd:
      return "records follow the last SOA";
    case TransferError::kTooManyRecords:
      return "more records than max_records";
    case TransferError::kTooLarge:
      return "more octets than max_size";
    case TransferError::kUnfinished:
      return "the connection closed before the last SOA";
  }
  return "unknown";
}

TransferReader::TransferReader(TransferRequest request) : request_(std::move(request)) {}
TransferReader::~TransferReader() = default;

Result<TransferReader::State, TransferError> TransferReader::take(Octets message) {
  CHECK(state_ == State::kMore);
  auto reader = MessageReader::open(message);
  if (!reader) { return Unexpected(TransferError::kHeader); }
  if (const auto head = take_head(*reader); !head) { return Unexpected(head.error()); }
  ++messages_;
  for (std::uint32_t left = reader->header().answers; left > 0; --left) {
    if (const auto taken = take_record(*reader); !taken) { return Unexpected(taken.error()); }
  }
  // The authority and additional sections hold nothing of the zone (RFC 5936 2.2.4, 2.2.5), but
  // what they hold must be whole: a cut message is not to be trusted.
  const auto& header = reader->header();
  for (std::uint32_t left = header.authorities + std::uint32_t{header.additionals}; left > 0;
       --left) {
    const auto record = reader->record();
    if (!record) { return Unexpected(TransferError::kMalformed); }
    if (record->type == RrType::kOpt) { expire_ = reader->expire(*record); }
  }
  if (reader->position() != message.size()) { return Unexpected(TransferError::kMalformed); }

  // RFC 1995 4: one SOA alone, of a version that isn't newer, says that there is nothing to send.
  // With a newer one it may be the start of an AXFR of one record a message (RFC 5936 2.2).
  if (place_ == Place::kSecond && request_.incremental &&
      !dns::is_newer_serial(serial_, request_.serial)) {
    state_ = State::kUpToDate;
  } else if (place_ == Place::kEnd) {
    state_ = builder_ ? State::kWhole : State::kDifferences;
  }
  return state_;
}

Result<void, TransferError> TransferReader::take_head(MessageReader& reader) {
  const MessageHeader& header = reader.header();
  if (!header.is_response || header.opcode != 0) { return Unexpected(TransferError::kHeader); }
  if (header.id != request_.id) { return Unexpected(TransferError::kId); }
  rcode_ = header.rcode;
  if (rcode_ != 0) { return Unexpected(TransferError::kRcode); }
  if (header.is_truncated) { return Unexpected(TransferError::kTruncated); }
  // The first message repeats the question, later ones may leave it out (RFC 5936 2.2.1).
  if (header.questions > 1 || (header.questions == 0 && messages_ == 0)) {
    return Unexpected(TransferError::kQuestion);
  }
  if (header.questions == 1) {
    const auto question = reader.question();
    const RrType asked = request_.incremental ? RrType::kIxfr : RrType::kAxfr;
    if (!question || question->name != request_.apex || question->type != asked ||
        question->klass != dns::RrClass::kIn) {
      return Unexpected(TransferError::kQuestion);
    }
  }
  if (header.answers == 0) { return Unexpected(TransferError::kEmpty); }
  return {};
}

Result<void, TransferError> TransferReader::take_record(MessageReader& reader) {
  auto read = reader.record();
  if (!read) { return Unexpected(TransferError::kMalformed); }
  if (read->klass != static_cast<std::uint16_t>(dns::RrClass::kIn)) {
    return Unexpected(TransferError::kClass);
  }
  if (dns::is_meta(read->type)) { return Unexpected(TransferError::kType); }
  if (!read->owner.is_at_or_below(request_.apex)) { return Unexpected(TransferError::kOutOfZone); }
  Record record{std::move(read->owner), read->type, transfer_ttl(read->ttl), {}};
  const auto rdata =
      read_rdata(reader.message(), read->rdata_at, read->rdata_size, record.type, record.rdata);
  if (!rdata) { return Unexpected(TransferError::kMalformed); }
  // An SOA stands at the apex only (RFC 1035 5.2 item 1).
  if (record.type == RrType::kSoa && !is_soa(record)) { return Unexpected(TransferError::kSoa); }
  if (++records_ > request_.limits.max_records) {
    return Unexpected(TransferError::kTooManyRecords);
  }
  octets_ += record.owner.wire().size() + record.rdata.size();
  if (octets_ > request_.limits.max_octets) { return Unexpected(TransferError::kTooLarge); }
  return place(std::move(record));
}

Result<void, TransferError> TransferReader::place(Record record) {
  switch (place_) {
    case Place::kFirst:
      if (!is_soa(record)) { return Unexpected(TransferError::kNoSoaFirst); }
      serial_ = read_soa_numbers(record.rdata).serial;
      soa_ = std::move(record);
      place_ = Place::kSecond;
      return {};
    case Place::kSecond:
      return place_second(std::move(record));
    case Place::kWhole:
      return place_whole(record);
    case Place::kDelete:
    case Place::kAdd:
      return place_difference(std::move(record));
    case Place::kEnd:
      break;
  }
  return Unexpected(TransferError::kAfterEnd);
}

// What the answer is shows in its second record: an SOA of another serial starts differences, all
// else is a whole zone (RFC 1995 4).
Result<void, TransferError> TransferReader::place_second(Record record) {
  const std::uint32_t second = is_soa(record) ? read_soa_numbers(record.rdata).serial : serial_;
  if (request_.incremental && second != serial_) {
    if (second != request_.serial) { return Unexpected(TransferError::kWrongStart); }
    start_difference(std::move(record));
    return {};
  }
  builder_ = std::make_unique<zone::ZoneBuilder>(request_.apex);
  builder_->add(soa_->owner, RrType::kSoa, soa_->ttl_s, soa_->rdata);
  place_ = Place::kWhole;
  return place_whole(record);
}

Result<void, TransferError> TransferReader::place_whole(const Record& record) {
  if (!is_soa(record)) {
    builder_->add(record.owner, record.type, record.ttl_s, record.rdata);
    return {};
  }
  if (fold_rdata(RrType::kSoa, record.rdata) != fold_rdata(RrType::kSoa, soa_->rdata)) {
    return Unexpected(TransferError::kLastSoa);
  }
  place_ = Place::kEnd;
  return {};
}

void TransferReader::start_difference(Record old_soa) {
  differences_.emplace_back();
  differences_.back().old_soa = std::move(old_soa);
  place_ = Place::kDelete;
}

Result<void, TransferError> TransferReader::place_difference(Record record) {
  Difference& last = differences_.back();
  if (!is_soa(record)) {
    (place_ == Place::kDelete ? last.deleted : last.added).push_back(std::move(record));
    return {};
  }
  if (place_ == Place::kDelete) {
    last.new_soa = std::move(record);
    place_ = Place::kAdd;
    return {};
  }
  const std::uint32_t reached = read_soa_numbers(last.new_soa.rdata).serial;
  const std::uint32_t found = read_soa_numbers(record.rdata).serial;
  if (found != reached) { return Unexpected(TransferError::kGap); }
  if (reached == serial_) {
    place_ = Place::kEnd;
  } else {
    start_difference(std::move(record));
  }
  return {};
}

std::shared_ptr<const zone::Zone> TransferReader::build() {
  CHECK(state_ == State::kWhole && builder_ != nullptr);
  return std::exchange(builder_, nullptr)->build();
}

}  // namespace gslb::transfer
