// Which version of every zone is served, and how it came to be.
//
// Source: RFC 1982 (serials), RFC 8914 4.15 and 4.25 (why a zone can't be answered from).
//
// Per zone: authored (its file, or the copy a transfer delivered; routes bound) → + ACME tokens →
// stage (signing, if a policy says so) → served.  Its version is also of what secondaries get for
// its routed owners.  Whatever changes one of them goes through here,
// so the serial only grows, listeners (journal, NOTIFY) see every version once and in order, and
// one zone's fault leaves the others alone.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"
#include "gslb/control/acme_tokens.h"
#include "gslb/control/zone_files.h"
#include "gslb/transfer/exported_zone.h"
#include "gslb/zone/derive.h"
#include "gslb/zone/zone_set.h"

namespace gslb::control {

using ZonePtr = std::shared_ptr<const zone::Zone>;

// What the stage gets.  References are valid during the call.
struct StageInput {
  const dns::Name& apex;
  const ZonePtr& source;       // authored, routes bound
  const ZonePtr& previous;     // served now; null: nothing yet
  bool source_changed = true;  // `previous` was made from something else, or is null
  std::uint32_t serial = 0;    // for the SOA of the result, when it isn't `previous` or `source`
};

// The served form of `source`: `source` itself when the zone isn't to be touched, `previous` when
// nothing has changed.  The error, one line for people, leaves `previous` served (a zone without
// one is not ready).  Called on the planning thread.
using ZoneStage = std::function<Result<ZonePtr, std::string>(const StageInput&)>;

struct ZoneChange {
  dns::Name apex;
  ZonePtr old;  // null: the zone is new.  May be without data (state()).
  ZonePtr now;  // null: the zone is gone.  May be without data.
};
using ZoneListener = std::function<void(const ZoneChange&)>;

enum class ZoneKind : std::uint8_t { kPrimary, kSecondary };

struct ZoneStatus {
  dns::Name apex;
  ZoneKind kind = ZoneKind::kPrimary;
  zone::ZoneState state = zone::ZoneState::kServed;
  bool is_signed = false;     // has a DNSKEY
  bool is_presigned = false;  // ... that was authored
  std::uint32_t serial = 0;   // served
  std::uint32_t authored_serial = 0;
  std::size_t records = 0;
  std::size_t routes = 0;
  std::string source;   // the file, or what deliver() said
  WallTime since;       // when this version came to be served
  std::string problem;  // the last one, until a version without
};

// What an operator asked for can't be done, for people.
struct Refusal {
  std::string what;
  std::string hint;
};

// All changes on the planning thread; what says so from any thread.
class ZoneStore {
 public:
  ZoneStore();
  ~ZoneStore();
  ZoneStore(const ZoneStore&) = delete;
  ZoneStore& operator=(const ZoneStore&) = delete;

  // Before the first adopt().
  void set_stage(ZoneStage stage) { stage_ = std::move(stage); }
  void add_listener(ZoneListener listener) { listeners_.push_back(std::move(listener)); }

  // What secondaries have at routed owners, by route of the table at work; seen by the next
  // adopt(). In a zone nobody signs they are no records, but another content all the same: its
  // serial grows when they change, across restarts too if the state is kept.
  void set_static_answers(std::shared_ptr<const transfer::StaticAnswers> statics) {
    statics_ = std::move(statics);
  }
  // The zones of a configuration take the place of those before; copies delivered for zones it
  // still names stay, with the routes it gives them.
  void adopt(std::shared_ptr<const ZoneTable> table);
  const std::shared_ptr<const ZoneTable>& table() const noexcept { return table_; }
  // One zone's file was read anew: `row` is of reload_zone().  A zone that the configuration does
  // not name is left alone.
  void adopt_row(ZoneTable::Row row);
  // A zone's last reading failed, `problem` says how; what is served stays.
  void note_problem(const dns::Name& apex, std::string problem);

