// What a server of the parent zone answers when it is asked for a zone's DS.
//
// Source: RFC 4035 3.1.4.1 (the DS is the parent's), RFC 2308 2.2 (NODATA).
#pragma once

#include <vector>

#include "gslb/transfer/primary_query.h"

namespace gslb::transfer {

struct DsAnswer {
  std::vector<std::vector<std::uint8_t>> rdata;  // empty: the parent has none
  std::uint32_t ttl_s = 0;                       // of them
};

// `message` answers write_query() of kDs.  Total.  kLame: not authoritative, or it speaks for the
// zone itself instead of its parent.
Result<DsAnswer, SoaAnswerError> read_ds_answer(Octets message, std::uint16_t id,
                                                const dns::Name& apex);

}  // namespace gslb::transfer
