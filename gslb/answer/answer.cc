#include "gslb/answer/answer.h"

#include <algorithm>
#include <string_view>

#include "gslb/answer/debug.h"
#include "gslb/answer/guard.h"
#include "gslb/answer/resolution.h"
#include "gslb/base/hash.h"
#include "gslb/dns/response.h"

namespace gslb::answer {
namespace {

using dns::QueryError;
using dns::Rcode;
using dns::ResponseEdns;
using dns::RrClass;
using dns::RrType;

// What to do with a message that is no query for us.  `rcode` kNoError: send nothing.
struct RefusalRow {
  QueryError error;
  Refusal refusal;
  Rcode rcode;
};
constexpr std::array<RefusalRow, 12> kRefusals = {{
    {QueryError::kShort, Refusal::kShort, Rcode::kNoError},              // no ID to answer to
    {QueryError::kResponse, Refusal::kResponse, Rcode::kNoError},        // answering could loop
    {QueryError::kOpcode, Refusal::kOpcode, Rcode::kNotImp},             // RFC 8906 3.1.4
    {QueryError::kQuestionCount, Refusal::kMalformed, Rcode::kFormErr},  // RFC 9619
    {QueryError::kQuestion, Refusal::kMalformed, Rcode::kFormErr},
    {QueryError::kSections, Refusal::kMalformed, Rcode::kFormErr},
    {QueryError::kOptTwice, Refusal::kMalformed, Rcode::kFormErr},  // RFC 6891 6.1.1
    {QueryError::kOptOwner, Refusal::kMalformed, Rcode::kFormErr},
    {QueryError::kOption, Refusal::kMalformed, Rcode::kFormErr},
    {QueryError::kEcs, Refusal::kMalformedEcs, Rcode::kFormErr},               // RFC 7871 7.1.2
    {QueryError::kCookie, Refusal::kMalformed, Rcode::kFormErr},               // RFC 7873 5.2.2
    {QueryError::kTransactionSig, Refusal::kTransactionSig, Rcode::kNotAuth},  // no keys yet
}};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < kRefusals.size(); ++i) {
    if (static_cast<std::size_t>(kRefusals[i].error) != i) { return false; }
  }
  return true;
}
static_assert(in_enum_order());

constexpr std::string_view kReportLabel("\3_er");  // RFC 9567 6.1.1
constexpr std::uint16_t kPaddingBlock = 468;       // RFC 8467 4.1

// One call of answer(): what its steps share.
class Answering {
 public:
  Answering(const Snapshot& snapshot, const Request& request, Scratch& scratch,
            AnswerCounters& counters, MutableOctets out) noexcept
      : snapshot_(snapshot),
        request_(request),
        scratch_(scratch),
        query_(scratch.query),
        counters_(counters),
        out_(out),
        guard_(snapshot, request, scratch, counters) {}

  std::size_t run() noexcept {
    const auto parsed = dns::parse_query(request_.message, query_);
    scratch_.wants_denial = false;
    scratch_.route = zone::kNoRoute;
    if (request_.defers) {
      scratch_.deferred = deferral(parsed);
      if (scratch_.deferred != Deferred::kNone) { return 0; }
    }
    if (!request_.is_second) {
      counters_
          .queries[static_cast<std::size_t>(request_.transport)][request_.client.is_v6() ? 1 : 0]
          .add();
    }
    guard_.read_cookie();
    if (!parsed) { return refuse(parsed.error()); }
    if (guard_.must_refuse_cookie()) { return bad_cookie(); }
    if (query_.edns.present) {
      counters_.edns.add();
      if (query_.edns.version != 0) { return error(Rcode::kBadVers, Refusal::kBadVersion); }
    }
    if (query_.qclass == RrClass::kCh) { return chaos(); }
    if (query_.qclass != RrClass::kIn && query_.qclass != RrClass::kAny) {
      return error(Rcode::kRefused, Refusal::kNotOurs, dns::EdeCode::kNotAuthoritative);
    }
    return lookup();
  }

