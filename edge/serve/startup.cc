#include "edge/serve/startup.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <sys/resource.h>

#include <sched.h>

#include "gslb/base/log.h"

namespace edge::serve {
namespace {

// A node without its disk still serves: from memory and the origin.
std::unique_ptr<cache::Disk> open_disk(const config::Cache& cache, cache::MemoryFile* file) {
  if (!cache.disk) { return nullptr; }
  static const gslb::SystemClock system_clock;
  cache::DiskOptions options;
  options.memory_file = file;
  options.log = {cache.disk->path, cache.disk->octets, cache.disk->segment_octets};
  std::string error;
  auto disk = cache::Disk::open(std::move(options), system_clock, &error);
  if (!disk) { gslb::log_error("disk", "serving from memory alone", {{"why", error}}); }
  return disk;
}

}  // namespace

unsigned worker_count(const config::Config& config) {
  if (config.edge.workers > 0) { return config.edge.workers; }
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) { return 1; }
  return std::max(1U, static_cast<unsigned>(CPU_COUNT(&allowed)));
}

// The soft limit on descriptors is often 1024; the hard one is what the operator allows.
void raise_descriptor_limit(const config::Limits& limits) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) { return; }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  // A client, and an origin's connection for it at the worst.
  const auto wanted = static_cast<rlim_t>(limits.connections + limits.fetches);
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) {
    gslb::log_warning("serve", "fewer file descriptors than [limits] may need",
                      {{"descriptors", limit.rlim_cur}, {"wanted", wanted}});
  }
}

Shared open_shared(const config::Config& config) {
  auto memory_file = cache::MemoryFile::open();
  auto disk = open_disk(config.cache, memory_file.get());
  return Shared{
      config.edge.cluster + '-' + config.edge.node,
      std::move(memory_file),
      cache::Store(config.cache.memory_octets, cache::Store::shards_for(config.cache.memory_octets),
                   {config.cache.size_exponent}),
      std::move(disk),
      {},
      {},
      {}};
}

}  // namespace edge::serve
