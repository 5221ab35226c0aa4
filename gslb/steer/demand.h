// How much is asked, by whom: counted by workers, smoothed on the control thread.
//
// Source: steering.md (4): demand per unit from heartbeats (EWMA 60 s), else from queries.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/geo/geo_map.h"
#include "gslb/steer/service.h"

namespace gslb::steer {

// Routed queries by (service, unit), one row of cells a worker, so that no two workers share a
// cell.  Belongs to one geo map and one service table; snapshots hold it by shared_ptr.
// Thread-safe: one writer a worker row, any number of readers.
class DemandCounters {
 public:
  DemandCounters(std::size_t workers, std::size_t services, std::size_t units)
      : services_(services), units_(units), workers_(workers) {
    cells_ = std::make_unique<std::atomic<std::uint32_t>[]>(workers * services * units);
  }

  // Worker `worker` only.
  void count(unsigned worker, ServiceIndex service, geo::UnitIndex unit,
             std::uint32_t queries = 1) noexcept {
    auto& cell = cells_[(worker * services_ + service) * units_ + unit];
    cell.store(cell.load(std::memory_order_relaxed) + queries, std::memory_order_relaxed);
  }
  // Sum over workers; wraps at 2^32, so readers take differences.
  std::uint32_t total(ServiceIndex service, geo::UnitIndex unit) const noexcept {
    std::uint32_t sum = 0;
    for (std::size_t worker = 0; worker < workers_; ++worker) {
      const std::size_t at = (worker * services_ + service) * units_ + unit;
      sum += cells_[at].load(std::memory_order_relaxed);
    }
    return sum;
  }
  std::size_t services() const noexcept { return services_; }
  std::size_t units() const noexcept { return units_; }

 private:
  std::size_t services_;
  std::size_t units_;
  std::size_t workers_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> cells_;
};

// Queries a second by service * units + unit.
struct Demand {
  std::vector<double> expected;  // to be planned for; > 0: includes a prior
  std::vector<float> recent;     // as counted in the last epoch, unsmoothed
  MonoTime at{};                 // when
  WallTime wall{};               // the same, for policies by the hour
};

// Turns counters into queries a second per (service, unit), smoothed: a rise is believed sooner
// (15 s) than a fall (60 s).  Planning-thread-only.
class DemandLedger {
 public:
  explicit DemandLedger(std::shared_ptr<const DemandCounters> counters, MonoTime start);

  // Reads the counters; call once an epoch.
  void update(MonoTime now);

  // Smoothed queries a second plus a small prior from the unit's size, so that a unit nobody has
  // asked from yet still counts for something.  Resolvers' rows behind the units have none.  Index:
  // service * (units and such rows) + unit.
  Demand demand(const std::vector<geo::Unit>& units) const;

  // The counters as update() last read them, by service * units + unit.
  const std::vector<std::uint32_t>& counted() const noexcept { return last_; }

  double queries_per_s(ServiceIndex service, geo::UnitIndex unit) const noexcept;
  // What an earlier ledger had learnt.
  void set_queries_per_s(ServiceIndex service, geo::UnitIndex unit, double rate) noexcept;

 private:
  std::shared_ptr<const DemandCounters> counters_;
  std::vector<std::uint32_t> last_;
  std::vector<float> rate_;
  std::vector<float> recent_;
  MonoTime updated_;
};

}  // namespace gslb::steer
