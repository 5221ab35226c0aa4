// The servers of one origin as the whole process sees them: who is well, who is asked next, how
// many requests are under way, who waits.
//
// Source: smooth weighted round robin (nginx); weighted rendezvous hashing; RFC 9110 9.2.2
// (retries).
//
// Why one a process and not one a worker: bounds of connections, retry budgets and failures in a
// row mean little when each of sixteen threads counts for itself.  Only misses come here.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "edge/config/origin.h"
#include "edge/origin/health.h"
#include "gslb/base/clock.h"

namespace edge::origin {

// What one request asks for.
struct Wanted {
  std::uint64_t url_hash = 0;
  std::uint64_t client_hash = 0;
  std::uint64_t tried = 0;  // bit n: server n has failed this request
};

// A request in the queue.  Guarded by its Backends, but for `wake`.
struct QueuedRequest {
  Wanted wanted;
  std::function<void()> wake;         // from any thread, once `server` is set
  std::optional<std::size_t> server;  // its turn has come: as from choose()
};

struct ServerFigures {
  std::string url;
  ServerHealth::State state = ServerHealth::State::kUp;
  std::uint64_t in_flight = 0;
  std::uint64_t requests = 0;  // sent, retries included
  std::uint64_t failures = 0;  // no answer, or one of 500, 502, 503, 504
  std::uint64_t ejections = 0;
  std::uint64_t checks_failed = 0;
};
struct OriginFigures {
  std::string name;
  std::vector<ServerFigures> servers;
  std::uint64_t retries = 0;
  std::uint64_t retries_refused = 0;  // the budget was spent
  std::uint64_t queued = 0;           // now
  std::uint64_t queue_refused = 0;    // the queue was full, or the turn never came
};

// Thread-safe.
class Backends {
 public:
  // REQUIRES: at least one and at most 64 servers.
  explicit Backends(const config::Origin& origin);
  Backends(const Backends&) = delete;
  Backends& operator=(const Backends&) = delete;

  const config::Origin& origin() const noexcept { return origin_; }

  enum class Choice : std::uint8_t { kServer, kFull, kNone };
  // kServer: `server` is to be asked, and leave() is due.  Where none is well, one of the others:
  // better a try than an error for sure.  kFull: all that could are at their bound.  kNone: all
  // have been tried.
  Choice choose(const Wanted& wanted, gslb::MonoTime now, std::size_t& server);
  // Puts it at the end of the queue; false: the queue is full.  Where its turn has come already,
  // `server` is set on return.
  bool enqueue(const std::shared_ptr<QueuedRequest>& request, gslb::MonoTime now);
  // Takes it out of the queue; its server, if it was its turn meanwhile: then leave() is due.
  std::optional<std::size_t> withdraw(const QueuedRequest& request);
  // What came of asking it, at most once for each choose().
  void report(std::size_t server, bool good, gslb::MonoTime now);
  // The request is over, or goes elsewhere.
  void leave(std::size_t server, gslb::MonoTime now);
  // True: a request may be sent once more; it is counted.
  bool may_retry();

  // What a check showed.
  void checked(std::size_t server, bool good);
  // Nobody is to be checked for this any more.
  void retire();
  bool retired() const;

  OriginFigures figures(gslb::MonoTime now) const;

 private:
  struct Server {
    ServerHealth health;
    std::uint64_t in_flight = 0;
    std::int64_t credit = 0;  // of round robin
    std::uint64_t id_hash = 0;
    ServerFigures figures;
  };
  using Candidates = std::vector<std::size_t>;
  Choice choose_locked(const Wanted& wanted, gslb::MonoTime now, std::size_t& server);
  Candidates candidates(const Wanted& wanted, gslb::MonoTime now) const;
  std::size_t balance(const Candidates& among, const Wanted& wanted);
  std::size_t by_turns(const Candidates& among);
  std::size_t by_hash(const Candidates& among, std::uint64_t hash) const;
  bool is_full(std::size_t server) const;
  bool has_room() const;
  // In the queue's order those for whom there is room; they are woken by the caller, unlocked.
  std::vector<std::shared_ptr<QueuedRequest>> call_up(gslb::MonoTime now);

  const config::Origin origin_;
  const EjectionRules ejection_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Server> servers_;
  std::deque<std::shared_ptr<QueuedRequest>> queue_;
  double retry_tokens_;
  std::uint64_t retries_ = 0;
  std::uint64_t retries_refused_ = 0;
  std::uint64_t queue_refused_ = 0;
  bool retired_ = false;
};

}  // namespace edge::origin
