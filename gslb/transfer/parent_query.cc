#include "gslb/transfer/parent_query.h"

namespace gslb::transfer {

using dns::RrType;

Result<DsAnswer, SoaAnswerError> read_ds_answer(Octets message, std::uint16_t id,
                                                const dns::Name& apex) {
  auto reader = open_answer(message, id, apex, RrType::kDs);
  if (!reader) { return Unexpected(reader.error()); }
  const MessageHeader& header = reader->header();
  DsAnswer answer;
  bool is_parents_denial = false;
  for (std::uint32_t i = 0; i < header.answers + std::uint32_t{header.authorities}; ++i) {
    const auto record = reader->record();
    if (!record) { return Unexpected(SoaAnswerError::kMalformed); }
    if (i >= header.answers) {
      is_parents_denial |= record->type == RrType::kSoa && record->owner != apex &&
                           apex.is_at_or_below(record->owner);
    } else if (record->type == RrType::kDs && record->owner == apex) {
      const Octets rdata = reader->rdata(*record);
      answer.rdata.emplace_back(rdata.begin(), rdata.end());
      answer.ttl_s = transfer_ttl(record->ttl);
    }
  }
  if (!header.is_authoritative || (answer.rdata.empty() && !is_parents_denial)) {
    return Unexpected(SoaAnswerError::kLame);
  }
  return answer;
}

}  // namespace gslb::transfer
