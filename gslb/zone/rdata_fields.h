// Readers of single RDATA fields, where ldns 1.8.3 is wrong or has nothing to offer.
//
// Source: RFC 1035 3.3 and 5.1, RFC 1706 (NSAP), RFC 1876 (LOC), RFC 3123 (APL), RFC 4025
// (IPSECKEY), RFC 4034 3.2 and 4.1.2 and RFC 5155 3.3 (NSEC, NSEC3), RFC 4648 7 (base32hex).
//
// The service parameters of SVCB and HTTPS are RFC 9460 2.1.
//
// Why: ldns takes numbers out of range (LOC degrees, DS algorithms, APL lengths), keeps only the
// first prefix of an APL, drops unknown types from bitmaps, counts NSEC3 padding into the hash,
// reads SVCB parameters that RFC 9460 forbids, and refuses IPSECKEY without a gateway, CERT
// algorithm 0 and unpadded base32hex.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gslb/zone/rdata_text.h"

namespace gslb::zone::field {

using Buffer = std::vector<std::uint8_t>;
using Words = std::span<const Word>;
using Fault = std::optional<RdataFault>;

// All append to `rdata`; a fault's word counts from the first word given.

std::string quoted(std::string_view text);  // for messages, shortened
void put(Buffer& rdata, Octets octets);
void put_number(Buffer& rdata, std::uint64_t value, int octets);

Fault number(const Word& word, int octets, Buffer& rdata);
Fault period(const Word& word, Buffer& rdata);
// A character string with its length octet, or without (URI, CAA).
Fault text(const Word& word, bool has_length, Buffer& rdata);
Fault hex(Words words, Buffer& rdata);
Fault domain(const Word& word, const dns::Name& origin, Buffer& rdata);
Fault address(const Word& word, bool is_v6, Buffer& rdata);
Fault type(const Word& word, Buffer& rdata);
Fault bitmap(Words words, Buffer& rdata);
Fault hashed_owner(const Word& word, Buffer& rdata);
Fault nsap(const Word& word, Buffer& rdata);
Fault prefixes(Words words, Buffer& rdata);        // APL
Fault place(Words words, Buffer& rdata);           // LOC
Fault timestamp(const Word& word, Buffer& rdata);  // RRSIG times
Fault service_parameters(Words words, Buffer& rdata);

}  // namespace gslb::zone::field
