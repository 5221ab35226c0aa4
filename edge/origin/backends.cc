#include "edge/origin/backends.h"

#include <algorithm>
#include <cmath>

#include "gslb/base/hash.h"
#include "gslb/base/log.h"

namespace edge::origin {
namespace {

// Retries that are free: an origin with little traffic may be tried again at all.
constexpr double kRetryReserve = 10;

}  // namespace

Backends::Backends(const config::Origin& origin)
    : origin_(origin),
      ejection_{origin.failover.eject_after, gslb::milliseconds(origin.failover.eject_ms),
                gslb::milliseconds(origin.failover.eject_max_ms)},
      servers_(origin.servers.size()),
      retry_tokens_(kRetryReserve) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    servers_[i].figures.url = origin.servers[i].url.to_string();
    servers_[i].id_hash = gslb::hash_text(servers_[i].figures.url);
  }
}

bool Backends::is_full(std::size_t server) const {
  const std::uint32_t bound = origin_.servers[server].max_connections;
  return bound > 0 && servers_[server].in_flight >= bound;
}

bool Backends::has_room() const {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (!is_full(i)) { return true; }
  }
  return false;
}

// Those that are well, else the backups that are, else whoever has not been tried.
Backends::Candidates Backends::candidates(const Wanted& wanted, gslb::MonoTime now) const {
  using State = ServerHealth::State;
  Candidates found;
  for (const bool backup : {false, true}) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const State state = servers_[i].health.state(now);
      const bool is_tried = (wanted.tried >> i & 1) != 0;
      const bool is_well = state == State::kUp || state == State::kTrial;
      if (origin_.servers[i].backup == backup && is_well && !is_tried) { found.push_back(i); }
    }
    if (!found.empty()) { return found; }
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if ((wanted.tried >> i & 1) == 0) { found.push_back(i); }
  }
  return found;
}

std::size_t Backends::by_turns(const Candidates& among) {
  std::int64_t total = 0;
  std::size_t best = among.front();
  for (const std::size_t i : among) {
    const std::int64_t weight = origin_.servers[i].weight;
    servers_[i].credit += weight;
    total += weight;
    if (servers_[i].credit > servers_[best].credit) { best = i; }
  }
  servers_[best].credit -= total;
  return best;
}

std::size_t Backends::by_hash(const Candidates& among, std::uint64_t hash) const {
  std::size_t best = among.front();
  double best_score = -1;
  for (const std::size_t i : among) {
    // In (0, 1): 53 bits, and a half so that it is never 0.
    const std::uint64_t mixed = gslb::hash_combine(servers_[i].id_hash, hash);
    const double draw = (static_cast<double>(mixed >> 11) + 0.5) * 0x1p-53;
    const double score = -static_cast<double>(origin_.servers[i].weight) / std::log(draw);
    if (score > best_score) {
      best_score = score;
      best = i;
    }
  }
  return best;
}

std::size_t Backends::balance(const Candidates& among, const Wanted& wanted) {
  const auto load = [this](std::size_t i) {
    return static_cast<double>(servers_[i].in_flight + 1) / origin_.servers[i].weight;
  };
  switch (origin_.balance) {
    case config::Balance::kPriority:
      return among.front();
    case config::Balance::kRoundRobin:
      return by_turns(among);
    case config::Balance::kUrl:
      return by_hash(among, wanted.url_hash);
    case config::Balance::kClient:
      return by_hash(among, wanted.client_hash);
    case config::Balance::kLeast:
      break;
  }
  double least = load(among.front());
  for (const std::size_t i : among) { least = std::min(least, load(i)); }
  Candidates idle;
  for (const std::size_t i : among) {
    if (load(i) <= least) { idle.push_back(i); }
  }
  return by_turns(idle);
}

Backends::Choice Backends::choose_locked(const Wanted& wanted, gslb::MonoTime now,
                                         std::size_t& server) {
  Candidates among = candidates(wanted, now);
  if (among.empty()) { return Choice::kNone; }
  // A server at its bound is not one that fails: its requests wait rather than go to a backup.
  std::erase_if(among, [this](std::size_t i) { return is_full(i); });
  if (among.empty()) { return Choice::kFull; }
  server = balance(among, wanted);
  Server& chosen = servers_[server];
  chosen.health.ask(now);
  ++chosen.in_flight;
  ++chosen.figures.requests;
  if (wanted.tried == 0) {
    const double more = static_cast<double>(origin_.failover.retry_percent) / 100;
    retry_tokens_ = std::min(kRetryReserve, retry_tokens_ + more);
  }
  return Choice::kServer;
}

