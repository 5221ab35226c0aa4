#include "gslb/monitor/dns_reply.h"

#include "gslb/transfer/message_reader.h"

namespace gslb::monitor {
namespace {

// Any record of the type in the answer: a CNAME before it is no fault.
std::optional<Finding> find_answer(const Prepared& monitor, transfer::MessageReader& reader) {
  for (unsigned i = 0; i < reader.header().answers; ++i) {
    const auto record = reader.record();
    if (!record) { return bad("the answer is malformed"); }
    if (record->type != monitor.type) { continue; }
    std::vector<std::uint8_t> rdata;
    if (!transfer::read_rdata(reader.message(), record->rdata_at, record->rdata_size, monitor.type,
                              rdata)) {
      return bad("the answer is malformed");
    }
    if (transfer::fold_rdata(monitor.type, rdata) == *monitor.answer) { return Finding{}; }
  }
  return bad(reader.header().is_truncated ? "truncated" : "another answer");
}

}  // namespace

std::optional<Finding> judge_dns(const Prepared& monitor, std::uint16_t id, Octets message) {
  auto reader = transfer::MessageReader::open(message);
  if (!reader) { return std::nullopt; }
  const transfer::MessageHeader& header = reader->header();
  if (header.id != id || !header.is_response || header.opcode != 0) { return std::nullopt; }
  // Servers that can't read the question may answer without it.
  if (header.questions == 1) {
    const auto question = reader->question();
    if (!question) { return bad("the answer is malformed"); }
    if (question->name != monitor.name || question->type != monitor.type) { return std::nullopt; }
  }
  if (header.rcode != monitor.options.rcode) {
    return bad("RCODE " + dns::to_string(static_cast<dns::Rcode>(header.rcode)));
  }
  if (header.questions != 1) { return bad("an answer without its question"); }
  return monitor.answer ? find_answer(monitor, *reader) : Finding{};
}

}  // namespace gslb::monitor
