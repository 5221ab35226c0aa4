// Writes one DNS response into a caller's buffer: question echoed, names compressed, truncated at
// RRset borders, OPT last.
//
// Source: RFC 1035 4.1.4 (compression), RFC 2181 5.2 and 9 (whole RRsets, TC), RFC 3597 4 (which
// RDATA may be compressed), RFC 6891, RFC 7871 (ECS), RFC 8914 (EDE), RFC 7830 (padding), RFC 7873
// (cookies), RFC 7314 (EXPIRE).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gslb/base/bytes.h"
#include "gslb/dns/compression.h"
#include "gslb/dns/query.h"
#include "gslb/dns/rrset.h"
#include "gslb/dns/types.h"

namespace gslb::dns {

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

// What goes into the OPT of a response.  Written only when the query had an OPT.
struct ResponseEdns {
  std::uint16_t udp_payload = 1232;   // ours, RFC 9715
  bool dnssec_ok = false;             // copied from the query (RFC 3225 3)
  bool compact_ok = false;            // CO: the query had it and the zone denies compactly
  std::string_view nsid;              // empty: no NSID option
  const ClientSubnet* ecs = nullptr;  // null: no ECS option
  std::uint8_t ecs_scope_bits = 0;
  std::optional<std::uint32_t> expire_s;  // RFC 7314: how long the zone's data are good
  bool has_ede = false;
  EdeCode ede = EdeCode::kOther;
  std::string_view ede_text;  // EXTRA-TEXT, UTF-8, may be empty; dropped first when short
  Octets report_channel;      // agent domain in wire form (RFC 9567 5); empty: no option
  std::uint16_t tcp_keepalive_100ms = 0;  // RFC 7828 units; 0: no option
  Octets cookie;                          // RFC 7873, client's and server's; empty: no option
  std::uint16_t padding_block = 0;  // RFC 7830: the response becomes a multiple of it; 0: no option
};

// Worker-confined.  One object writes one response; make a new one per query (it is cheap, no
// allocation).  Space for the OPT is set aside before the first RRset, so finish() always fits.
// Records get the class of the question; IN when that was ANY.
class ResponseWriter {
 public:
  // `out` is the buffer (not overlapping `message`), `limit` (<= out.size(), >= 512) the octets the
  // response may have.
  //
  // Copies ID, opcode QUERY, RD, CD (RFC 4035 3.2.2) and the question (case as sent) from
  // `message`.  `query` must be whole (parse_query succeeded), outlive the writer and stay as it
  // is.
  //
  // `edns_octets`: what edns_size() said for this response, 0 without OPT.
  ResponseWriter(MutableOctets out, std::size_t limit, Octets message, const Query& query,
                 std::size_t edns_octets) noexcept;

  // Octets the OPT record of `edns` takes.
  static std::size_t edns_size(const ResponseEdns& edns) noexcept;

  // Appends the whole RRset or nothing.  `owner` is uncompressed wire form.  Returns false when it
  // does not fit: for the answer and authority sections TC is then set and later puts do nothing;
  // in the additional section nothing is lost but the records (RFC 2181 9).  Sections must come in
  // order.  The view's TTL is written, at most 2^31 - 1 (RFC 2181 8).
  bool put_rrset(Section section, Octets owner, const RrsetView& set) noexcept;

  // The same with the RRSIG records over the RRset, unless null: both or neither (RFC 4035 3.1.1).
  bool put_signed_rrset(Section section, Octets owner, const RrsetView& set,
                        const RrsetView* signatures) noexcept;

  // Additional-section data whose absence must set TC (in-bailiwick glue, RFC 9471).
  bool put_required_additional(Octets owner, const RrsetView& set) noexcept;

  // Into the answer section of one of many messages (RFC 5936 2.2): what does not fit goes into the
  // next one, and TC stays clear.
  bool put_if_fits(Octets owner, const RrsetView& set) noexcept {
    return put(Section::kAnswer, owner, set);
  }

  bool truncated() const noexcept { return truncated_; }

  // Writes flags, counts and the OPT; returns the response's size.  `authoritative` is AA.  No OPT
  // is written when `edns` is null or the query had none.  Options that don't fit are left out:
  // ECS, cookie, EXPIRE and keep-alive last, then NSID, EDE, and EXTRA-TEXT first.  Padding takes
  // what is left.
  std::size_t finish(Rcode rcode, bool authoritative, const ResponseEdns* edns) noexcept;

 private:
  bool put(Section section, Octets owner, const RrsetView& set) noexcept;
  std::size_t put_owner(Octets owner) noexcept;
  bool put_signatures(Section section, std::size_t set_at, Octets owner,
                      const RrsetView& signatures) noexcept;
  bool put_opaque(std::size_t owner_at, std::size_t owner_octets, const RrsetView& set) noexcept;
  bool put_with_names(std::size_t owner_at, std::size_t owner_octets,
                      const RrsetView& set) noexcept;
  bool put_rdata_with_names(RrType type, Octets rdata) noexcept;
  bool append(Octets octets) noexcept;

  const Query& query_;
  std::uint8_t* out_;
  std::size_t position_;
  std::size_t end_;    // of the sections: the limit less the space set aside for OPT
  std::size_t limit_;  // of the whole response
  std::array<std::uint16_t, 3> counts_{};
  bool truncated_ = false;
  NameCompressor names_;
};

// A response without sections, at most 512 octets: header (opcode, RD and CD as sent), the question
// if it was whole, OPT if the query had one and `edns` is not null.  Returns its size.
// REQUIRES: `query` as parse_query(message) left it; message.size() >= 12; out.size() >= 512
std::size_t write_error_response(MutableOctets out, Octets message, const Query& query, Rcode rcode,
                                 const ResponseEdns* edns) noexcept;

}  // namespace gslb::dns
