// Any octets as what other servers send unasked or in answer: NOTIFY, its response, an SOA, a DS.
#include <cstdint>
#include <vector>

#include "gslb/base/check.h"
#include "gslb/dns/query.h"
#include "gslb/transfer/notify.h"
#include "gslb/transfer/notify_queue.h"
#include "gslb/transfer/parent_query.h"

namespace {

using namespace gslb;
using namespace gslb::transfer;

dns::Name name(const char* text) { return dns::Name::parse(text).value(); }
std::string key_of(const dns::Name& apex) { return std::string(as_text(apex.lower().wire())); }
const Address kPeer = *Address::parse("192.0.2.1");

void as_notify(Octets message) {
  static const auto table = [] {
    auto made = std::make_shared<NotifyTable>();
    config::AccessRule rule;
    rule.prefix = Prefix(kPeer, 32);
    made->zones[key_of(name("example."))] = std::make_shared<const AccessList>(
        std::vector{rule}, std::vector<config::Remote>(), Keyring());
    return made;
  }();
  NotifyBox box([] {});
  box.set_table(table);
  if (message.size() < dns::kHeaderOctets) { return; }
  std::vector<std::uint8_t> out(message.size());
  const std::size_t size = box.answer(message, kPeer, nullptr, out);
  CHECK(size <= out.size());
  const auto hints = box.take();
  CHECK(hints.size() <= 1);
  CHECK(hints.empty() || (hints[0].apex == name("example.") && size >= dns::kHeaderOctets));
}

// The id is what the queue has chosen.
void as_notify_response(Octets message) {
  NotifyQueue queue(1);
  auto target = std::make_shared<NotifyTarget>();
  target->to = {kPeer, 53};
  const Record soa{name("example."), dns::RrType::kSoa, 60, std::vector<std::uint8_t>(22)};
  queue.add(soa, target);
  std::vector<NotifyResult> results;
  const auto sent = queue.due(MonoTime(), WallTime(), &results);
  CHECK(sent.size() == 1);
  std::vector<std::uint8_t> response(message.begin(), message.end());
  if (response.size() >= 2) { std::copy_n(sent[0].message.begin(), 2, response.begin()); }
  const auto result = queue.take(response, target->to, WallTime());
  CHECK(!result || queue.size() == 0 || result->outcome == NotifyOutcome::kBadSig);
  CHECK(!queue.take(response, {kPeer, 54}, WallTime()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Octets message(data, size);
  as_notify(message);
  as_notify_response(message);
  const std::uint16_t id = size < 2 ? 0 : load_u16(data);
  static_cast<void>(read_soa_answer(message, id, name("example.")));
  const auto ds = read_ds_answer(message, id, name("child.example."));
  CHECK(!ds || ds->rdata.size() <= size);
  return 0;
}
