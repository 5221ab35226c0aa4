// What a request handler works with: the process's shared rooms and the worker's own.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "edge/cache/flight.h"
#include "edge/cache/purger.h"
#include "edge/cache/store.h"
#include "edge/cache/tiers.h"
#include "edge/config/config.h"
#include "edge/origin/client.h"
#include "edge/origin/directory.h"
#include "edge/report/reporter.h"
#include "edge/rules/admission.h"
#include "edge/rules/client_count.h"
#include "edge/rules/rate_table.h"
#include "edge/tier/peers.h"
#include "gslb/base/entropy.h"

namespace edge::serve {

class AccessLog;
class RuleBook;
class TlsServer;

// Buckets of rate rules: a mebibyte.
inline constexpr std::size_t kRatePlaces = 64 * 1024;

// One per process.  Each member is thread-safe by itself.
struct Shared {
  std::string name;  // in Via, CDN-Loop and Cache-Status: "<cluster>-<node>"
  std::unique_ptr<cache::MemoryFile> memory_file;  // null: bodies lie on the heap
  cache::Store store;
  std::unique_ptr<cache::Disk> disk;  // null: there is none
  cache::FlightTable flights;
  report::RttCollector rtt;
  report::BeaconCollector beacons;
  cache::PurgeBook purges{};
  // How requests use store and disk.
  cache::Pins pins{store, store.stats().budget_octets / 4};
  cache::Tiers tiers{store, disk.get(), &purges, &pins};
  cache::Purger* purger = nullptr;
  tier::Peers peers{name};
  rules::Admission admission{};
  rules::RateTable rates{kRatePlaces, gslb::random_seed()};
  rules::ClientCount clients{};  // where their connections are bounded
  report::Reporter* reporter = nullptr;
  std::atomic<bool> stopping{false};
  // Every loop has ended and the loops are being destroyed: nothing may be posted any more.
  std::atomic<bool> halted{false};
  std::atomic<std::int64_t> connections{0};  // open now, all workers
  origin::Directory origins{halted};

  // A purge came after it was asked for; it may be used for requests from before only.
  bool is_purged(const std::string& key, const cache::Object& object) const {
    return !purges.is_current(object.purged_until) &&
           purges.judge(key, object.head.fields, object.purged_until).standing !=
               cache::PurgeStanding::kGood;
  }

  // Responses end their connection while the node wants to be left.
  bool keep_alive() const noexcept {
    return !stopping.load(std::memory_order_relaxed) &&
           reporter->state() == report::Reporter::NodeState::kUp;
  }
};

// One per thread; worker-confined.
struct Worker {
  Shared& shared;
  // The current one; whoever works with it for longer than a moment holds it.
  config::ConfigRef config;
  std::shared_ptr<const TlsServer> tls;   // goes with it
  std::shared_ptr<AccessLog> access_log;  // goes with it; may be null
  boost::asio::io_context& loop;
  origin::Client& origin;
  report::WorkerCounters& counters;
  std::shared_ptr<const RuleBook> book = nullptr;  // of `config`
  std::size_t turned_away = 0;                     // connections being told so
};

}  // namespace edge::serve
