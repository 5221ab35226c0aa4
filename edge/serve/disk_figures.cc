#include "edge/serve/disk_figures.h"

namespace edge::serve {

report::DiskFigures disk_figures(cache::Disk* disk) {
  if (disk == nullptr) { return {}; }
  const cache::Disk::Stats stats = disk->stats();
  report::DiskFigures figures;
  figures.octets = stats.octets;
  figures.budget_octets = stats.budget_octets;
  figures.objects = stats.objects;
  figures.index_octets = stats.index_octets;
  figures.queued_octets = stats.queued_octets;
  figures.hits = stats.hits;
  figures.misses = stats.misses;
  figures.written_octets = stats.written_octets;
  figures.evicted_segments = stats.evicted_segments;
  figures.reinserted = stats.reinserted;
  figures.dropped = stats.dropped;
  figures.read_failures = stats.read_failures;
  figures.write_failures = stats.write_failures;
  figures.writable = stats.writable;
  figures.rebuilding = stats.rebuilding;
  return figures;
}

}  // namespace edge::serve
