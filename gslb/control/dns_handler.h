// A worker's handler: refreshes the snapshot between batches, answers from it, keeps the figures.
#pragma once

#include "gslb/answer/answer.h"
#include "gslb/base/clock.h"
#include "gslb/base/published.h"
#include "gslb/control/compact_signer.h"
#include "gslb/control/sightings.h"
#include "gslb/control/special_messages.h"
#include "gslb/server/handler.h"

namespace gslb::control {

// A worker's ways to other threads.
struct Lanes {
  CompactLane& compact;
  SightingLane& sightings;
};

// Worker-confined.
class DnsHandler final : public server::Handler {
 public:
  DnsHandler(const Published<answer::Snapshot>& snapshots, unsigned worker,
             answer::AnswerCounters& counters, SpecialServices& services, Lanes lanes)
      : reader_(snapshots),
        scratch_(worker),
        counters_(counters),
        compact_(lanes.compact),
        sightings_(lanes.sightings),
        special_(services, scratch_, counters) {}

  // Time stands still within a batch: two looks at a clock cost a tenth of a query.
  void begin_batch() noexcept override;
  void end_batch() noexcept override;

  std::size_t handle(Octets message, const server::Peer& peer, MutableOctets out) noexcept override;
  bool waits() noexcept override { return scratch_.deferred == answer::Deferred::kDenial; }
  int ready_fd() const noexcept override { return compact_.ready_fd(); }
  std::size_t take_ready() noexcept override { return compact_.take_ready(); }
  std::size_t handle_again(Octets message, const server::Peer& peer,
                           MutableOctets out) noexcept override;
  std::unique_ptr<server::MessageStream> take_stream() noexcept override {
    return special_.take_stream();
  }

 private:
  void read_clocks() noexcept;
  void ask_compact(bool waits) noexcept;
  void note_beacon(const steer::Route& route, const server::Peer& peer) noexcept;
  void note_sightings(const server::Peer& peer) noexcept;

  Published<answer::Snapshot>::Reader reader_;
  answer::Scratch scratch_;
  answer::AnswerCounters& counters_;
  CompactLane& compact_;
  SightingLane& sightings_;
  MonoTime batch_began_;
  std::uint32_t batch_size_ = 0;   // queries so far
  std::uint32_t now_ms_ = 0;       // of the batch
  std::uint32_t now_s_ = 0;        // the same as Unix time
  bool may_ask_compact_ = false;   // for another signature
  MonoTime next_look_;             // at the wall clock
  std::chrono::nanoseconds unix_ahead_{0};
  SpecialMessages special_;
};

}  // namespace gslb::control