 private:
  Deferred deferral(const Result<void, QueryError>& parsed) const noexcept {
    if (!parsed) {
      const bool is_notify =
          parsed.error() == QueryError::kOpcode &&
          ((request_.message[2] >> 3) & 0xf) == static_cast<unsigned>(dns::Opcode::kNotify);
      if (is_notify) { return Deferred::kNotify; }
      // Whatever else is wrong with it: the answer is to be signed too (RFC 8945 5.3).
      return query_.ends_with_tsig ? Deferred::kSigned : Deferred::kNone;
    }
    if (is_debug() && snapshot_.debug->allow.contains(request_.client)) { return Deferred::kDebug; }
    const bool is_transfer = query_.qtype == RrType::kAxfr || query_.qtype == RrType::kIxfr;
    if (is_transfer) { return Deferred::kTransfer; }
    if (query_.qtype != RrType::kSoa) { return Deferred::kNone; }
    return query_.edns.expire || guard_.has_lists() ? Deferred::kSoa : Deferred::kNone;
  }

  bool is_debug() const noexcept {
    return query_.qtype == RrType::kTxt && snapshot_.debug && query_.qclass == RrClass::kIn &&
           query_.edns.version == 0 && snapshot_.debug->is_asked(query_);
  }

  std::size_t refuse(QueryError why) noexcept {
    const RefusalRow& row = kRefusals[static_cast<std::size_t>(why)];
    if (row.rcode == Rcode::kNoError || request_.message.size() < dns::kHeaderOctets) {
      counters_.refusals[static_cast<std::size_t>(row.refusal)].add();
      counters_.dropped.add();
      return 0;
    }
    const bool has_question = load_u16(request_.message.data() + 4) != 0;
    if (why == QueryError::kQuestionCount && !has_question && !guard_.cookie().empty()) {
      return cookie_alone();
    }
    return error(row.rcode, row.refusal);
  }

  std::size_t bad_cookie() noexcept {
    ResponseEdns edns = common_edns();
    return count(Rcode::kBadCookie, dns::write_error_response(out_, request_.message, query_,
                                                              Rcode::kBadCookie, &edns));
  }

  // RFC 7873 5.4: a client learns or checks its cookie.
  std::size_t cookie_alone() noexcept {
    if (guard_.cookie_state() == dns::CookieState::kBad) { return bad_cookie(); }
    ResponseEdns edns = common_edns();
    return count(Rcode::kNoError,
                 dns::write_error_response(out_, request_.message, query_, Rcode::kNoError, &edns));
  }

  std::size_t error(Rcode rcode, Refusal refusal) noexcept {
    counters_.refusals[static_cast<std::size_t>(refusal)].add();
    ResponseEdns edns = common_edns();
    return send(rcode, dns::write_error_response(out_, request_.message, query_, rcode, &edns),
                RateClass::kError, 0);
  }
  std::size_t error(Rcode rcode, Refusal refusal, dns::EdeCode ede) noexcept {
    counters_.refusals[static_cast<std::size_t>(refusal)].add();
    ResponseEdns edns = common_edns();
    edns.has_ede = true;
    edns.ede = ede;
    return send(rcode, dns::write_error_response(out_, request_.message, query_, rcode, &edns),
                RateClass::kError, 0);
  }

  // The response in out_, or what the client gets when it has had too many.
  std::size_t send(Rcode rcode, std::size_t size, RateClass klass, std::uint64_t key) noexcept {
    switch (guard_.limits_rate() ? guard_.judge(klass, key) : RateTable::Verdict::kSend) {
      case RateTable::Verdict::kSend:
        break;
      case RateTable::Verdict::kDrop:
        counters_.dropped.add();
        return 0;
      case RateTable::Verdict::kSlip:
        // Who has a cookie need not come by TCP: with ours it is known not to be forged.
        return guard_.cookie().empty() ? truncated() : bad_cookie();
    }
    return count(rcode, size);
  }

  // No records and TC: ask by TCP.
  std::size_t truncated() noexcept {
    counters_.truncated.add();
    ResponseEdns edns = common_edns();
    const std::size_t size =
        dns::write_error_response(out_, request_.message, query_, Rcode::kNoError, &edns);
    out_[2] |= 0x02;
    return count(Rcode::kNoError, size);
  }

  std::size_t count(Rcode rcode, std::size_t size) noexcept {
    const auto number = static_cast<std::size_t>(rcode);
    counters_.responses_by_rcode[std::min(number, kRcodeCount - 1)].add();
    return size;
  }

