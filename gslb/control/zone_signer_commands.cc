// What operators ask of the signer, and what it tells.
#include <algorithm>

#include "gslb/base/log.h"
#include "gslb/control/zone_signer_entry.h"
#include "gslb/dnssec/parent_ds.h"

namespace gslb::control {
namespace {

Unexpected<KeyCommandError> refuse(bool is_unknown, std::string what, std::string hint = {}) {
  return Unexpected(KeyCommandError{is_unknown, std::move(what), std::move(hint)});
}

std::vector<dnssec::KeyState> states_of(const dnssec::ZoneKeys& keys) {
  std::vector<dnssec::KeyState> states;
  for (const dnssec::ZoneKey& key : keys) { states.push_back(key.state); }
  return states;
}

void set_states(dnssec::ZoneKeys& keys, const std::vector<dnssec::KeyState>& states) {
  for (std::size_t i = 0; i < states.size(); ++i) { keys[i].state = states[i]; }
}

}  // namespace

// ---- commands

KeyCommandResult ZoneSigner::change_states(
    const dns::Name& apex,
    const std::function<KeyCommandResult(Entry&, std::vector<dnssec::KeyState>&)>& change) {
  std::unique_lock lock(mutex_);
  Entry* const entry = find(apex);
  if (entry == nullptr) {
    return refuse(true, "zone '" + apex.to_string() + "' has no dnssec policy",
                  "set dnssec in its [[zone]]");
  }
  const std::vector<dnssec::KeyState> before = states_of(entry->keys);
  std::vector<dnssec::KeyState> after = before;
  KeyCommandResult result = change(*entry, after);
  if (!result) { return result; }
  set_states(entry->keys, after);
  if (!save(*entry)) {
    set_states(entry->keys, before);
    return refuse(false, entry->problem);
  }
  ++entry->revision;
  entry->retry_at = clock_.wall();
  log_info("dnssec", result.value(), {{"zone", apex.to_string()}});
  lock.unlock();
  wake();
  return result;
}

KeyCommandResult ZoneSigner::generate(const dns::Name& apex,
                                      std::optional<dnssec::KeyRole> wanted) {
  return change_states(
      apex, [&](Entry& entry, std::vector<dnssec::KeyState>& states) -> KeyCommandResult {
        if (!wanted && entry.policy.keys != config::KeyLayout::kCsk) {
          return refuse(false, "which key?", "role=ksk or role=zsk");
        }
        const dnssec::KeyRole role = wanted.value_or(dnssec::KeyRole::kCsk);
        Problems problems;
        auto key =
            dnssec::make_key(entry.policy.key_dir, apex, new_key(entry.policy, role),
                             std::chrono::floor<seconds>(clock_.wall()), entry.keys, problems);
        if (!key) { return refuse(false, problems.list().front().to_string()); }
        const std::uint16_t tag = key->state.tag;
        states.push_back(key->state);
        entry.keys.push_back(std::move(*key));
        return "made " + std::string(dnssec::to_string(role)) + " " + std::to_string(tag) +
               ", the next rollover takes it";
      });
}

KeyCommandResult ZoneSigner::roll(const dns::Name& apex, std::optional<dnssec::KeyRole> role,
                                  std::optional<std::uint16_t> tag) {
  return change_states(
      apex, [&](Entry& entry, std::vector<dnssec::KeyState>& states) -> KeyCommandResult {
        std::string done;
        for (dnssec::KeyState& state : states) {
          if (!state.introduced || !state.wanted || (role && state.role != *role) ||
              (tag && state.tag != *tag)) {
            continue;
          }
          state.roll_at = std::chrono::floor<seconds>(clock_.wall());
          done += (done.empty() ? "" : ", ") + std::string(dnssec::to_string(state.role)) + " " +
                  std::to_string(state.tag);
        }
        if (done.empty()) {
          return refuse(true, "zone '" + apex.to_string() + "' has no such key in use",
                        "see proximactl keys list " + apex.to_string());
        }
        const bool waits = std::ranges::any_of(states, [](const dnssec::KeyState& state) {
          return state.introduced && !state.wanted && !state.is_gone();
        });
        std::string text = "to be replaced: " + done;
        if (waits) { text += "; begins when the rollover at work is over"; }
        if (!entry.policy.generate) { text += "; needs a spare key (proximactl keys generate)"; }
        return text;
      });
}

KeyCommandResult ZoneSigner::ds_seen(const dns::Name& apex, std::optional<std::uint16_t> tag) {
  return change_states(
      apex, [&](Entry& entry, std::vector<dnssec::KeyState>& states) -> KeyCommandResult {
        const dnssec::KeyTime now = std::chrono::ceil<seconds>(clock_.wall());
        const auto report =
            tag ? dnssec::report_ds_seen(states, *tag, now) : dnssec::report_ds_gone(states, now);
        const seconds wait(entry.policy.parent_propagation_s + entry.policy.parent_ds_ttl_s);
        if (report == dnssec::DsReport::kTaken) {
          return (tag ? "DS of " + std::to_string(*tag) + " seen" : "DS gone") +
                 "; it counts for every cache in " + std::to_string(wait.count()) + " s";
        }
        if (report == dnssec::DsReport::kNoSuchKey) {
          return refuse(true, "zone '" + apex.to_string() + "' has no key " + std::to_string(*tag),
                        "see proximactl keys list " + apex.to_string());
        }
        return refuse(false,
                      tag ? "nothing waits for the DS of " + std::to_string(*tag)
                          : "nothing waits for the DS to go",
                      tag ? "it may be confirmed already, or the key isn't in every cache yet"
                          : "set go_insecure = true in its policy first");
      });
}

// ---- the parent

std::vector<ZoneSigner::ParentQuestion> ZoneSigner::parent_questions() const {
  std::vector<ParentQuestion> questions;
  std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) {
    if (entry->policy.parent.empty() || !dnssec::awaited_ds(entry->keys)) { continue; }
    questions.push_back({entry->apex, entry->policy.parent, seconds(entry->policy.parent_check_s)});
  }
  return questions;
}

