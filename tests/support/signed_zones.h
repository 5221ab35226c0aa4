// The zones of RFC 4035 appendix A (NSEC) and RFC 5155 appendix A (NSEC3 with opt-out), with
// signatures that say what they cover and verify nowhere.
#pragma once

#include <string>

namespace tests {

// Zone text of "example."; the two differ in more than the chain: see the RFCs.
std::string rfc4035_zone();
std::string rfc5155_zone();

// `records` with an RRSIG after every line, those that start with a space apart: glue and the NS
// of cuts.  Lines are "owner ttl type rdata", owners absolute or "@"; one line a type.
std::string with_signatures(const std::string& records, const std::string& apex);

}  // namespace tests
