// The list of pinned URLs: kept in a file over restarts, and fetched when it is read again.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "edge/serve/prefetcher.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// Thread-safe.  What it is given outlives it.
class PinList {
 public:
  // `file`: "": a restart forgets it.
  PinList(Shared& shared, Prefetcher& prefetcher, Prefetcher::CurrentConfig config,
          std::string file);

  enum class Outcome : std::uint8_t { kDone, kTooMany, kNotKept };
  // What is not stored is fetched.
  Outcome add(const std::vector<PrefetchUrl>& urls);
  Outcome remove(const std::vector<PrefetchUrl>& urls);
  std::string to_json() const;

 private:
  // REQUIRES: the mutex.
  Outcome save() const;

  Shared& shared_;
  Prefetcher& prefetcher_;
  const Prefetcher::CurrentConfig config_;
  const std::string file_;
  mutable std::mutex mutex_;                 // one change at a time
  std::map<std::string, std::string> urls_;  // as they were given, by key; guarded by mutex_
};

}  // namespace edge::serve
