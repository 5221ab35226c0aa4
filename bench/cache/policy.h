// What a cache's eviction is to the replay: asked for objects in turn, it says which it has.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cache/trace.h"

namespace bench::cache {

// Thread-compatible.  Sizes count as they are in the trace, without overhead.
class Policy {
 public:
  virtual ~Policy() = default;
  // True: it was there.  `position` is that of the request in the trace.
  virtual bool request(const Request& request, std::uint32_t position) = 0;
};

struct Contender {
  std::string name;
  // `keys`: of the trace; `capacity`: octets.
  std::unique_ptr<Policy> (*make)(std::uint32_t keys, std::uint64_t capacity);
};

// Everything the shipped code is compared with, and that code under its settings.
std::vector<Contender> queue_baselines();   // LRU, CLOCK, SIEVE, S3-FIFO
std::vector<Contender> ranked_baselines();  // GDSF, W-TinyLFU, LHD
std::vector<Contender> offline_bounds();    // told the future
std::vector<Contender> shipped();

}  // namespace bench::cache
