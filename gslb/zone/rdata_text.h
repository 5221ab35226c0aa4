// RDATA from its presentation form.  The only place that calls ldns.
//
// Source: RFC 1035 5.1, RFC 3597 5 (generic form), and each type's own RFC as ldns 1.8.3 knows it.
//
// Why not all through ldns: addresses, single names and the generic form are read here, which is
// most of any zone, several times faster, and not bound to ldns's line length.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/result.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"
#include "gslb/zone/scanner.h"

namespace gslb::zone {

// What an operator is told: the word that is wrong (index into the words given; the count of
// words when something is missing at the end) and why.
struct RdataFault {
  std::size_t word = 0;
  std::string what;
};

// A name as zone files write it: "@" is `origin`, without a final dot it is relative to `origin`.
Result<dns::Name, dns::NameError> parse_name(std::string_view text, const dns::Name& origin);

// All names ldns knows beside those of dns/types.h; nullopt for anything else.
std::optional<dns::RrType> parse_zone_type(std::string_view text);

// Replaces `rdata` by the uncompressed wire form.
std::optional<RdataFault> parse_rdata(dns::RrType type, std::span<const Word> words,
                                      const dns::Name& origin, std::vector<std::uint8_t>& rdata);

}  // namespace gslb::zone