  // What the OPT of any answer says; the ECS option is added by lookup().
  ResponseEdns common_edns() const noexcept {
    ResponseEdns edns;
    const Identity& identity = *snapshot_.identity;
    edns.udp_payload = identity.udp_payload_octets;
    edns.dnssec_ok = query_.edns.dnssec_ok;
    edns.cookie = guard_.cookie();
    if (query_.edns.nsid) { edns.nsid = identity.nsid; }
    if (!asks_below(identity.report_channel)) { edns.report_channel = identity.report_channel; }
    if (query_.edns.tcp_keepalive && request_.transport != Transport::kUdp) {
      edns.tcp_keepalive_100ms = identity.tcp_keepalive_100ms;
    }
    // Only where lengths are all an eavesdropper sees (RFC 7830 6).
    if (query_.edns.padding && request_.transport == Transport::kTls) {
      edns.padding_block = kPaddingBlock;
    }
    return edns;
  }

  // Failures of the report queries themselves must not be reported (RFC 9567 6.2).
  bool asks_below(Octets agent) const noexcept {
    if (query_.question_end == dns::kHeaderOctets || agent.empty()) { return false; }
    const Octets name = query_.qname.wire();
    return name.size() >= agent.size() && std::ranges::equal(name.last(agent.size()), agent);
  }

  // An error report over UDP, by somebody who has not shown that he is who he says (RFC 9567 6.3).
  bool must_come_again() const noexcept {
    return request_.transport == Transport::kUdp && !guard_.knows_client() &&
           as_text(query_.qname.wire()).starts_with(kReportLabel) &&
           asks_below(snapshot_.identity->report_channel);
  }

  std::size_t limit() const noexcept {
    const std::size_t largest = std::min<std::size_t>(out_.size(), 65535);
    if (request_.transport != Transport::kUdp) { return largest; }
    return std::min(largest, query_.udp_limit(snapshot_.identity->udp_payload_octets));
  }

  std::size_t prohibited() noexcept {
    return error(Rcode::kRefused, Refusal::kProhibited, dns::EdeCode::kProhibited);
  }

  std::size_t lookup() noexcept {
    if (query_.qtype == RrType::kAxfr || query_.qtype == RrType::kIxfr) {
      return error(Rcode::kRefused, Refusal::kNotOurs, dns::EdeCode::kProhibited);
    }
    if (query_.qtype == RrType::kNxname) {  // RFC 9824 3.5
      return error(Rcode::kFormErr, Refusal::kMalformed, dns::EdeCode::kInvalidQueryType);
    }
    if (is_debug() && !snapshot_.debug->allow.contains(request_.client)) { return prohibited(); }
    const zone::Zone* zone = snapshot_.zones->find(query_.qname, query_.qtype);
    if (zone == nullptr) {
      return error(Rcode::kRefused, Refusal::kNotOurs, dns::EdeCode::kNotAuthoritative);
    }
    if (!request_.may_transfer && !guard_.may_ask(*zone)) { return prohibited(); }
    if (must_come_again()) { return truncated(); }
    if (zone->state() != zone::ZoneState::kServed) {
      return error(Rcode::kServFail, Refusal::kNoData,
                   zone->state() == zone::ZoneState::kExpired ? dns::EdeCode::kInvalidData
                                                              : dns::EdeCode::kNotReady);
    }
    ResponseEdns edns = common_edns();
    if (query_.edns.ecs) { edns.ecs = &*query_.edns.ecs; }
    edns.expire_s = request_.expire_s;
    edns.compact_ok = query_.edns.compact_ok && zone->compact_id() != 0;
    dns::ResponseWriter writer(out_, limit(), request_.message, query_,
                               query_.edns.present ? dns::ResponseWriter::edns_size(edns) : 0);
    Resolution resolution(snapshot_, request_, scratch_, writer);
    const Rcode rcode = resolution.run(*zone);
    if (scratch_.wants_denial && request_.awaits_denial) {
      scratch_.deferred = Deferred::kDenial;
      return 0;
    }
    edns.ecs_scope_bits = resolution.scope_bits();
    explain_failure(rcode, resolution.ede(), edns);
    count_ecs(resolution);
    if (scratch_.wants_denial) { counters_.classical_denials.add(); }
    if (resolution.denies_compactly()) {
      (request_.is_second ? counters_.awaited_denials : counters_.compact_denials).add();
    }
    if (writer.truncated()) { counters_.truncated.add(); }
    // QCLASS ANY can't be authoritative for all classes, RFC 1034 4.3.2 (3c).
    const bool authoritative =
        resolution.authoritative() && rcode != Rcode::kServFail && query_.qclass == RrClass::kIn;
    const std::size_t size =
        writer.finish(rcode, authoritative, query_.edns.present ? &edns : nullptr);
    if (!guard_.limits_rate()) { return count(rcode, size); }
    const RateClass klass = rate_class(resolution, rcode);
    const std::uint64_t zone_key = apex_hash(zone->apex());
    return send(
        rcode, size, klass,
        klass == RateClass::kPositive ? hash_combine(zone_key, resolution.first_node()) : zone_key);
  }

