// The slices one answer is made of, in their order, each from the store, the disk, a flight under
// way or the origin; the next one is asked for while one is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "edge/http/cache_status.h"
#include "edge/serve/fetch.h"
#include "edge/serve/slice_fetch.h"

namespace edge::serve {

// Worker-confined; one answer's.  Memory: at most two slices at a time.
class SliceSource {
 public:
  // `plan`: who asks and whom; REQUIRES: index->sliced.
  SliceSource(Worker& worker, FetchPlan plan, cache::ObjectRef index,
              cache::FlightTable::Levels levels);

  struct Piece {
    std::shared_ptr<cache::Body> body;  // null: not to be had
    std::uint64_t offset = 0;           // in it
    std::uint64_t octets = 0;           // from there to the slice's end
  };
  // What holds an octet, once it begins to arrive.  `last`: the last one that will be wanted.
  origin::Awaitable<Piece> at(std::uint64_t octet, std::uint64_t last);
  // The first piece, before anything is sent.  False: failure() says why.
  origin::Awaitable<bool> open(std::uint64_t octet, std::uint64_t last);

  const std::optional<cache::FetchFailure>& failure() const noexcept { return failure_; }
  // Nothing was sent that could not be sent anew: open() failed.
  bool refused() const noexcept { return failure_ && !opened_; }
  // What the first piece makes of a hit.
  void tell(http::CacheStatus& status, report::CacheResult& result) const;

  // True if all that the request wants of it is stored, or may well be: on disk.
  static bool holds(cache::Tiers& tiers, const std::string& key, const cache::Object& index,
                    const http::RequestHead& request);

 private:
  enum class Origin : std::uint8_t { kStored, kFetched, kCollapsed };
  // Of one slice: the object, or the flight that brings it.
  struct Got {
    std::uint64_t number = 0;
    Origin origin = Origin::kStored;
    cache::ObjectRef object;
    cache::FlightRef flight;
  };
  Got look_or_fetch(std::uint64_t number);
  origin::Awaitable<Got> get(std::uint64_t number);
  void ask_ahead(std::uint64_t number);

  Worker& worker_;
  FetchPlan plan_;
  cache::ObjectRef index_;
  const cache::Sliced sliced_;
  const cache::FlightTable::Levels levels_;
  std::optional<Got> current_;
  std::optional<Got> ahead_;
  std::optional<cache::FetchFailure> failure_;
  bool opened_ = false;
  Origin first_ = Origin::kStored;
};

}  // namespace edge::serve
