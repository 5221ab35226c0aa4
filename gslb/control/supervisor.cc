#include "gslb/control/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include <malloc.h>

#include "gslb/base/file.h"
#include "gslb/base/log.h"
#include "gslb/control/dns_handler.h"
#include "gslb/control/learnt.h"
#include "gslb/control/version.h"

namespace gslb::control {
namespace {

constexpr seconds kSaveInterval{10};
constexpr milliseconds kReclaimInterval{500};
constexpr seconds kTrimInterval{1};  // it looks at every page of the heap

void write_state(const std::string& path, const std::string& text) {
  if (!write_file_atomically(path, text)) {
    log_warning("state", "can't be saved", {{"file", path}, {"error", std::strerror(errno)}});
  }
}

// A folder that is not there is made, as other servers do; one that can't be is told of at the
// start, not when the first state is lost.
void make_state_folder(const std::string& folder) {
  if (const std::error_code failure = make_folder(folder)) {
    log_warning("state", "can't make state_dir: nothing will survive a restart",
                {{"folder", folder}, {"error", failure.message()}});
  }
}

server::ServerOptions server_options(const Compiled& compiled, unsigned workers) {
  const config::Server& from = compiled.config.server;
  server::ServerOptions options;
  options.listen = from.listen;
  options.listen_tls = from.listen_tls;
  options.tls = compiled.tls;
  options.workers = workers;
  options.tcp.idle = milliseconds(from.tcp_idle_ms);
  options.tcp.connections = from.tcp_clients;
  options.tcp.per_client = from.tcp_per_client;
  options.proxies = PrefixSet(from.proxy_from);
  return options;
}

}  // namespace

Supervisor::Supervisor(std::string config_file, std::shared_ptr<Compiled> compiled,
                       std::function<void()> on_fatal)
    : config_file_(std::move(config_file)),
      on_fatal_(std::move(on_fatal)),
      started_(std::chrono::system_clock::now()),
      order_book_(compiled->config.server.state_dir),
      signer_(clock_, [this](const dns::Name& apex) {
        with_zones([apex](ZoneStore& store) { store.restage(apex); });
      }) {
  const fleet::Moment now = moment();
  const unsigned configured = compiled->config.server.workers;
  workers_ = configured > 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < workers_; ++i) {
    counters_.push_back(std::make_unique<answer::AnswerCounters>());
  }
  epoch_ = std::make_shared<Epoch>(compiled, workers_, now.mono);
  compact_ = std::make_shared<answer::CompactDenials>(compiled->config.server.compact_names);
  restore_zones();
  zone_store_.set_stage([this](const StageInput& input) { return signer_.stage(input); });
  take_over_zones(*compiled);
  secondaries_.adopt(*compiled->secondary);
  secondaries_.restore(zone_store_);
  zones_ = zone_store_.zones();
  make_routed_sets(*compiled, *zones_);
  set_routed_sets();
  zone_store_.add_listener([this](const ZoneChange& change) { transfers_.on_change(change); });
  transfers_.adopt(compiled->config, statics_, *zones_);
  transfers_.services().notify = [this](Octets message, const Address& from,
                                        const transfer::TsigKey* key, MutableOctets out) {
    return secondaries_.notify_box().answer(message, from, key, out);
  };
  transfers_.services().expires = [this](const dns::Name& apex) {
    return secondaries_.expires(apex);
  };
  fleet_ = std::make_unique<fleet::FleetState>(compiled->fleet, now);
  observer_ = std::make_unique<Observer>(*compiled, workers_, now);
  restore_state();
  if (const std::string path = state_file(kRttFile); !path.empty()) { restore_rtt(*epoch_, path); }
  if (const std::string path = state_file(kLearntFile); !path.empty()) {
    restore_learnt(*epoch_, path);
  }
  billing_.configure(compiled->config);
  if (const auto text = read_file(state_file(kCommitFile))) { billing_.read(*text); }
  recorder_.begin(*epoch_, started_);
  next_plan_ = now.mono;
  next_save_ = now.mono + kSaveInterval;
  next_rtt_save_ = now.mono + kRttSaveInterval;
  next_geo_look_ = now.mono + milliseconds(compiled->config.geo.watch_interval_ms);
  planning_loop_ = std::make_unique<Loop>();
  loop_ = std::make_unique<Loop>([this] { return on_wake(); });
  // Before those that may wake the loop.
  monitors_ = std::make_unique<monitor::Monitors>(
      [this](fleet::MonitorResult result) { take_result(std::move(result)); });
  monitors_->configure(monitor::targets(*compiled->monitors, *compiled->fleet));
  signer_.start();
  parent_checker_ = std::make_unique<ParentChecker>(signer_);
  secondaries_.start([this](auto task) { with_zones(std::move(task)); });
  loop_->post([] {});  // the first wake
}

