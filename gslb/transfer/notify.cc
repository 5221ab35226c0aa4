#include "gslb/transfer/notify.h"

#include <algorithm>

#include "gslb/dns/query.h"
#include "gslb/transfer/message_reader.h"
#include "gslb/transfer/record.h"

namespace gslb::transfer {
namespace {

constexpr std::uint16_t kResponseFlags = 0xa400;  // QR, opcode NOTIFY, AA (RFC 1996 4.7)

dns::Rcode rcode_of(NotifyVerdict verdict) {
  switch (verdict) {
    case NotifyVerdict::kMalformed:
      return dns::Rcode::kFormErr;
    case NotifyVerdict::kUnknown:
      return dns::Rcode::kNotAuth;
    case NotifyVerdict::kRefused:
      return dns::Rcode::kRefused;
    default:
      return dns::Rcode::kNoError;
  }
}

// Header and question of the request, as a response.  Returns the octets written.
std::size_t write_response(Octets message, dns::Rcode rcode, MutableOctets out) {
  std::size_t end = dns::kHeaderOctets;
  auto reader = MessageReader::open(message);
  const bool has_question =
      reader && reader->header().questions == 1 && reader->question().has_value();
  if (has_question) { end = reader->position(); }
  std::copy_n(message.begin(), end, out.begin());
  store_u16(out.data() + 2,
            static_cast<std::uint16_t>(kResponseFlags | static_cast<std::uint16_t>(rcode)));
  store_u16(out.data() + 4, has_question ? 1 : 0);
  std::fill_n(out.begin() + 6, 6, std::uint8_t{0});
  return end;
}

}  // namespace

std::string_view to_string(NotifyVerdict verdict) noexcept {
  constexpr std::array<std::string_view, kNotifyVerdicts> kNames{"accepted", "malformed", "unknown",
                                                                 "refused", "dropped"};
  return kNames[static_cast<std::size_t>(verdict)];
}

void NotifyBox::set_table(std::shared_ptr<const NotifyTable> table) {
  const std::lock_guard lock(mutex_);
  table_ = std::move(table);
}

std::size_t NotifyBox::answer(Octets message, const Address& from, const TsigKey* key,
                              MutableOctets out) {
  std::shared_ptr<const NotifyTable> table;
  {
    const std::lock_guard lock(mutex_);
    table = table_;
  }
  const NotifyVerdict verdict = judge(message, from, key, *table);
  counts_[static_cast<std::size_t>(verdict)].fetch_add(1, std::memory_order_relaxed);
  if (verdict == NotifyVerdict::kDropped) { return 0; }
  return write_response(message, rcode_of(verdict), out);
}

NotifyVerdict NotifyBox::judge(Octets message, const Address& from, const TsigKey* key,
                               const NotifyTable& table) {
  auto reader = MessageReader::open(message);
  if (!reader || reader->header().questions != 1) { return NotifyVerdict::kMalformed; }
  const auto question = reader->question();
  if (!question || question->type != dns::RrType::kSoa || question->klass != dns::RrClass::kIn) {
    return NotifyVerdict::kMalformed;
  }
  NotifyHint hint{question->name.lower(), std::nullopt, from};
  const auto zone = table.zones.find(std::string(as_text(hint.apex.wire())));
  if (zone == table.zones.end()) { return NotifyVerdict::kUnknown; }
  // The table's own key of that name: lists compare keys by where they lie.
  const TsigKey* const known = key == nullptr ? nullptr : table.keys->find(key->name);
  if (!zone->second->allows(from, known)) { return NotifyVerdict::kRefused; }
  for (std::uint32_t left = reader->header().answers; left > 0; --left) {
    const auto record = reader->record();
    if (!record) { return NotifyVerdict::kMalformed; }
    if (record->type != dns::RrType::kSoa || record->owner != hint.apex) { continue; }
    std::vector<std::uint8_t> rdata;
    if (!read_rdata(message, record->rdata_at, record->rdata_size, record->type, rdata)) {
      return NotifyVerdict::kMalformed;
    }
    hint.serial = read_soa_numbers(rdata).serial;
  }
  return put(std::move(hint)) ? NotifyVerdict::kAccepted : NotifyVerdict::kDropped;
}

bool NotifyBox::put(NotifyHint hint) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (hints_.size() >= kMaxHints) { return false; }
    was_empty = hints_.empty();
    hints_.push_back(std::move(hint));
  }
  if (was_empty) { on_hint_(); }
  return true;
}

std::vector<NotifyHint> NotifyBox::take() {
  std::vector<NotifyHint> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(hints_);
  }
  // The last of a zone and sender says all that those before said.
  std::vector<NotifyHint> kept;
  std::unordered_map<std::string, std::size_t> seen;
  for (NotifyHint& hint : all) {
    const std::string key = std::string(as_text(hint.apex.wire())) + hint.from.to_string();
    const auto [at, is_new] = seen.try_emplace(key, kept.size());
    if (is_new) {
      kept.push_back(std::move(hint));
    } else {
      kept[at->second] = std::move(hint);
    }
  }
  return kept;
}

}  // namespace gslb::transfer
