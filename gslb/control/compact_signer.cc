#include "gslb/control/compact_signer.h"

#include <algorithm>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include <pthread.h>

#include "gslb/dnssec/compact.h"

namespace gslb::control {
namespace {

void raise(int event) noexcept {
  const std::uint64_t one = 1;
  // Can't fail: the counter of an eventfd has room for 2^64 - 2 of these.
  [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
}

}  // namespace

CompactLane::CompactLane(double signatures_per_s, int signer_fd) noexcept
    : per_ms_(signatures_per_s / 1000),
      tokens_(CompactSigner::kBurst),
      ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      signer_fd_(signer_fd) {}

bool CompactLane::may_ask(std::uint32_t now_ms) noexcept {
  tokens_ = std::min(CompactSigner::kBurst, tokens_ + (now_ms - last_ms_) * per_ms_);
  last_ms_ = now_ms;
  const std::uint32_t pending =
      asked_.load(std::memory_order_relaxed) - done_.load(std::memory_order_acquire);
  return tokens_ >= 1 && pending < ring_.size() && waiting_ < server::kMaxWaiting &&
         ready_.is_open();
}

void CompactLane::ask(const answer::CompactDenial& wanted, bool waits) noexcept {
  tokens_ -= 1;
  const std::uint32_t number = asked_.load(std::memory_order_relaxed);
  Wanted& slot = ring_[number % ring_.size()];
  slot.zone_id = wanted.zone_id;
  slot.name.assign(wanted.name());
  slot.waits = waits;
  if (waits) { ++waiting_; }
  asked_.store(number + 1, std::memory_order_release);
  raise(signer_fd_);
}

std::size_t CompactLane::take_ready() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(ready_.get(), &count, sizeof count);
  const std::uint32_t finished = finished_.load(std::memory_order_acquire);
  const std::uint32_t ready = finished - std::exchange(taken_, finished);
  waiting_ -= ready;
  return ready;
}

CompactSigner::CompactSigner(std::size_t workers, double signatures_per_s,
                             const Published<answer::Snapshot>& snapshots,
                             std::shared_ptr<answer::CompactDenials> denials, Sign sign)
    : snapshots_(snapshots),
      denials_(std::move(denials)),
      sign_(std::move(sign)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  for (std::size_t i = 0; i < workers; ++i) {
    lanes_.push_back(std::make_unique<CompactLane>(signatures_per_s / static_cast<double>(workers),
                                                   wake_.get()));
  }
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "compact");
}

CompactSigner::~CompactSigner() {
  stopping_ = true;
  raise(wake_.get());
  thread_.join();
}

void CompactSigner::run() {
  while (!stopping_) {
    std::uint64_t count = 0;
    if (::read(wake_.get(), &count, sizeof count) != sizeof count) { return; }
    for (const auto& lane : lanes_) { serve(*lane); }
  }
}

void CompactSigner::serve(CompactLane& lane) {
  std::uint32_t done = lane.done_.load(std::memory_order_relaxed);
  bool has_finished = false;
  for (; done != lane.asked_.load(std::memory_order_acquire); ++done) {
    const CompactLane::Wanted& wanted = lane.ring_[done % lane.ring_.size()];
    sign(wanted);
    if (wanted.waits) {
      lane.finished_.fetch_add(1, std::memory_order_release);
      has_finished = true;
    }
    lane.done_.store(done + 1, std::memory_order_release);
  }
  if (has_finished) { raise(lane.ready_.get()); }
}

void CompactSigner::sign(const CompactLane::Wanted& wanted) {
  answer::CompactDenial known;
  if (denials_->find(wanted.zone_id, wanted.name.wire(), known)) { return; }
  // Held for this one alone: a version that is served no more must not stay in memory.
  const Published<answer::Snapshot>::Reader snapshot(snapshots_);
  // Parent or child where both are served: as the worker found it.
  const zone::Zone* zone = nullptr;
  for (const dns::RrType type : {dns::RrType::kA, dns::RrType::kDs}) {
    const zone::Zone* const found = snapshot.get().zones->find(wanted.name, type);
    if (found != nullptr && found->compact_id() == wanted.zone_id) { zone = found; }
  }
  if (zone == nullptr) { return; }  // another version is served by now
  const auto rdata = dnssec::compact_nsec(*zone, wanted.name);
  if (!rdata) { return; }
  std::vector<std::uint8_t> nsec;
  dns::append_record(nsec, *rdata);
  const std::vector<std::uint8_t> signatures =
      sign_({*zone, wanted.name.wire(), {dns::RrType::kNsec, zone->negative_ttl_s(), 1, nsec}});
  if (!signatures.empty()) { denials_->put(wanted.zone_id, wanted.name.wire(), nsec, signatures); }
}

}  // namespace gslb::control