Supervisor::~Supervisor() { stop(); }

fleet::Moment Supervisor::moment() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

HeartbeatAnswer Supervisor::heartbeat(const fleet::HeartbeatHeaders& headers,
                                      std::string_view body) {
  return loop_->call([&] {
    const fleet::Moment now = moment();
    HeartbeatAnswer answer{fleet::handle_heartbeat(*fleet_, headers, body, now), "", ""};
    if (answer.handled.verdict != fleet::HeartbeatVerdict::kAccepted) { return answer; }
    const fleet::Report& report = answer.handled.report;
    const fleet::Orders orders{observer_->hear(*epoch_->compiled, report, now),
                               order_book_.hear(report, now.wall)};
    if (orders.empty()) { return answer; }
    const fleet::FleetModel& model = fleet_->model();
    const std::string& key = model.cluster(model.find_cluster(headers.cluster)).key;
    answer.orders = fleet::write_orders(orders);
    answer.signature = fleet::sign_orders(key, headers.time, answer.orders);
    return answer;
  });
}

Status Supervisor::status() {
  return loop_->call([this] {
    const fleet::Moment now = moment();
    fleet_->tick(now);
    const Compiled& compiled = *epoch_->compiled;
    Status status;
    status.version = kVersion;
    status.config_file = config_file_;
    status.started = started_;
    status.now = now.wall;
    status.ready = ready();
    status.generation = generation_;
    if (server_) { status.listen = server_->endpoints(); }
    status.zones = zones_->zones().size();
    for (const auto& zone : zones_->zones()) { status.records += zone->record_count(); }
    status.routes = compiled.services->routes.size();
    status.units = compiled.geo->units().size();
    status.leaves = compiled.geo->leaf_count();
    status.attributions = compiled.geo->attributions();
    status.compiled = epoch_->compiled;
    status.clusters = fleet_->status(now.mono);
    status.groups = fleet_->group_status();
    status.suspicion = fleet_->suspicion_status();
    status.services = fleet_->service_status();
    status.events.assign(fleet_->events().begin(), fleet_->events().end());
    status.plan = plan_summary_;
    status.reload = reload_;
    return status;
  });
}

metrics::Input Supervisor::metrics() {
  return loop_->call([this] {
    const fleet::Moment now = moment();
    fleet_->tick(now);
    metrics::Input input;
    input.signing = signer_.status();
    input.signatures_made = signer_.signatures_made();
    input.version = kVersion;
    input.started = started_;
    input.ready = ready();
    if (ready()) {
      for (unsigned i = 0; i < workers_; ++i) {
        input.answers.push_back(counters_[i].get());
        input.servers.push_back(&server_->counters(i));
      }
    }
    input.snapshot = snapshot_;
    if (epoch_->compiled->tls) { input.tls_not_after = epoch_->compiled->tls->not_after(); }
    input.clusters = fleet_->status(now.mono);
    input.groups = fleet_->group_status();
    input.monitors = fleet_->monitor_status();
    input.suspicion = fleet_->suspicion_status();
    input.services = fleet_->service_status();
    for (std::size_t i = 0; i < fleet::kHeartbeatVerdicts; ++i) {
      input.heartbeats[i] = fleet_->heartbeats(static_cast<fleet::HeartbeatVerdict>(i));
    }
    input.transfers = &transfers_.outgoing();
    input.notifier = &transfers_.notifier();
    input.plan = plan_summary_;
    input.samples_lost = observer_->samples_lost();
    input.probes = observer_->probe_figures();
    input.beacons = observer_->beacon_figures();
    input.plans = plans_;
    input.last_plan_duration_s = last_plan_duration_s_;
    input.last_plan_at = last_plan_at_;
    input.reloads_succeeded = reloads_succeeded_;
    input.reloads_failed = reloads_failed_;
    input.last_reload_succeeded = reload_.succeeded;
    input.kept_zones = reload_.kept_zones;
    input.secondaries = secondaries_.figures();
    if (reloads_succeeded_ + reloads_failed_ > 0) { input.last_reload_at = reload_.finished; }
    return input;
  });
}