  // A secondary zone's new copy, without routes or with those of authored(); false when no such
  // zone is configured or its data come from a file.
  bool deliver(const dns::Name& apex, const ZonePtr& copy, std::string source);
  // Its copy is too old to answer from (RFC 1035 3.3.13).
  void expire(const dns::Name& apex);
  // Zones without a file that `catalog` (or another owner of the list) names now.  One that the
  // configuration or an earlier list names already is not taken.
  void set_members(const dns::Name& catalog, std::vector<dns::Name> members);
  // Runs the stage again: keys or times have come.
  void restage(const dns::Name& apex);

  // Any thread.  Puts `text` at acme_owner(`name`), or where its CNAMEs lead in our zones, until
  // `expires`; one that is there already gets that time.  Answers have it after run_tokens().
  Result<AcmeToken, Refusal> set_token(std::string_view name, std::string text, WallTime expires);
  // Any thread.  How many there were; gone from answers after run_tokens().
  std::size_t clear_tokens(std::string_view name);
  // Any thread.  In the order set.
  std::vector<AcmeToken> tokens() const;
  std::optional<WallTime> next_token_expiry() const;
  // Drops what has expired and serves the zones whose tokens have changed anew.
  void run_tokens(WallTime now);

  // What to keep across restarts; restore before the first adopt().
  SavedZones save() const;
  void restore(SavedZones saved);
  // True once after save() has changed.
  bool take_unsaved() noexcept { return is_unsaved_.exchange(false); }

  // Any thread.  Null when there is no such zone, or nothing of it.
  ZonePtr served(const dns::Name& apex) const;
  ZonePtr authored(const dns::Name& apex) const;
  // Any thread.
  std::vector<ZoneStatus> status() const;
  std::optional<ZoneStatus> status(const dns::Name& apex) const;

  // All that is served.  The same pointer until something changes.
  std::shared_ptr<const zone::ZoneSet> zones();
  bool has_changes() const noexcept { return !changes_.empty(); }
  // Tells the listeners what has changed since the last call: after zones() is published.
  void notify();

 private:
  struct Place;  // of one zone

  std::unique_ptr<Place> make_place(ZoneTable::Row row);
  std::uint32_t position(const dns::Name& apex) const;
  Place* find(const dns::Name& apex) const;
  void rebuild_places();
  void run(Place& place, bool restage);
  // `with`: the keys of its tokens.
  ZonePtr make_served(Place& place, bool changed, const std::vector<std::string>& with,
                      std::string& problem);
  std::uint64_t statics_of(const Place& place) const;
  std::optional<std::uint32_t> last_serial(const Place& place) const;
  zone::Derivation with_tokens(const Place& place) const;
  Result<std::pair<dns::Name, const Place*>, Refusal> find_token_place(dns::Name owner) const;
  const Place* closest_place(const dns::Name& name) const;
  void put(Place& place, ZonePtr now, std::string problem);
  static ZoneStatus status_of(const Place& place);

  ZoneStage stage_;
  std::vector<ZoneListener> listeners_;
  std::shared_ptr<const ZoneTable> table_;
  std::shared_ptr<const transfer::StaticAnswers> statics_;  // null: none
  std::map<std::string, std::vector<dns::Name>> members_;   // by key of the catalog
  std::vector<ZoneChange> changes_;
  std::shared_ptr<const zone::ZoneSet> zones_;  // null: to be made

  mutable std::mutex mutex_;  // guards what status() reads against the planning thread's writes
  std::vector<std::unique_ptr<Place>> places_;
  NameIndex by_apex_;  // of places_
  std::vector<AcmeToken> tokens_;
  std::unordered_map<std::string, std::uint32_t> saved_serials_;  // until a zone is first served
  std::unordered_map<std::string, SavedZones::Statics> saved_statics_;  // the same
  std::atomic<bool> is_unsaved_{false};
};

}  // namespace gslb::control
