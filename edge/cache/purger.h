// Purges one after the other on a thread of its own: into the journal, then into the book, then out
// of the stores.
//
// Why a thread: the journal is synced before a purge is acknowledged, and nobody else may wait for
// a disk.  What came together is written and synced together.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "edge/cache/flight.h"
#include "edge/cache/purge_book.h"
#include "edge/cache/purge_journal.h"
#include "edge/cache/tiers.h"

namespace edge::cache {

// Thread-safe.  What it is given to work on must outlive it.
class Purger {
 public:
  // Purges that may wait.
  static constexpr std::size_t kMostWaiting = 16'384;

  // `journal`: its path; "": nothing is stored over restarts, so nothing need be remembered.  What
  // it has is in the book when this returns.
  Purger(PurgeBook& book, Tiers& tiers, FlightTable& flights, const std::string& journal);
  ~Purger();
  Purger(const Purger&) = delete;
  Purger& operator=(const Purger&) = delete;

  // `done` is called once, on the purger's thread, when the purges hold; false: but a restart would
  // forget them, for the journal can't be written.  With a cursor: up to which order they are.
  // False, and `done` is not called: too many wait, or it is stopping.
  using Done = std::function<void(bool kept)>;
  bool submit(std::vector<Purge> purges, std::optional<OrderCursor> cursor, Done done);

  // Once more, later; forgotten if it ends before.  What can't wait any more is not done again.
  void submit_again(std::vector<Purge> purges, gslb::MonoTime due);

  // A purge that somebody asks for, not ordered by a GSLB: whether it is within the rate, or within
  // what was not used of it in the last ten seconds.
  bool admit(std::size_t purges, std::int64_t per_second, gslb::MonoTime now);

  // How far the orders of a source were followed and that is in the journal; journal 0: never any.
  OrderCursor cursor(std::uint64_t source) const;
  // The stores began empty, so no older purge concerns them.
  bool began_empty() const noexcept { return began_empty_; }

  void stop();

  struct Figures {
    std::array<std::uint64_t, kPurgeKinds> purges{};  // by kind
    std::uint64_t refused = 0;
    bool journal_writable = true;
  };
  Figures figures() const;

 private:
  struct Batch {
    std::vector<Purge> purges;
    std::optional<OrderCursor> cursor;
    Done done;
  };
  struct Again {
    gslb::MonoTime due;
    std::vector<Purge> purges;
  };
  void run();
  void take_due();
  void carry_out(const std::vector<Batch>& batches);
  bool write(const std::vector<PurgeMark>& marks);
  void take_out(const Purge& purge);
  void restore(const std::string& path);

  PurgeBook& book_;
  Tiers& tiers_;
  FlightTable& flights_;
  bool began_empty_ = true;
  std::unique_ptr<PurgeJournal> journal_;  // this thread's, after the start
  std::vector<OrderCursor> followed_;      // likewise: the newest of each source

  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Batch> waiting_;
  std::size_t waiting_purges_ = 0;  // of both
  std::deque<Again> again_;         // by `due`
  std::vector<OrderCursor> kept_;   // of followed_, what is in the journal
  bool stopping_ = false;
  double room_ = 0;  // of the rate; guarded by mutex_, like the next
  std::optional<gslb::MonoTime> room_at_;
  std::array<std::atomic<std::uint64_t>, kPurgeKinds> purges_{};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> writable_{true};
  std::thread thread_;
};

}  // namespace edge::cache