std::size_t Supervisor::set_admin(const std::string& glob, fleet::AdminState state,
                                  std::string reason, std::optional<milliseconds> lasts) {
  return loop_->call([&] {
    const std::size_t named = fleet_->set_admin(glob, state, std::move(reason), lasts, moment());
    log_info("admin", "state set",
             {{"target", glob}, {"state", fleet::to_string(state)}, {"matched", named}});
    save_state();
    return named;
  });
}

std::optional<answer::Explanation> Supervisor::explain(const answer::ExplainRequest& request) {
  std::shared_ptr<Epoch> epoch;
  std::shared_ptr<const answer::Snapshot> snapshot;
  std::vector<fleet::ClusterStatus> clusters;
  std::optional<steer::PlanSummary> plan;
  loop_->call([&] {
    epoch = epoch_;
    snapshot = snapshot_;
    plan = plan_summary_;
    clusters = fleet_->status(moment().mono);
  });
  // A reload that is not yet planned: the old snapshot has other indexes than the new costs.
  if (!snapshot || !plan || snapshot->services != epoch->compiled->services) {
    return std::nullopt;
  }
  answer::Explanation made = answer::explain(*snapshot, epoch->costs, plan->price_ms, request);
  answer::add_fleet(*snapshot, clusters, *plan, made);
  return made;
}

void Supervisor::stop() {
  if (!loop_) { return; }
  loop_->call([this] { stopping_ = true; });
  parent_checker_->stop();
  monitors_->stop();
  signer_.stop();
  planning_loop_->stop();
  secondaries_.stop();
  loop_->call([this] {
    ready_ = false;
    if (server_) { server_->stop(); }
    compact_signer_.reset();
    const std::string path = state_file();
    if (!path.empty()) { write_state(path, fleet_->save_state(std::chrono::system_clock::now())); }
    if (!path.empty()) { save_rtt(*epoch_, state_file(kRttFile)); }
    if (!path.empty() && !billing_.empty()) {
      save_commitments(billing_.write(), state_file(kCommitFile));
    }
    if (!path.empty()) { save_learnt(*epoch_, fleet_view(*fleet_), state_file(kLearntFile)); }
  });
  loop_->stop();
  loop_.reset();
}

std::optional<MonoTime> Supervisor::on_wake() {
  const fleet::Moment now = moment();
  fleet_->tick(now);
  monitors_->hasten(fleet_->take_urgent());
  note_suspicion();
  note_serving_changes();
  const config::Config& config = epoch_->compiled->config;
  if (!planning_ && !stopping_ && (plan_wanted_ || now.mono >= next_plan_) &&
      fleet_->first_round_complete(now.mono)) {
    start_plan(now.mono);
  }
  if (now.mono >= next_save_) {
    save_state();
    next_save_ = now.mono + kSaveInterval;
  }
  if (config.geo.watch_interval_ms > 0 && now.mono >= next_geo_look_) {
    look_at_geo_files();
    next_geo_look_ = now.mono + milliseconds(config.geo.watch_interval_ms);
  }
  if (now.wall >= renew_routed_at_) {
    renew_routed_at_ = WallTime::max();
    planning_loop_->post([this] { renew_routed_sets(); });
  }
  const auto next_reclaim = reclaim(now.mono);
  const auto token_expiry = zone_store_.next_token_expiry();
  if (token_expiry && *token_expiry <= now.wall && !tokens_posted_ && !stopping_) {
    tokens_posted_ = true;
    run_tokens();
  }

  std::optional<MonoTime> wake = next_save_;
  const auto sooner = [&wake](MonoTime at) { wake = std::min(*wake, at); };
  if (const auto deadline = fleet_->next_deadline()) { sooner(*deadline); }
  if (config.geo.watch_interval_ms > 0) { sooner(next_geo_look_); }
  if (next_reclaim) { sooner(*next_reclaim); }
  if (token_expiry && !tokens_posted_) { sooner(now.mono + (*token_expiry - now.wall)); }
  if (renew_routed_at_ < now.wall + kSaveInterval) {
    sooner(now.mono + (renew_routed_at_ - now.wall));
  }
  if (!planning_) { sooner(std::max(next_plan_, now.mono + milliseconds(50))); }
  return wake;
}