std::string ZoneSigner::parent_answers(const dns::Name& apex,
                                       const std::vector<transfer::DsAnswer>& answers) {
  std::optional<dnssec::AwaitedDs> awaited;
  {
    std::lock_guard lock(mutex_);
    const Entry* const entry = find(apex);
    if (entry == nullptr) { return {}; }
    awaited = dnssec::awaited_ds(entry->keys);
    if (!awaited) { return {}; }
    for (const transfer::DsAnswer& answer : answers) {
      if (!dnssec::shows(entry->keys, *awaited, answer.rdata)) {
        return awaited->tag ? "not the DS of " + std::to_string(*awaited->tag) + " alone yet"
                            : "a DS still";
      }
      if (answer.ttl_s > entry->policy.parent_ds_ttl_s) {
        log_warning(
            "dnssec", "the parent's DS has a longer TTL than parent_ds_ttl",
            {{"zone", apex.to_string()}, {"ttl", answer.ttl_s}, {"policy", entry->policy.id.text}});
      }
    }
  }
  const KeyCommandResult done = ds_seen(apex, awaited->tag);
  return done ? done.value() : done.error().what;
}

// ---- status

SigningStatus ZoneSigner::status_of(const Entry& entry) {
  SigningStatus status;
  status.apex = entry.apex;
  status.policy = entry.policy.id.text;
  status.key_dir = entry.policy.key_dir;
  status.keys = entry.keys;
  status.next_event = entry.next_event();
  if (entry.current) {
    status.missing = entry.current->missing;
    if (entry.current->first_expiration != WallTime::max()) {
      status.first_expiration = entry.current->first_expiration;
    }
  }
  status.problem = entry.problem;
  return status;
}

std::vector<SigningStatus> ZoneSigner::status() const {
  std::lock_guard lock(mutex_);
  std::vector<SigningStatus> all;
  for (const auto& [key, entry] : entries_) { all.push_back(status_of(*entry)); }
  std::ranges::sort(all, {}, [](const SigningStatus& each) { return each.apex.to_string(); });
  return all;
}

std::optional<SigningStatus> ZoneSigner::status(const dns::Name& apex) const {
  std::lock_guard lock(mutex_);
  const Entry* const entry = find(apex);
  if (entry == nullptr) { return std::nullopt; }
  return status_of(*entry);
}

}  // namespace gslb::control