  static RateClass rate_class(const Resolution& resolution, Rcode rcode) noexcept {
    if (rcode == Rcode::kNxDomain) { return RateClass::kNegative; }
    if (rcode != Rcode::kNoError) { return RateClass::kError; }
    if (!resolution.authoritative()) { return RateClass::kReferral; }
    return resolution.answered() ? RateClass::kPositive : RateClass::kNegative;
  }

  static void explain_failure(Rcode rcode, std::optional<dns::EdeCode> ede,
                              ResponseEdns& edns) noexcept {
    if (ede) {
      edns.has_ede = true;
      edns.ede = *ede;
    } else if (rcode == Rcode::kServFail) {
      // None of RFC 8914's codes means that there is nobody to send the client to.
      edns.has_ede = true;
      edns.ede_text = "no cluster of the service is up";
    } else if (rcode == Rcode::kYxDomain) {
      edns.has_ede = true;
      edns.ede_text = "DNAME makes a name over 255 octets";
    }
  }

  void count_ecs(const Resolution& resolution) noexcept {
    EcsUse use = resolution.ecs_use();
    if (resolution.routed()) {
      counters_.routed.add();
    } else if (query_.edns.ecs) {
      use = EcsUse::kStatic;
    }
    counters_.ecs[static_cast<std::size_t>(use)].add();
  }

  // version.bind, id.server and their kin (RFC 4892).
  std::size_t chaos() noexcept {
    if (!guard_.may_ask()) { return prohibited(); }
    static constexpr std::string_view kVersionBind("\7version\4bind\0", 14);
    static constexpr std::string_view kVersionServer("\7version\6server\0", 16);
    static constexpr std::string_view kIdServer("\2id\6server\0", 11);
    static constexpr std::string_view kHostnameBind("\10hostname\4bind\0", 15);
    const std::string_view name = as_text(query_.qname.wire());
    const Identity& identity = *snapshot_.identity;
    std::string_view text;
    if (name == kVersionBind || name == kVersionServer) { text = identity.version; }
    if (name == kIdServer || name == kHostnameBind) { text = identity.identity; }
    if (text.empty() || (query_.qtype != RrType::kTxt && query_.qtype != RrType::kAny)) {
      return error(Rcode::kRefused, Refusal::kNotOurs, dns::EdeCode::kNotAuthoritative);
    }
    std::array<std::uint8_t, 258> rdata{};
    const std::size_t length = std::min<std::size_t>(text.size(), 255);
    store_u16(rdata.data(), static_cast<std::uint16_t>(length + 1));
    rdata[2] = static_cast<std::uint8_t>(length);
    std::copy_n(text.begin(), length, rdata.begin() + 3);
    ResponseEdns edns = common_edns();
    dns::ResponseWriter writer(out_, limit(), request_.message, query_,
                               query_.edns.present ? dns::ResponseWriter::edns_size(edns) : 0);
    writer.put_rrset(
        dns::Section::kAnswer, query_.qname.wire(),
        {.type = RrType::kTxt, .ttl_s = 0, .count = 1, .rdata = {rdata.data(), 2 + 1 + length}});
    return count(Rcode::kNoError,
                 writer.finish(Rcode::kNoError, true, query_.edns.present ? &edns : nullptr));
  }

  const Snapshot& snapshot_;
  const Request& request_;
  Scratch& scratch_;
  dns::Query& query_;
  AnswerCounters& counters_;
  MutableOctets out_;
  Guard guard_;
};

}  // namespace

std::size_t answer(const Snapshot& snapshot, const Request& request, Scratch& scratch,
                   AnswerCounters& counters, MutableOctets out) noexcept {
  return Answering(snapshot, request, scratch, counters, out).run();
}

}  // namespace gslb::answer
