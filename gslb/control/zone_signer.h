// Signs the zones that have a policy: when a file changes, when a rollover goes on, when
// signatures grow old.  The stage of the zone store, and a thread beside it.
//
// Source: RFC 6781 4 (rollovers), RFC 7583 (their timing), docs/dnssec.md.
//
// Why a thread of its own: to sign a large zone takes seconds, and a plan must not wait for that.
// The old version stays served meanwhile.  Small zones are signed where they are, up to a budget:
// then their change and its signatures come in one step.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gslb/answer/routed_sets.h"
#include "gslb/control/loop.h"
#include "gslb/control/zone_signing.h"
#include "gslb/control/zone_store.h"
#include "gslb/dnssec/keys_json.h"
#include "gslb/dnssec/sign_rrset.h"
#include "gslb/transfer/parent_query.h"

namespace gslb::control {

using dnssec::SigningStatus;

struct KeyCommandError {
  bool is_unknown = false;  // no such zone or key
  std::string what;
  std::string hint;
};
// What was done, for people.
using KeyCommandResult = Result<std::string, KeyCommandError>;

// Thread-safe; stage() and configure() are called on the planning thread.
class ZoneSigner {
 public:
  // `on_ready` asks for ZoneStore::restage(apex); called on the signing thread.
  ZoneSigner(const Clock& clock, std::function<void(const dns::Name&)> on_ready);
  ~ZoneSigner();
  ZoneSigner(const ZoneSigner&) = delete;
  ZoneSigner& operator=(const ZoneSigner&) = delete;

  // Until then all is signed where stage() is called, and nothing by itself.
  void start();

  // Which zones have which policy from now on; before the store adopts the zones of `config`.
  // Keys are looked for anew.  `statics` go into zones that may be transferred: the same pointer
  // as long as nothing in it changes.  Returns the zones to restage after the store has adopted.
  std::vector<dns::Name> configure(const config::Config& config,
                                   std::shared_ptr<const RoutedTypes> routed_types,
                                   const std::shared_ptr<const transfer::StaticAnswers>& statics);

  Result<ZonePtr, std::string> stage(const StageInput& input);

  // How routed RRsets are signed now.  The functions are used on the planning thread, before the
  // next stage().  `*renew_at`: when some of the signatures made or accepted are to be renewed; at
  // once, when more than `most_renewed` were due: plans must not wait for all of them.
  answer::RoutedSigning routed_signing(WallTime* renew_at,
                                       std::size_t most_renewed = kMostRenewedRouted);
  static constexpr std::size_t kMostRenewedRouted = 10'000;  // some 0.3 s of a core

  std::vector<SigningStatus> status() const;
  std::optional<SigningStatus> status(const dns::Name& apex) const;
  std::uint64_t signatures_made() const noexcept { return signatures_made_; }

  // A spare key; the next rollover takes it.  nullopt: the CSK of a policy that has one.
  KeyCommandResult generate(const dns::Name& apex, std::optional<dnssec::KeyRole> role);
  // Replaces the keys in use of `role` (nullopt: all), or the one with `tag`.
  KeyCommandResult roll(const dns::Name& apex, std::optional<dnssec::KeyRole> role,
                        std::optional<std::uint16_t> tag);
  // `tag` nullopt: the parent has no DS any more.
  KeyCommandResult ds_seen(const dns::Name& apex, std::optional<std::uint16_t> tag);

  // Zones whose rollover waits for what their parent shows, when the policy says who to ask.
  struct ParentQuestion {
    dns::Name apex;
    std::vector<Endpoint> servers;
    seconds interval;
  };
  std::vector<ParentQuestion> parent_questions() const;
  // What each of these servers answered: if it is what the rollover waits for, ds_seen() follows.
  // Returns, for people, what was found.
  std::string parent_answers(const dns::Name& apex, const std::vector<transfer::DsAnswer>& answers);

  // What is being signed is given up.  Idempotent.
  void stop();

 private:
  struct Entry;

  Entry* find(const dns::Name& apex) const;
  bool is_inline(const Entry& entry) const;
  SigningTask make_task(Entry& entry);
  void run(const std::shared_ptr<Entry>& entry, unsigned threads);
  void take(Entry& entry);
  void keep_copy(const Entry& entry);
  bool save(Entry& entry);
  void queue(const std::shared_ptr<Entry>& entry);
  std::optional<MonoTime> tick();
  void note_clock();
  void wake();
  KeyCommandResult change_states(
      const dns::Name& apex,
      const std::function<KeyCommandResult(Entry&, std::vector<dnssec::KeyState>&)>& change);
  std::vector<std::uint8_t> sign_routed(const answer::SignRequest& request, WallTime* renew_at);
  struct Renewal {
    WallTime due;
    WallTime latest;  // from then on it waits for nobody
  };
  // Of signatures by the keys of today; nullopt: they are not.
  std::optional<Renewal> renewal_of(const answer::SignRequest& request,
                                    const dns::RrsetView& signatures) const;
  static SigningStatus status_of(const Entry& entry);

  const Clock& clock_;
  const std::function<void(const dns::Name&)> on_ready_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> signatures_made_{0};

  mutable std::mutex mutex_;  // guards all below but the loop
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  std::string copy_dir_;
  std::uint32_t routed_ttl_s_ = 0;
  std::shared_ptr<const RoutedTypes> routed_types_;
  std::unordered_map<std::string, std::unique_ptr<dnssec::RrsetSigner>> routed_signers_;
  MonoTime inline_since_;  // small zones may take so much of the planning thread in a while
  std::chrono::nanoseconds inline_spent_{0};
  MonoTime next_look_;
  MonoTime last_mono_;
  WallTime last_wall_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace gslb::control
