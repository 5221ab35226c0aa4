#include "gslb/control/zone_secondaries.h"

#include <algorithm>

#include "gslb/base/file.h"
#include "gslb/base/log.h"

namespace gslb::control {
namespace {

using transfer::PrimaryList;

std::int64_t whole_seconds(std::int64_t ms) { return (ms + 999) / 1000; }

transfer::RefreshPolicy policy_of(const config::Secondary& from) {
  return {.min_refresh = seconds(whole_seconds(from.min_refresh_ms)),
          .max_refresh = seconds(whole_seconds(from.max_refresh_ms)),
          .min_retry = seconds(whole_seconds(from.min_retry_ms)),
          .max_retry = seconds(whole_seconds(from.max_retry_ms))};
}

// Remotes as primaries, each made once: the TLS context of one is shared by all its zones.
class Primaries {
 public:
  Primaries(const config::Config& config, const transfer::Keyring& keys, Problems& problems)
      : config_(config), keys_(keys), problems_(problems) {}

  transfer::Source source(const std::vector<LocatedString>& ids,
                          std::vector<config::AccessRule> notify) {
    transfer::Source made;
    for (const LocatedString& id : ids) {
      const PrimaryList& list = primaries(id.text);
      made.primaries.insert(made.primaries.end(), list.begin(), list.end());
      config::AccessRule rule;
      rule.at = id.at;
      rule.remote = id.text;
      notify.push_back(std::move(rule));
    }
    made.notify = std::make_shared<const transfer::AccessList>(notify, config_.remotes, keys_);
    return made;
  }

 private:
  const PrimaryList& primaries(const std::string& id) {
    const auto [at, is_new] = made_.try_emplace(id);
    const config::Remote* const remote = transfer::find_remote(config_.remotes, id);
    if (!is_new || remote == nullptr) { return at->second; }
    auto tls = remote->tls ? transfer::TlsClient::make(*remote, problems_) : nullptr;
    for (const Endpoint& address : remote->addresses) {
      auto primary = std::make_shared<transfer::Primary>();
      primary->remote = id;
      primary->address = address;
      if (const auto name = dns::Name::parse(remote->key); !remote->key.empty() && name) {
        if (const transfer::TsigKey* key = keys_.find(*name)) { primary->key = *key; }
      }
      primary->tls = tls;
      primary->source = remote->source;
      at->second.push_back(std::move(primary));
    }
    return at->second;
  }

