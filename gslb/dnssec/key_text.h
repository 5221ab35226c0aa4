// The DNSKEY record of a .key file.  Private to this folder.
#pragma once

#include <optional>

#include "gslb/dnssec/key_file.h"

namespace gslb::dnssec {

struct KeyRecord {
  dns::Name owner;
  Buffer rdata;
  std::uint32_t line = 0;
};

// Null with errors in `problems` when the text is anything but one DNSKEY record.
std::optional<KeyRecord> parse_key_record(const KeyText& source, Problems& problems);

}  // namespace gslb::dnssec
