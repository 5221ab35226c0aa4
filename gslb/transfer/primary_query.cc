#include "gslb/transfer/primary_query.h"

#include "gslb/base/check.h"
#include "gslb/dns/query.h"

namespace gslb::transfer {
namespace {

using Buffer = std::vector<std::uint8_t>;
using dns::RrType;

constexpr std::uint16_t kUdpPayload = 1232;

void put_u16(Buffer& to, std::uint16_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}
void put(Buffer& to, Octets octets) { to.insert(to.end(), octets.begin(), octets.end()); }

}  // namespace

Buffer write_query(const PrimaryQuery& query) {
  Buffer message;
  put_u16(message, query.id);
  put_u16(message, 0);
  put_u16(message, 1);
  put_u16(message, 0);
  put_u16(message, query.type == RrType::kIxfr ? 1 : 0);
  put_u16(message, query.with_edns ? 1 : 0);
  put(message, query.apex.wire());
  put_u16(message, static_cast<std::uint16_t>(query.type));
  put_u16(message, static_cast<std::uint16_t>(dns::RrClass::kIn));
  if (query.type == RrType::kIxfr) {
    CHECK(query.soa != nullptr);
    put_u16(message, 0xc000U | dns::kHeaderOctets);
    put_u16(message, static_cast<std::uint16_t>(RrType::kSoa));
    put_u16(message, static_cast<std::uint16_t>(dns::RrClass::kIn));
    put_u16(message, static_cast<std::uint16_t>(query.soa->ttl_s >> 16));
    put_u16(message, static_cast<std::uint16_t>(query.soa->ttl_s));
    put_u16(message, static_cast<std::uint16_t>(query.soa->rdata.size()));
    put(message, query.soa->rdata);
  }
  if (query.with_edns) {
    message.push_back(0);
    put_u16(message, static_cast<std::uint16_t>(RrType::kOpt));
    put_u16(message, kUdpPayload);
    put_u16(message, 0);
    put_u16(message, 0);
    put_u16(message, 4);
    put_u16(message, dns::kOptionExpire);
    put_u16(message, 0);
  }
  return message;
}

std::string_view describe(SoaAnswerError error) noexcept {
  switch (error) {
    case SoaAnswerError::kForeign:
      return "not an answer to our query";
    case SoaAnswerError::kMalformed:
      return "the answer is malformed";
    case SoaAnswerError::kTruncated:
      return "the answer is truncated";
    case SoaAnswerError::kRcode:
      return "refused by the primary";
    case SoaAnswerError::kLame:
      return "the primary is not authoritative for the zone";
  }
  return "unknown";
}

Result<MessageReader, SoaAnswerError> open_answer(Octets message, std::uint16_t id,
                                                  const dns::Name& apex, RrType type) {
  auto reader = MessageReader::open(message);
  if (!reader) { return Unexpected(SoaAnswerError::kForeign); }
  const MessageHeader& header = reader->header();
  if (header.id != id || !header.is_response || header.opcode != 0) {
    return Unexpected(SoaAnswerError::kForeign);
  }
  if (header.questions == 1) {
    const auto question = reader->question();
    if (!question) { return Unexpected(SoaAnswerError::kMalformed); }
    if (question->name != apex || question->type != type) {
      return Unexpected(SoaAnswerError::kForeign);
    }
  }
  if (header.rcode != 0) { return Unexpected(SoaAnswerError::kRcode); }
  if (header.questions != 1) { return Unexpected(SoaAnswerError::kForeign); }
  if (header.is_truncated) { return Unexpected(SoaAnswerError::kTruncated); }
  return *std::move(reader);
}

Result<SoaAnswer, SoaAnswerError> read_soa_answer(Octets message, std::uint16_t id,
                                                  const dns::Name& apex) {
  auto reader = open_answer(message, id, apex, RrType::kSoa);
  if (!reader) { return Unexpected(reader.error()); }
  const MessageHeader& header = reader->header();
  SoaAnswer answer;
  bool has_soa = false;
  const std::uint32_t others = header.authorities + std::uint32_t{header.additionals};
  for (std::uint32_t i = 0; i < header.answers + others; ++i) {
    const auto record = reader->record();
    if (!record) { return Unexpected(SoaAnswerError::kMalformed); }
    if (i < header.answers && record->type == RrType::kSoa && record->owner == apex) {
      Buffer rdata;
      if (!read_rdata(message, record->rdata_at, record->rdata_size, RrType::kSoa, rdata)) {
        return Unexpected(SoaAnswerError::kMalformed);
      }
      answer.soa = read_soa_numbers(rdata);
      has_soa = true;
    } else if (record->type == RrType::kOpt) {
      answer.expire = reader->expire(*record);
    }
  }
  if (!has_soa || !header.is_authoritative) { return Unexpected(SoaAnswerError::kLame); }
  return answer;
}

}  // namespace gslb::transfer
