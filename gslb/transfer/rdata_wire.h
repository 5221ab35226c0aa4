// RDATA out of a message: names in it expanded, its shape checked.
//
// Source: RFC 1035 3.3 and 4.1.4, RFC 3597 4 (where compressed names must be understood), RFC 4034,
// RFC 5155, RFC 9460 2.2, and each type's own RFC for its fields.
//
// Why checked: the answer path trusts the shape of what stands in a zone (a CNAME's RDATA is one
// name, an RRSIG has its fixed fields), and a primary may send anything.
#pragma once

#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/base/result.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"

namespace gslb::transfer {

enum class WireError : std::uint8_t {
  kShort,  // ends before the field does
  kName,   // label type, length or compression pointer that isn't allowed there
  kShape,  // RDATA that its type can't have
};

// The name at `*at` of `message`, pointers followed; moves `*at` behind it.  A pointer may only
// lead backwards from where the name (or the part it continues) begins, so that it ends.
Result<dns::Name, WireError> read_name(Octets message, std::size_t* at);

// Replaces `out` by the uncompressed RDATA of the `size` octets at `at` of `message`.  Types this
// server does not know are taken as they are (RFC 3597 3).
// REQUIRES: at + size <= message.size()
Result<void, WireError> read_rdata(Octets message, std::size_t at, std::size_t size,
                                   dns::RrType type, std::vector<std::uint8_t>& out);

// `rdata` with the names that DNSSEC's canonical form folds in lower case (RFC 4034 6.2 item 3):
// two records are the same when these are equal.  REQUIRES: rdata as read_rdata() gives it.
std::vector<std::uint8_t> fold_rdata(dns::RrType type, Octets rdata);

}  // namespace gslb::transfer