// A snapshot that was replaced may hold a million records: it isn't left for the next event.  What
// then is free goes back to the system: glibc would hold on to it.
std::optional<MonoTime> Supervisor::reclaim(MonoTime now) {
  if (published_ && published_->reclaim() > 0) { return now + kReclaimInterval; }
  if (!trim_wanted_ || stopping_) { return std::nullopt; }
  if (now < next_trim_) { return next_trim_; }
  trim_wanted_ = false;
  next_trim_ = now + kTrimInterval;
  // Behind the reload, which holds the epoch before.
  planning_loop_->post([] { ::malloc_trim(0); });
  return std::nullopt;
}

// A cluster that comes or goes changes the plan at once; until the new plan is there, workers mask
// with the health words.
void Supervisor::note_serving_changes() {
  std::vector<bool> serving = fleet_->serving();
  if (serving != serving_) {
    serving_ = std::move(serving);
    plan_wanted_ = true;
  }
}

void Supervisor::start_server() {
  compact_signer_ = std::make_unique<CompactSigner>(
      workers_, epoch_->compiled->config.server.compact_signatures, *published_, compact_,
      signer_.routed_signing(&compact_renew_at_).sign);
  server_ = std::make_unique<server::Server>(
      server_options(*epoch_->compiled, static_cast<unsigned>(workers_)), [this](unsigned worker) {
        return std::make_unique<DnsHandler>(
            *published_, worker, *counters_[worker], transfers_.services(),
            Lanes{compact_signer_->lane(worker), observer_->lane(worker)});
      });
  const Problems problems = server_->start();
  for (const Problem& problem : problems.list()) { log_error("server", problem.to_string()); }
  if (problems.has_errors()) {
    server_.reset();
    stopping_ = true;
    on_fatal_();
    return;
  }
  for (const Endpoint& endpoint : server_->endpoints()) {
    log_info("server", "answering", {{"address", endpoint.to_string()}, {"workers", workers_}});
  }
  for (const Endpoint& endpoint : server_->tls_endpoints()) {
    log_info("server", "answering over TLS", {{"address", endpoint.to_string()}});
  }
  ready_.store(true, std::memory_order_release);
  trim_wanted_ = true;
  planning_loop_->post([this] { zone_store_.notify(); });
}

std::string Supervisor::state_file(const char* name) const {
  const std::string& folder = epoch_->compiled->config.server.state_dir;
  return folder.empty() ? "" : folder + '/' + name;
}

void Supervisor::restore_state() {
  const std::string path = state_file();
  if (path.empty()) { return; }
  const auto text = read_file(path);
  if (!text) {
    log_info("state", "no saved state", {{"file", path}});
    make_state_folder(epoch_->compiled->config.server.state_dir);
    return;
  }
  Problems problems;
  fleet_->restore_state(*text, moment(), problems);
  for (const Problem& problem : problems.list()) {
    log_warning("state", problem.to_string(), {{"file", path}});
  }
}

// The disk may take seconds: were the loop to wait for it, heartbeats would queue behind and
// deadlines pass.  The planning thread writes, so that files follow each other in order.
void Supervisor::save_state() {
  const std::string path = state_file();
  if (path.empty()) { return; }
  planning_loop_->post([path, text = fleet_->save_state(std::chrono::system_clock::now())] {
    write_state(path, text);
  });
}

}  // namespace gslb::control
