// Signs compact denials as workers ask for them: a thread beside the query path.
//
// Source: RFC 9824 3; answer/compact_denials.h says how they are read.
//
// Why bounded three times: a flood of made-up names must cost no more than answering it from the
// NSEC3 chain.  So there is a rate of signatures, a queue for each worker, and a table in which new
// names take the places of old ones.  Who gets no signature gets the classical denial.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "gslb/answer/snapshot.h"
#include "gslb/base/published.h"
#include "gslb/server/handler.h"
#include "gslb/server/socket.h"

namespace gslb::control {

// What one worker has asked for.  The worker's, but for what is marked as the signer's.
class CompactLane {
 public:
  CompactLane(double signatures_per_s, int signer_fd) noexcept;

  // Whether another may be asked for at this time (milliseconds of any clock).
  bool may_ask(std::uint32_t now_ms) noexcept;
  // `waits`: a query is kept until take_ready() counts it.  REQUIRES: may_ask() was true.
  void ask(const answer::CompactDenial& wanted, bool waits) noexcept;
  int ready_fd() const noexcept { return ready_.get(); }
  // How many of those that wait are through since the last call, signed or not.
  std::size_t take_ready() noexcept;

 private:
  friend class CompactSigner;
  struct Wanted {
    std::uint64_t zone_id = 0;
    dns::QuestionName name;
    bool waits = false;
  };
  std::array<Wanted, server::kMaxWaiting> ring_;
  std::atomic<std::uint32_t> asked_{0};
  std::atomic<std::uint32_t> done_{0};      // the signer's
  std::atomic<std::uint32_t> finished_{0};  // of those that wait; the signer's
  std::uint32_t taken_ = 0;                 // of finished_
  std::size_t waiting_ = 0;
  double per_ms_;
  double tokens_;
  std::uint32_t last_ms_ = 0;
  server::UniqueFd ready_;
  const int signer_fd_;
};

// Made and destroyed on the control loop, after all workers are gone.
class CompactSigner {
 public:
  using Sign = std::function<std::vector<std::uint8_t>(const answer::SignRequest&)>;

  static constexpr double kBurst = 64;  // signatures of one worker

  // `signatures_per_s`: of all workers.  `sign` is called on the signer's thread.
  CompactSigner(std::size_t workers, double signatures_per_s,
                const Published<answer::Snapshot>& snapshots,
                std::shared_ptr<answer::CompactDenials> denials, Sign sign);
  ~CompactSigner();
  CompactSigner(const CompactSigner&) = delete;
  CompactSigner& operator=(const CompactSigner&) = delete;

  CompactLane& lane(unsigned worker) noexcept { return *lanes_[worker]; }

 private:
  void run();
  void serve(CompactLane& lane);
  void sign(const CompactLane::Wanted& wanted);

  const Published<answer::Snapshot>& snapshots_;
  const std::shared_ptr<answer::CompactDenials> denials_;
  const Sign sign_;
  server::UniqueFd wake_;
  std::vector<std::unique_ptr<CompactLane>> lanes_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace gslb::control
