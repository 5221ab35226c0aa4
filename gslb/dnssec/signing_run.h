// Makes the signatures over many RRsets on several threads, or finds them in the zone before.
// Private to this folder.
//
// Source: RFC 4035 2.2, RFC 6781 4.4.2 (signature validity, jitter and refresh).
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "gslb/dns/rrset.h"
#include "gslb/dnssec/sign_zone.h"

namespace gslb::dnssec {

// Control path; thread-compatible.  Borrows the plan, the zone before and all octets it is given.
class SigningRun {
 public:
  SigningRun(const SigningPlan& plan, const zone::Zone* previous);

  // To be signed by the keys that sign keys, or by those that sign the zone.
  void add(Octets owner, const dns::RrsetView& set, bool is_of_keys);
  // False when it was cancelled.  At most once.
  bool run();

  std::size_t made() const noexcept { return made_; }
  std::size_t reused() const noexcept { return jobs_.size() - made_; }
  // Seconds from now to the first expiration.
  std::int32_t first_remaining_s() const noexcept { return first_remaining_s_; }

  using Visitor = std::function<void(Octets owner, std::uint32_t ttl_s, Octets rrsig_rdata)>;
  void for_each(const Visitor& visit) const;

 private:
  struct Task {
    Octets owner;
    dns::RrsetView set;
  };
  enum class State : std::uint8_t { kMissing, kDue, kGood };
  // One signature: a task by a key.
  struct Job {
    std::uint32_t task = 0;
    std::uint16_t key = 0;  // into plan.keys
    State state = State::kMissing;
    std::uint32_t expiration = 0;
    const std::uint8_t* rdata = nullptr;
  };

  bool has_signed(const SigningKey& key) const;
  void look_up(Job& job) const;
  void take_due();
  bool make();
  // Calls work(first, last) over all jobs, a few at a time, on the plan's threads; the function
  // `start` makes is each thread's own.  False when cancelled.
  using Work = std::function<void(std::size_t first, std::size_t last)>;
  bool on_threads(const std::function<Work()>& start);
  std::uint32_t new_expiration(const Task& task) const noexcept;
  std::size_t rrsig_octets(std::size_t key) const noexcept;

  const SigningPlan& plan_;
  const zone::Zone* const previous_;
  const std::uint32_t now_;
  std::vector<bool> has_signed_;  // by key: signatures of `previous` under its tag are its own
  std::vector<Task> tasks_;
  std::vector<Job> jobs_;
  Buffer rdata_;  // of the signatures made
  std::size_t made_ = 0;
  std::int32_t first_remaining_s_ = 0;
};

}  // namespace gslb::dnssec
