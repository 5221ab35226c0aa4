#include "edge/serve/purging.h"

#include <utility>

#include "edge/report/wall_ms.h"

namespace edge::serve {
namespace {

// Next to what it is about: without a disk nothing is left that a purge could have meant.
std::string file_of(const Shared& shared, const config::Config& config, const char* name) {
  return shared.disk ? config.cache.disk->path + '/' + name : "";
}

}  // namespace

Purging::Purging(Shared& shared, const config::Config& first, Prefetcher::CurrentConfig config,
                 Prefetcher::RunOnWorker run)
    : shared_(shared),
      purger_(shared.purges, shared.tiers, shared.flights, file_of(shared, first, "purges")),
      prefetcher_(std::move(run), config),
      pins_(shared, prefetcher_, config, file_of(shared, first, "pins")),
      admin_(shared, purger_, prefetcher_, pins_, config),
      orders_(purger_, prefetcher_, purger_.began_empty() ? report::milliseconds_since_1970() : 0,
              config) {
  shared_.purger = &purger_;
}

Purging::~Purging() { stop(); }

void Purging::stop() {
  prefetcher_.stop();
  purger_.stop();
}

void Purging::connect(report::Sources& sources) {
  sources.admin = [this](const report::AdminRequest& request, report::AdminDone done) {
    return admin_.handle(request, std::move(done));
  };
  sources.orders_seen = [this](const std::string& gslb) { return orders_.seen(gslb); };
  sources.take_orders = [this](const std::string& gslb, const gslb::fleet::OrderPage& page,
                               std::function<void(bool)> done) {
    orders_.take(gslb, page, std::move(done));
  };
  sources.purges = [this] { return figures(); };
}

report::PurgeFigures Purging::figures() const {
  const cache::Purger::Figures done = purger_.figures();
  const cache::PurgeBook::Figures book = shared_.purges.figures();
  report::PurgeFigures figures;
  for (std::size_t i = 0; i < cache::kPurgeKinds; ++i) {
    figures.purges.emplace_back(cache::kPurgeKindNames[i], done.purges[i]);
  }
  figures.refused = done.refused;
  figures.journal_writable = done.journal_writable;
  figures.marks = book.marks;
  figures.folded = book.folded;
  figures.gone = book.gone;
  figures.stale = book.stale;
  const Prefetcher::Figures prefetches = prefetcher_.figures();
  figures.prefetched = prefetches.done;
  figures.failed_prefetches = prefetches.failed;
  figures.refused_prefetches = prefetches.refused;
  figures.waiting_prefetches = prefetches.waiting;
  const cache::Pins::Figures pins = shared_.pins.figures();
  figures.pins = pins.keys;
  figures.pinned_octets = pins.octets;
  figures.pinned_budget_octets = pins.budget_octets;
  figures.refused_pins = pins.refused;
  return figures;
}

}  // namespace edge::serve
