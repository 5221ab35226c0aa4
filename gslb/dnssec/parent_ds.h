// What a zone's parent shows of its DS, and whether a rollover that waits for that may go on.
//
// Source: RFC 6781 4.1.2 and 4.1.4 (when the DS must be there or gone), RFC 7344, RFC 8078 4.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gslb/dnssec/key_store.h"

namespace gslb::dnssec {

// What is to be seen at every server of the parent.
struct AwaitedDs {
  // The DS of this key and of none that it follows; nullopt: none.
  std::optional<std::uint16_t> tag;
};

// nullopt: nothing is waited for.
std::optional<AwaitedDs> awaited_ds(const ZoneKeys& keys);

// Whether a server that has the DS records `shown` (RDATA) shows it.  DS of keys that are none of
// ours (another signer's) don't count.
bool shows(const ZoneKeys& keys, const AwaitedDs& awaited, const std::vector<Buffer>& shown);

}  // namespace gslb::dnssec
