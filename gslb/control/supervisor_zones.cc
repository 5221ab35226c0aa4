// Changes of single zones: what runs on the planning thread for them, and their publication.
#include <cerrno>
#include <cstring>

#include "gslb/base/file.h"
#include "gslb/base/log.h"
#include "gslb/control/static_answers.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

// Other geo data may change static answers, which are part of every zone with routes.
void Supervisor::take_over_zones(Compiled& compiled) {
  const steer::CostModel costs(compiled.config, *compiled.services);
  auto statics = static_answers(compiled, costs);
  if (!statics_ || *statics_ != statics) {
    statics_ = std::make_shared<const transfer::StaticAnswers>(std::move(statics));
  }
  zone_store_.set_static_answers(statics_);
  const std::vector<dns::Name> signed_zones = configure_signing(compiled);
  zone_store_.adopt(compiled.table ? std::exchange(compiled.table, nullptr) : zone_store_.table());
  for (const dns::Name& apex : signed_zones) { zone_store_.restage(apex); }
  ZoneTransfers::deliver_catalogs(compiled.config, zone_store_, moment().wall);
  compiled.zones = nullptr;  // a version no longer served must not stay in memory
}

void Supervisor::with_zones(std::function<void(ZoneStore&)> task) {
  planning_loop_->post([this, task = std::move(task)] {
    task(zone_store_);
    publish_zones_soon();
  });
}

// Planning thread.  Changes that are queued already come into the same snapshot.
void Supervisor::publish_zones_soon() {
  if (zones_posted_ || !zone_store_.has_changes()) { return; }
  zones_posted_ = true;
  planning_loop_->post([this] { publish_zones(); });
}

// Planning thread.
void Supervisor::publish_zones() {
  zones_posted_ = false;
  auto zones = zone_store_.zones();
  const auto [epoch, before] = loop_->call([this] { return std::pair(epoch_, zones_); });
  const bool is_new = zones != before;
  if (is_new) { make_routed_sets(*epoch->compiled, *zones); }
  loop_->call([&] {
    if (!is_new) { return; }
    zones_ = std::move(zones);
    trim_wanted_ = true;
    set_routed_sets();
    if (snapshot_ && !stopping_) { publish(*epoch_, snapshot_->map); }
  });
  zone_store_.notify();
  save_zones();
}

Result<AcmeToken, Refusal> Supervisor::set_token(std::string_view name, std::string text,
                                                 milliseconds lasts) {
  auto token = zone_store_.set_token(name, std::move(text), moment().wall + lasts);
  if (token) {
    log_info("acme", "token set",
             {{"owner", token->owner.to_string()}, {"zone", token->apex.to_string()}});
    run_tokens();
  }
  return token;
}

std::size_t Supervisor::clear_tokens(std::string_view name) {
  const std::size_t count = zone_store_.clear_tokens(name);
  if (count > 0) { run_tokens(); }
  return count;
}

void Supervisor::run_tokens() {
  planning_loop_->post([this] {
    zone_store_.run_tokens(moment().wall);
    publish_zones();
    loop_->post([this] { tokens_posted_ = false; });
  });
}

// Planning thread.
void Supervisor::save_zones() {
  if (!zone_store_.take_unsaved()) { return; }
  const std::string path = loop_->call([this] { return state_file("zones.json"); });
  if (path.empty()) { return; }
  if (!write_file_atomically(path, write_zone_state(zone_store_.save()))) {
    log_warning("state", "can't be saved", {{"file", path}, {"error", std::strerror(errno)}});
  }
}

void Supervisor::restore_zones() {
  const std::string path = state_file("zones.json");
  const auto text = path.empty() ? std::nullopt : read_file(path);
  if (!text) { return; }
  Problems problems;
  zone_store_.restore(parse_zone_state(*text, problems));
  for (const Problem& problem : problems.list()) {
    log_warning("state", problem.to_string(), {{"file", path}});
  }
}

}  // namespace gslb::control
