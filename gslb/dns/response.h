// Writes one DNS response into a caller's buffer: question echoed, names compressed, truncated at
// RRset borders, OPT last.
//
// Source: RFC 1035 4.1.4 (compression), RFC 2181 5.2 and 9 (whole RRsets, TC), RFC 3597 4 (which
// RDATA may be compressed), RFC 6891, RFC 7871 (ECS), RFC 8914 (EDE).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gslb/base/bytes.h"
#include "gslb/dns/query.h"
#include "gslb/dns/rrset.h"
#include "gslb/dns/types.h"

namespace gslb::dns {

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

// What goes into the OPT of a response.  Written only when the query had an OPT.
struct ResponseEdns {
  std::uint16_t udp_payload = 1232;   // ours, RFC 9715
  bool dnssec_ok = false;             // copied from the query (RFC 3225 3)
  std::string_view nsid;              // empty: no NSID option
  const ClientSubnet* ecs = nullptr;  // null: no ECS option
  std::uint8_t ecs_scope_bits = 0;
  bool has_ede = false;
  EdeCode ede = EdeCode::kOther;
  std::string_view ede_text;  // EXTRA-TEXT, UTF-8, may be empty; dropped first when short
  std::uint16_t tcp_keepalive_100ms = 0;  // RFC 7828 units; 0: no option
};

// Worker-confined.  One object writes one response; make a new one per query (it is cheap, no
// allocation).  Space for the OPT is set aside before the first RRset, so finish() always fits.
class ResponseWriter {
 public:
  // `out` is the buffer, `limit` (<= out.size(), >= 512) the octets the response may have.
  // Copies ID, opcode QUERY, RD and the question (case as sent) from `message`.
  // `edns_octets`: what edns_size() said for this response, 0 without OPT.
  ResponseWriter(MutableOctets out, std::size_t limit, Octets message, const Query& query,
                 std::size_t edns_octets) noexcept;

  // Octets the OPT record of `edns` takes.
  static std::size_t edns_size(const ResponseEdns& edns) noexcept;

  // Appends the whole RRset or nothing.  `owner` is uncompressed wire form.  Returns false when it
  // does not fit: for the answer and authority sections TC is then set and later puts do nothing;
  // in the additional section nothing is lost but the records (RFC 2181 9).  Sections must come in
  // order.  `ttl_s` overrides nothing: the view's TTL is written.
  bool put_rrset(Section section, Octets owner, const RrsetView& set) noexcept;

  // Additional-section data whose absence must set TC (in-bailiwick glue, RFC 9471).
  bool put_required_additional(Octets owner, const RrsetView& set) noexcept;

  bool truncated() const noexcept { return truncated_; }
  void set_truncated() noexcept { truncated_ = true; }

  // Writes flags, counts and the OPT; returns the response's size.  `authoritative` is AA.
  std::size_t finish(Rcode rcode, bool authoritative, const ResponseEdns* edns) noexcept;

 private:
  // Left to the implementation: compression table of up to 64 suffix offsets, position, counts.
  static constexpr std::size_t kMaxCompressionTargets = 64;
  std::size_t put_name(Octets name) noexcept;
  std::size_t put_record(Octets owner, RrType type, std::uint32_t ttl_s, Octets rdata) noexcept;
  bool put(Section section, Octets owner, const RrsetView& set) noexcept;

  MutableOctets out_;
  std::size_t limit_;
  std::size_t position_ = 0;
  std::array<std::uint16_t, 3> counts_{};
  std::array<std::uint16_t, kMaxCompressionTargets> targets_{};
  std::size_t target_count_ = 0;
  bool truncated_ = false;
};

// A response without sections: header, the question if it was whole, OPT if the query had one.
// `message` is at least 12 octets; `query` is as parse_query left it.  Returns its size.
std::size_t write_error_response(MutableOctets out, Octets message, const Query& query, Rcode rcode,
                                 const ResponseEdns* edns) noexcept;

}  // namespace gslb::dns