  const config::Config& config_;
  const transfer::Keyring& keys_;
  Problems& problems_;
  std::map<std::string, PrimaryList> made_;
};

std::string copy_folder(const config::Config& config, bool is_needed, Problems& problems) {
  const std::string& state = config.server.state_dir;
  if (!is_needed) { return {}; }
  if (state.empty()) {
    problems.warning({config.file, 0, 0},
                     "secondary zones are not kept across restarts without a state_dir",
                     "set state_dir in [server]");
    return {};
  }
  return state + "/secondary";
}

void apply_events(ZoneStore& store, const std::vector<transfer::SecondaryEvent>& events) {
  using Kind = transfer::SecondaryEvent::Kind;
  for (const transfer::SecondaryEvent& event : events) {
    switch (event.kind) {
      case Kind::kDeliver:
        store.deliver(event.apex, event.zone, event.source);
        break;
      case Kind::kExpire:
        store.expire(event.apex);
        break;
      case Kind::kMembers:
        store.set_members(event.apex, event.members);
        break;
    }
  }
}

}  // namespace

std::shared_ptr<const SecondarySetup> make_secondary_setup(const config::Config& config,
                                                           Problems& problems) {
  const std::size_t errors = problems.error_count();
  auto setup = std::make_shared<SecondarySetup>();
  auto keys = std::make_shared<const transfer::Keyring>(config.keys, problems);
  auto made = std::make_shared<transfer::SecondaryConfig>();
  Primaries primaries(config, *keys, problems);
  const bool is_secondary = std::ranges::any_of(
      config.zones, [](const auto& zone) { return !zone.secondary->primaries.empty(); });
  for (const config::Zone& zone : config.zones) {
    const auto apex = dns::Name::parse(zone.name.text);
    if (!apex) { continue; }  // reported with the zone
    if (is_secondary) { made->configured.insert(apex->lower()); }
    const config::ZoneSecondary& from = *zone.secondary;
    if (from.primaries.empty()) { continue; }
    transfer::SecondaryZone secondary;
    secondary.apex = apex->lower();
    secondary.source = primaries.source(from.primaries, from.allow_notify);
    secondary.is_catalog = from.is_catalog;
    if (from.is_catalog) {
      secondary.members =
          primaries.source(from.member_primaries.empty() ? from.primaries : from.member_primaries,
                           from.allow_notify);
      for (const config::MemberGroup& group : from.groups) {
        secondary.groups.emplace(group.name.text,
                                 primaries.source(group.primaries, from.allow_notify));
      }
    }
    made->zones.push_back(std::move(secondary));
  }
  const config::Secondary& limits = config.secondary;
  made->policy = policy_of(limits);
  made->limits = {.max_records = static_cast<std::uint64_t>(limits.max_records),
                  .max_octets = static_cast<std::uint64_t>(limits.max_octets)};
  made->step = milliseconds(limits.timeout_ms);
  made->all = milliseconds(limits.max_time_ms);
  made->transfers = limits.transfers;
  made->folder = copy_folder(config, !made->zones.empty(), problems);
  if (problems.error_count() != errors) { return nullptr; }
  setup->config = std::move(made);
  setup->keys = std::move(keys);
  return setup;
}

ZoneSecondaries::ZoneSecondaries()
    : secondaries_([this](Events events) { take(std::move(events)); }) {}
ZoneSecondaries::~ZoneSecondaries() { stop(); }

void ZoneSecondaries::adopt(const SecondarySetup& setup) {
  const std::string& folder = setup.config->folder;
  const std::error_code failure = folder.empty() ? std::error_code() : make_folder(folder);
  if (failure) {
    log_error("transfer", "can't make the folder of secondary zones' copies",
              {{"folder", folder}, {"error", failure.message()}});
  }
  secondaries_.configure(setup.config, setup.keys);
}

void ZoneSecondaries::take(Events events) {
  const std::lock_guard lock(mutex_);
  if (!post_) {
    waiting_.insert(waiting_.end(), std::make_move_iterator(events.begin()),
                    std::make_move_iterator(events.end()));
    return;
  }
  post_([events = std::move(events)](ZoneStore& store) { apply_events(store, events); });
}

metrics::SecondaryFigures ZoneSecondaries::figures() {
  metrics::SecondaryFigures figures;
  for (const transfer::SecondaryStatus& zone : secondaries_.status()) {
    switch (zone.state) {
      case transfer::Refresh::State::kEmpty:
        ++figures.empty;
        break;
      case transfer::Refresh::State::kCurrent:
        ++figures.current;
        break;
      case transfer::Refresh::State::kExpired:
        ++figures.expired;
        break;
    }
    if (!zone.last_error.empty()) { ++figures.failing; }
  }
  figures.fetches = secondaries_.counts();
  for (std::size_t i = 0; i < transfer::kNotifyVerdicts; ++i) {
    figures.notifies[i] = notify_box().count(static_cast<transfer::NotifyVerdict>(i));
  }
  return figures;
}

void ZoneSecondaries::restore(ZoneStore& store) {
  const std::lock_guard lock(mutex_);
  apply_events(store, std::exchange(waiting_, {}));
}

void ZoneSecondaries::start(Post post) {
  const std::lock_guard lock(mutex_);
  post_ = std::move(post);
  if (waiting_.empty()) { return; }
  post_([events = std::exchange(waiting_, {})](ZoneStore& store) { apply_events(store, events); });
}

}  // namespace gslb::control
