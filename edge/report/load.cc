#include "edge/report/load.h"

namespace edge::report {

Totals sum(const std::vector<const WorkerCounters*>& workers) {
  Totals totals;
  for (const WorkerCounters* worker : workers) {
    for (const auto& row : worker->requests) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::uint64_t count = row[i].value();
        const auto result = static_cast<CacheResult>(i);
        totals.requests += count;
        if (result != CacheResult::kNone) { totals.cache.requests += count; }
        if (result == CacheResult::kHit) { totals.cache.hits += count; }
      }
    }
    totals.sent_octets += worker->sent_octets.value();
    // Closed is read first: read the other way round the difference could be negative.
    const std::uint64_t closed = worker->connections_closed.value();
    totals.connections += worker->connections_opened.value() - closed;
  }
  return totals;
}

gslb::fleet::CacheUse cache_use(const Totals& before, const Totals& now) {
  return {now.cache.requests - before.cache.requests, now.cache.hits - before.cache.hits};
}

gslb::fleet::StoreUse store_use(const StoreFigures& store) {
  gslb::fleet::StoreUse use;
  use.memory_octets = store.octets;
  use.memory_budget = store.budget_octets;
  if (store.disk) {
    use.disk_octets = store.disk->octets;
    use.disk_budget = store.disk->budget_octets;
    use.disk_writable = store.disk->writable;
  }
  return use;
}

LoadMeter::Load LoadMeter::observe(const Totals& totals, gslb::MonoTime now) {
  samples_.push_back({now, totals});
  // Keep one sample that is a second old or more: the start of the window.
  while (samples_.size() > 2 && now - samples_[1].at >= gslb::seconds(1)) { samples_.pop_front(); }
  Load load;
  load.connections = static_cast<double>(totals.connections);
  const Sample& oldest = samples_.front();
  const double span_s = std::chrono::duration<double>(now - oldest.at).count();
  if (span_s <= 0) { return load; }
  load.requests_per_s = static_cast<double>(totals.requests - oldest.totals.requests) / span_s;
  load.egress_bits_per_s =
      8 * static_cast<double>(totals.sent_octets - oldest.totals.sent_octets) / span_s;
  return load;
}

std::vector<gslb::fleet::ResourceLoad> resource_loads(
    const LoadMeter::Load& load, const std::vector<config::Capacity>& capacity) {
  std::vector<gslb::fleet::ResourceLoad> loads = {
      {"requests_per_s", load.requests_per_s, 0, 0},
      {"egress_bits_per_s", load.egress_bits_per_s, 0, 0},
      {"connections", load.connections, 0, 0},
  };
  for (gslb::fleet::ResourceLoad& resource : loads) {
    for (const config::Capacity& configured : capacity) {
      if (configured.resource != resource.resource) { continue; }
      resource.target = configured.target;
      resource.max = configured.max;
    }
  }
  return loads;
}

}  // namespace edge::report
