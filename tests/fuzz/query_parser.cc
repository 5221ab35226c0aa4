// Any octets through parse_query; what parses is answered, and the answer must keep its promises.
#include <array>
#include <cstdint>
#include <vector>

#include "gslb/base/check.h"
#include "gslb/dns/query.h"
#include "gslb/dns/response.h"

namespace {

using gslb::MutableOctets;
using gslb::Octets;
using namespace gslb::dns;

// Strict walk over one name: pointers lead backwards only.  Moves `*at` behind it.
void walk_name(Octets message, std::size_t* at) {
  std::size_t here = *at;
  bool jumped = false;
  std::size_t octets = 1;
  for (;;) {
    CHECK(here < message.size());
    const std::size_t length = message[here];
    if (length >= 0xc0) {
      CHECK(here + 2 <= message.size());
      const std::size_t target = gslb::load_u16(message.data() + here) & 0x3fffU;
      CHECK(target < here && target >= kHeaderOctets);
      if (!jumped) { *at = here + 2; }
      jumped = true;
      here = target;
      continue;
    }
    CHECK(length <= kMaxLabelOctets);
    here += length + 1;
    octets += length == 0 ? 0 : length + 1;
    CHECK(octets <= kMaxNameOctets);
    if (length == 0) { break; }
  }
  if (!jumped) { *at = here; }
}

// Counts match the octets, every name can be read, the message ends with its last record.
void check_message(Octets message) {
  CHECK(message.size() >= kHeaderOctets);
  std::size_t at = kHeaderOctets;
  const std::uint16_t questions = gslb::load_u16(message.data() + 4);
  CHECK(questions <= 1);
  if (questions == 1) {
    walk_name(message, &at);
    at += 4;
  }
  std::size_t records = 0;
  for (std::size_t field = 6; field < kHeaderOctets; field += 2) {
    records += gslb::load_u16(message.data() + field);
  }
  for (; records > 0; --records) {
    walk_name(message, &at);
    CHECK(at + 10 <= message.size());
    const auto type = static_cast<RrType>(gslb::load_u16(message.data() + at));
    CHECK(type == RrType::kOpt || (message[at + 4] & 0x80) == 0);
    const std::size_t end = at + 10 + gslb::load_u16(message.data() + at + 8);
    CHECK(end <= message.size());
    std::size_t name_at = at + 10;
    if (type == RrType::kNs) { walk_name(message, &name_at); }
    at = end;
  }
  CHECK(at == message.size());
}

// Records for suffixes of the QNAME and for names beside them, as big as the query's type says.
void put_sections(const Query& query, ResponseWriter* writer) {
  std::vector<std::uint8_t> ns_rdata;
  for (std::size_t labels = 0; labels <= query.qname.label_count(); ++labels) {
    const Octets target = query.qname.suffix(query.qname.label_count() - labels);
    ns_rdata.insert(ns_rdata.end(), {0, static_cast<std::uint8_t>(target.size())});
    ns_rdata.insert(ns_rdata.end(), target.begin(), target.end());
  }
  const auto count = static_cast<std::uint16_t>(query.qname.label_count() + 1);
  const std::size_t wanted = static_cast<std::uint16_t>(query.qtype) % 40U;
  std::vector<std::uint8_t> a_rdata;
  for (std::size_t i = 0; i < wanted; ++i) { a_rdata.insert(a_rdata.end(), {0, 4, 192, 0, 2, 1}); }
  const RrsetView addresses{RrType::kA, 0xffffffff, static_cast<std::uint16_t>(wanted), a_rdata};
  const RrsetView servers{RrType::kNs, 60, count, ns_rdata};
  const std::array<std::uint8_t, 10> beside{3, 'n', 's', '1', 4, 't', 'e', 's', 't', 0};
  writer->put_rrset(Section::kAnswer, query.qname.wire(), addresses);
  writer->put_rrset(Section::kAuthority, query.qname.suffix(query.qname.label_count() / 2),
                    servers);
  writer->put_rrset(Section::kAdditional, beside, servers);
  writer->put_rrset(Section::kAdditional, Octets(beside).subspan(4), addresses);
  writer->put_required_additional(beside, addresses);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Query query;  // reused, as a worker does
  static std::array<std::uint8_t, 1232> out;
  const Octets message(data, size);
  const auto parsed = parse_query(message, query);
  CHECK(query.question_end >= kHeaderOctets);
  if (size < kHeaderOctets) { return 0; }
  CHECK(query.question_end <= size);
  CHECK(query.edns.cookie_size <= query.edns.cookie.size());

  ResponseEdns edns;
  edns.ecs = query.edns.ecs.has_value() ? &*query.edns.ecs : nullptr;
  edns.nsid = query.edns.nsid ? "fuzz" : "";
  edns.has_ede = query.edns.padding;
  edns.ede_text = "for want of anything better to say";
  if (!parsed.has_value()) {
    const std::size_t written = write_error_response(out, message, query, Rcode::kBadVers, &edns);
    CHECK(written <= kMinUdpPayload);
    check_message(Octets(out).first(written));
    return 0;
  }
  const std::size_t limit = query.udp_limit(out.size());
  CHECK(limit >= kMinUdpPayload && limit <= out.size());
  ResponseWriter writer(out, limit, message, query,
                        query.edns.present ? ResponseWriter::edns_size(edns) : 0);
  put_sections(query, &writer);
  const std::size_t written = writer.finish(Rcode::kNoError, true, &edns);
  CHECK(written <= limit);
  check_message(Octets(out).first(written));
  return 0;
}
