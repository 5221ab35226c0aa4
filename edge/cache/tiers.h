// The store as requests see it: memory, and a disk under it when there is one.
//
// What is inserted or removed changes both; what is found in memory for the first time is offered
// to the disk; what is found on disk comes into memory: small responses whole, large ones as their
// head alone, with the body read from disk each time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/cache/disk.h"
#include "edge/cache/key_versions.h"
#include "edge/cache/pins.h"
#include "edge/cache/purge_book.h"
#include "edge/cache/store.h"

namespace edge::cache {

// Thread-safe.
class Tiers {
 public:
  // All must outlive it; all but the memory may be null.
  Tiers(Store& memory, Disk* disk, const PurgeBook* purges = nullptr, Pins* pins = nullptr)
      : memory_(memory), disk_(disk), purges_(purges), pins_(pins) {}

  // As Store's; what was purged is not found, or found stale.
  Store::Found find(const std::string& key, const http::Fields& request);
  void insert(const std::string& key, const http::Fields& request, const ObjectRef& object);
  void remove(const std::string& key);
  bool recount(const std::string& key, const Body& body) { return memory_.recount(key, body); }
  // What is stored there is not evicted any more, nor what will be.  False: too many are pinned.
  bool pin(const std::string& key);
  // `object` is `stale` with a head a 304 renewed.  Not written when the disk's copy, which has to
  // be validated before it is used, will do: else what is validated each minute would be written
  // each minute.
  void update(const std::string& key, const http::Fields& request, const ObjectRef& object,
              const Object& stale);

  // Worth the wait: memory had none for the request, and there may be one on disk.
  bool may_be_on_disk(const std::string& key) { return disk_ != nullptr && disk_->may_have(key); }
  using Done = std::function<void(Store::Found)>;
  // REQUIRES: may_be_on_disk() said so.  `done` is called once, on another thread.
  void find_on_disk(const std::string& key, const http::Fields& request, Done done);

 private:
  bool has_pins() const noexcept { return pins_ != nullptr && pins_->any(); }
  bool is_judged_gone(const std::string& key, Store::Found& found);
  void insert_in_memory(const std::string& key, const http::Fields& request,
                        const ObjectRef& object);
  void offer(const std::string& key, const http::Fields& request, const ObjectRef& object);

  Store& memory_;
  Disk* const disk_;
  const PurgeBook* const purges_;
  Pins* const pins_;
  KeyVersions versions_;
};

}  // namespace edge::cache
