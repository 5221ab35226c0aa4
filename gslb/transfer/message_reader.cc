#include "gslb/transfer/message_reader.h"

#include "gslb/dns/query.h"

namespace gslb::transfer {

Result<MessageReader, WireError> MessageReader::open(Octets message) {
  if (message.size() < dns::kHeaderOctets) { return Unexpected(WireError::kShort); }
  MessageReader reader(message);
  const std::uint8_t* at = message.data();
  const std::uint16_t flags = load_u16(at + 2);
  MessageHeader& header = reader.header_;
  header.id = load_u16(at);
  header.is_response = (flags & 0x8000U) != 0;
  header.opcode = static_cast<std::uint8_t>((flags >> 11) & 0xfU);
  header.is_authoritative = (flags & 0x0400U) != 0;
  header.is_truncated = (flags & 0x0200U) != 0;
  header.rcode = static_cast<std::uint8_t>(flags & 0xfU);
  header.questions = load_u16(at + 4);
  header.answers = load_u16(at + 6);
  header.authorities = load_u16(at + 8);
  header.additionals = load_u16(at + 10);
  reader.at_ = dns::kHeaderOctets;
  return reader;
}

Result<MessageQuestion, WireError> MessageReader::question() {
  auto name = read_name(message_, &at_);
  if (!name) { return Unexpected(name.error()); }
  ByteReader fixed(message_, at_);
  MessageQuestion question{std::move(*name), static_cast<dns::RrType>(fixed.u16()),
                           static_cast<dns::RrClass>(fixed.u16())};
  if (fixed.failed()) { return Unexpected(WireError::kShort); }
  at_ = fixed.position();
  return question;
}

Result<MessageRecord, WireError> MessageReader::record() {
  auto owner = read_name(message_, &at_);
  if (!owner) { return Unexpected(owner.error()); }
  ByteReader fixed(message_, at_);
  MessageRecord record;
  record.owner = std::move(*owner);
  record.type = static_cast<dns::RrType>(fixed.u16());
  record.klass = fixed.u16();
  record.ttl = fixed.u32();
  record.rdata_size = fixed.u16();
  record.rdata_at = fixed.position();
  fixed.take(record.rdata_size);
  if (fixed.failed()) { return Unexpected(WireError::kShort); }
  at_ = fixed.position();
  return record;
}

std::optional<seconds> MessageReader::expire(const MessageRecord& opt) const noexcept {
  ByteReader reader(rdata(opt));
  while (reader.remaining() > 0) {
    const std::uint16_t code = reader.u16();
    const Octets data = reader.take(reader.u16());
    if (reader.failed()) { return std::nullopt; }
    // Four octets of seconds; none in a query.
    if (code == dns::kOptionExpire && data.size() == 4) { return seconds(load_u32(data.data())); }
  }
  return std::nullopt;
}

}  // namespace gslb::transfer