Backends::Choice Backends::choose(const Wanted& wanted, gslb::MonoTime now, std::size_t& server) {
  // Nobody is overtaken: who waits had the first go at what became free (call_up()).
  const std::lock_guard lock(mutex_);
  return choose_locked(wanted, now, server);
}

bool Backends::enqueue(const std::shared_ptr<QueuedRequest>& request, gslb::MonoTime now) {
  const std::lock_guard lock(mutex_);
  std::size_t server = 0;
  // What was full when it was asked may not be any more.
  if (choose_locked(request->wanted, now, server) == Choice::kServer) {
    request->server = server;
    return true;
  }
  if (queue_.size() >= static_cast<std::size_t>(origin_.queue)) {
    ++queue_refused_;
    return false;
  }
  queue_.push_back(request);
  return true;
}

std::optional<std::size_t> Backends::withdraw(const QueuedRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto removed =
      std::erase_if(queue_, [&](const auto& waiting) { return waiting.get() == &request; });
  if (removed > 0) { ++queue_refused_; }
  return request.server;
}

std::vector<std::shared_ptr<QueuedRequest>> Backends::call_up(gslb::MonoTime now) {
  std::vector<std::shared_ptr<QueuedRequest>> called;
  // The first may wait for another server than the one that has room.
  for (auto waiting = queue_.begin(); waiting != queue_.end() && has_room();) {
    std::size_t server = 0;
    if (choose_locked((*waiting)->wanted, now, server) != Choice::kServer) {
      ++waiting;
      continue;
    }
    (*waiting)->server = server;
    called.push_back(std::move(*waiting));
    waiting = queue_.erase(waiting);
  }
  return called;
}

void Backends::report(std::size_t server, bool good, gslb::MonoTime now) {
  using State = ServerHealth::State;
  bool ejected = false;
  {
    const std::lock_guard lock(mutex_);
    Server& asked = servers_[server];
    if (good) {
      asked.health.succeed();
      return;
    }
    ++asked.figures.failures;
    const bool was_in = asked.health.state(now) != State::kEjected;
    asked.health.fail(now, ejection_);
    ejected = was_in && asked.health.state(now) == State::kEjected;
    if (ejected) { ++asked.figures.ejections; }
  }
  if (ejected && servers_.size() > 1) {
    gslb::log_warning("origin", "a server fails and is left alone for a while",
                      {{"origin", origin_.name}, {"server", servers_[server].figures.url}});
  }
}

void Backends::leave(std::size_t server, gslb::MonoTime now) {
  std::vector<std::shared_ptr<QueuedRequest>> called;
  {
    const std::lock_guard lock(mutex_);
    --servers_[server].in_flight;
    called = call_up(now);
  }
  for (const auto& request : called) { request->wake(); }
}

bool Backends::may_retry() {
  const std::lock_guard lock(mutex_);
  if (retry_tokens_ < 1) {
    ++retries_refused_;
    return false;
  }
  retry_tokens_ -= 1;
  ++retries_;
  return true;
}

void Backends::checked(std::size_t server, bool good) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    Server& asked = servers_[server];
    if (!good) { ++asked.figures.checks_failed; }
    changed = asked.health.check(good, {origin_.health->healthy, origin_.health->unhealthy});
  }
  if (!changed) { return; }
  gslb::log(good ? gslb::LogLevel::kInfo : gslb::LogLevel::kWarning, "origin",
            good ? "checks find a server well again" : "checks find a server down",
            {{"origin", origin_.name}, {"server", servers_[server].figures.url}});
}

void Backends::retire() {
  const std::lock_guard lock(mutex_);
  retired_ = true;
}

bool Backends::retired() const {
  const std::lock_guard lock(mutex_);
  return retired_;
}

OriginFigures Backends::figures(gslb::MonoTime now) const {
  const std::lock_guard lock(mutex_);
  OriginFigures figures;
  figures.name = origin_.name;
  for (const Server& server : servers_) {
    figures.servers.push_back(server.figures);
    figures.servers.back().state = server.health.state(now);
    figures.servers.back().in_flight = server.in_flight;
  }
  figures.retries = retries_;
  figures.retries_refused = retries_refused_;
  figures.queued = queue_.size();
  figures.queue_refused = queue_refused_;
  return figures;
}

}  // namespace edge::origin
