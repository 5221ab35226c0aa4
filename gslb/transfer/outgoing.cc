#include "gslb/transfer/outgoing.h"

#include <algorithm>

#include "gslb/base/file.h"
#include "gslb/base/log.h"
#include "gslb/dns/response.h"
#include "gslb/dns/serial.h"
#include "gslb/transfer/diff.h"
#include "gslb/transfer/message_reader.h"

namespace gslb::transfer {
namespace {

using dns::Rcode;

constexpr std::size_t kLargestSoa = 2048;  // with question and OPT: four names at most

std::string key_of(const dns::Name& apex) { return std::string(as_text(apex.lower().wire())); }

// The version an IXFR client has: the SOA in the authority section (RFC 1995 3).
std::optional<std::uint32_t> client_serial(Octets message) {
  auto reader = MessageReader::open(message);
  if (!reader || reader->header().questions != 1 || reader->header().authorities != 1) {
    return std::nullopt;
  }
  if (!reader->question()) { return std::nullopt; }
  const auto record = reader->record();
  if (!record || record->type != dns::RrType::kSoa || record->rdata_size < 22) {
    return std::nullopt;
  }
  return read_soa_numbers(reader->rdata(*record)).serial;
}

std::optional<TsigSigner> signer_of(const OutgoingRequest& request) {
  if (request.signature == nullptr) { return std::nullopt; }
  return TsigSigner(*request.signature->key, request.signature->mac);
}

}  // namespace

std::string_view to_string(TransferOutcome outcome) noexcept {
  constexpr std::array<std::string_view, kTransferOutcomes> kNames = {
      "whole", "differences", "up_to_date", "refused", "not_auth", "busy", "malformed"};
  return kNames[static_cast<std::size_t>(outcome)];
}

OutgoingPolicy::OutgoingPolicy(const config::Config& config, Problems& problems)
    : keys_(config.keys, problems),
      most_at_a_time_(config.transfer.outgoing),
      most_journal_octets_(static_cast<std::size_t>(config.transfer.journal_octets)) {
  for (const config::Zone& zone : config.zones) {
    const auto apex = dns::Name::parse(zone.name.text);
    if (!apex || zone.transfer->allow.empty()) { continue; }  // bad names: who loads it reports
    rules_[key_of(*apex)] = {AccessList(zone.transfer->allow, config.remotes, keys_),
                             zone.transfer->tls_only,
                             static_cast<std::size_t>(zone.transfer->journal_octets)};
  }
  if (!config.server.state_dir.empty()) { journal_folder_ = config.server.state_dir + "/journal"; }
}

const OutgoingPolicy::Rules* OutgoingPolicy::find(const dns::Name& apex) const {
  const auto found = rules_.find(key_of(apex));
  return found == rules_.end() ? nullptr : &found->second;
}

Outgoing::Outgoing() : policy_(std::make_shared<const OutgoingPolicy>()) {}

void Outgoing::set_policy(std::shared_ptr<const OutgoingPolicy> policy) {
  const std::lock_guard lock(mutex_);
  policy_.swap(policy);
}

std::shared_ptr<const OutgoingPolicy> Outgoing::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

std::shared_ptr<const Outgoing::Version> Outgoing::find(const dns::QuestionName& apex) const {
  const std::string key(as_text(apex.wire()));
  const std::lock_guard lock(mutex_);
  const auto found = versions_.find(key);
  return found == versions_.end() ? nullptr : found->second;
}

void Outgoing::update(const ExportedZone& zone) {
  const std::string key = key_of(zone.zone->apex());
  const auto policy = this->policy();
  const OutgoingPolicy::Rules* const rules = policy->find(zone.zone->apex());
  if (rules == nullptr) {
    // Nobody asks for it, nor for differences; an old file would only go stale.
    drop_journal(key, "");
    const std::lock_guard lock(mutex_);
    versions_.erase(key);
    return;
  }
  auto next = std::make_shared<Version>();
  next->zone = zone;
  const auto before = journals_.find(key);
  if (before != journals_.end()) { journal_octets_ -= before->second.octets(); }
  next->chain = update_journal(key, *rules, policy->journal_folder(), zone);
  journal_octets_ += journals_.at(key).octets();
  {
    const std::lock_guard lock(mutex_);
    versions_[key] = std::move(next);
  }
  bound_journals(policy->most_journal_octets());
}

// Each journal has its own bound; a hundred thousand of them need one together.  The largest gives
// way: a zone with few changes, or small ones, keeps its history.
void Outgoing::bound_journals(std::size_t max_octets) {
  while (journal_octets_ > max_octets) {
    const auto largest = std::ranges::max_element(
        journals_, {}, [](const auto& each) { return each.second.octets(); });
    if (largest == journals_.end() || largest->second.size() == 0) { return; }
    auto& [key, journal] = *largest;
    const std::size_t before = journal.octets();
    journal.trim(before / 2);
    journal_octets_ -= before - journal.octets();
    const std::lock_guard lock(mutex_);
    auto trimmed = std::make_shared<Version>(*versions_.at(key));
    trimmed->chain = journal.whole_chain();
    versions_[key] = std::move(trimmed);
  }
}

// `why` "": its file stays.
void Outgoing::drop_journal(const std::string& key, std::string_view why) {
  const auto journal = journals_.find(key);
  if (journal == journals_.end()) { return; }
  journal_octets_ -= journal->second.octets();
  if (!why.empty()) { journal->second.drop(why); }
  journals_.erase(journal);
}

JournalChain Outgoing::update_journal(const std::string& key, const OutgoingPolicy::Rules& rules,
                                      const std::string& folder, const ExportedZone& zone) {
  const auto found = journals_.find(key);
  if (found == journals_.end()) {
    if (!folder.empty()) { make_folder(folder); }
    Journal& journal =
        journals_.try_emplace(key, zone.zone->apex(), folder, rules.journal_octets).first->second;
    journal.restore(zone.serial(), [&] { return digest(zone); });
    return journal.whole_chain();
  }
  Journal& journal = found->second;
  std::shared_ptr<const Version> before;
  {
    const std::lock_guard lock(mutex_);
    before = versions_.at(key);
  }
  const bool is_same = before->zone.zone == zone.zone && before->zone.statics == zone.statics;
  if (!is_same) { note_difference(before->zone, zone, journal, rules.journal_octets); }
  return journal.whole_chain();
}

void Outgoing::note_difference(const ExportedZone& old, const ExportedZone& now, Journal& journal,
                               std::size_t max_octets) {
  const bool same_serial = old.serial() == now.serial();
  auto difference = find_difference(old, now, same_serial ? 0 : max_octets);
  if (same_serial) {
    if (difference && difference->old_soa == difference->new_soa) { return; }
    log_warning("transfer", "the zone changed but its serial did not: secondaries won't notice",
                {{"zone", now.zone->apex().to_string()}, {"serial", now.serial()}});
    journal.drop("two versions have the same serial");
  } else if (!dns::is_newer_serial(now.serial(), old.serial())) {
    log_warning("transfer", "the serial went back: secondaries keep what they have",
                {{"zone", now.zone->apex().to_string()},
                 {"serial", now.serial()},
                 {"before", old.serial()}});
    journal.drop("the serial went back");
  } else if (!difference) {
    journal.drop("the newest difference is larger than all of it may be");
  } else {
    journal.append(encode(*difference, digest(now)));
  }
}

void Outgoing::remove(const dns::Name& apex, bool keep_journal) {
  const std::string key = key_of(apex);
  drop_journal(key, keep_journal ? "" : "the zone is gone");
  const std::lock_guard lock(mutex_);
  versions_.erase(key);
}

OutgoingAnswer Outgoing::refuse(const OutgoingRequest& request, MutableOctets out, Rcode rcode,
                                TransferOutcome outcome, std::optional<dns::EdeCode> ede) {
  count_outcome(outcome);
  dns::ResponseEdns edns;
  edns.dnssec_ok = request.query.edns.dnssec_ok;
  edns.has_ede = ede.has_value();
  edns.ede = ede.value_or(dns::EdeCode::kOther);
  return {nullptr, dns::write_error_response(out, request.message, request.query, rcode, &edns)};
}

bool Outgoing::allows(const OutgoingRequest& request, const Version& version) {
  const OutgoingPolicy::Rules* const rules = request.policy->find(version.zone.zone->apex());
  const TsigKey* const key = request.signature == nullptr ? nullptr : request.signature->key;
  return rules != nullptr && rules->allow.allows(request.from, key, request.tls_names) &&
         (request.over_tls || !rules->tls_only);
}

bool Outgoing::allows(const OutgoingRequest& request) const {
  const auto version = find(request.query.qname);
  return version != nullptr && allows(request, *version);
}

OutgoingAnswer Outgoing::answer(const OutgoingRequest& request, MutableOctets out, WallTime now) {
  const bool is_ixfr = request.query.qtype == dns::RrType::kIxfr;
  if (request.query.edns.present && request.query.edns.version != 0) {
    return refuse(request, out, Rcode::kBadVers, TransferOutcome::kMalformed);
  }
  const auto serial = is_ixfr ? client_serial(request.message) : std::nullopt;
  if (is_ixfr ? !serial : request.over_udp) {
    return refuse(request, out, Rcode::kFormErr, TransferOutcome::kMalformed);
  }
  const auto version =
      request.query.qclass == dns::RrClass::kIn ? find(request.query.qname) : nullptr;
  if (!version && !request.has_zone) {
    return refuse(request, out, Rcode::kNotAuth, TransferOutcome::kNotAuth,
                  dns::EdeCode::kNotAuthoritative);
  }
  if (request.over_tls && !request.is_xot) {  // RFC 9103 7.1 and 7.2, whatever the rules say
    return refuse(request, out, Rcode::kRefused, TransferOutcome::kRefused,
                  dns::EdeCode::kNotSupported);
  }
  if (!version || !allows(request, *version)) {
    return refuse(request, out, Rcode::kRefused, TransferOutcome::kRefused,
                  dns::EdeCode::kProhibited);
  }
  return send(request, out, now, *version, serial);
}

std::unique_ptr<RecordSource> Outgoing::incremental(const Version& version, std::uint32_t serial,
                                                    TransferOutcome* outcome) {
  if (!dns::is_newer_serial(version.zone.serial(), serial)) {
    *outcome = TransferOutcome::kUpToDate;
    return differences(version.zone, {});
  }
  JournalChain chain = Journal::chain_from(version.chain, serial);
  std::size_t octets = 0;
  for (const auto& entry : chain) { octets += entry->records.size(); }
  // Not there, or a detour (RFC 1995 2): the whole zone is the answer to IXFR as well.
  if (chain.empty() || octets > version.zone.zone->memory_octets()) {
    *outcome = TransferOutcome::kWhole;
    return whole_zone(version.zone);
  }
  *outcome = TransferOutcome::kDifferences;
  return differences(version.zone, std::move(chain));
}

OutgoingAnswer Outgoing::send(const OutgoingRequest& request, MutableOctets out, WallTime now,
                              const Version& version, std::optional<std::uint32_t> serial) {
  auto outcome = TransferOutcome::kWhole;
  auto records = serial ? incremental(version, *serial, &outcome) : whole_zone(version.zone);
  if (request.over_udp) {
    // RFC 1995 2: what doesn't fit is the SOA alone, upon which the client comes over TCP.
    OutgoingAnswer answer;
    const std::size_t room = request.signature == nullptr ? 0 : signer_of(request)->room();
    if (outcome != TransferOutcome::kWhole) {
      TransferWriter writer(request.message, request.query, request.expire_s, std::move(records),
                            std::nullopt);
      answer.size = writer.all_in_one(out, request.udp_limit, now);
    }
    if (answer.size == 0 || answer.size + room > request.udp_limit) {
      outcome = TransferOutcome::kUpToDate;
      TransferWriter soa(request.message, request.query, request.expire_s,
                         differences(version.zone, {}), std::nullopt);
      answer.size = soa.all_in_one(out, kLargestSoa, now);
    }
    count_outcome(outcome);
    return answer;
  }
  if (active_.fetch_add(1, std::memory_order_relaxed) >= request.policy->most_at_a_time()) {
    active_.fetch_sub(1, std::memory_order_relaxed);
    return refuse(request, out, Rcode::kRefused, TransferOutcome::kBusy, dns::EdeCode::kOther);
  }
  count_outcome(outcome);
  TransferWriter writer(request.message, request.query, request.expire_s, std::move(records),
                        signer_of(request));
  return {std::make_unique<OutgoingStream>(std::move(writer), request.policy, active_), 0};
}

}  // namespace gslb::transfer
