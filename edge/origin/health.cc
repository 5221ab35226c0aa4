#include "edge/origin/health.h"

#include <algorithm>

namespace edge::origin {
namespace {

// A trial whose request never comes back must not keep the server away for good.
constexpr gslb::milliseconds kTrialPatience{5'000};
constexpr int kMostDoublings = 20;

}  // namespace

ServerHealth::State ServerHealth::state(gslb::MonoTime now) const noexcept {
  if (!checked_up_) { return State::kDown; }
  if (!ejected_) { return State::kUp; }
  return now < until_ ? State::kEjected : State::kTrial;
}

void ServerHealth::ask(gslb::MonoTime now) noexcept {
  if (!ejected_ || now < until_) { return; }
  trying_ = true;
  until_ = now + kTrialPatience;
}

void ServerHealth::succeed() noexcept {
  failures_ = 0;
  ejections_ = 0;
  ejected_ = false;
  trying_ = false;
}

void ServerHealth::fail(gslb::MonoTime now, const EjectionRules& rules) noexcept {
  if (rules.failures <= 0) { return; }
  failures_ = std::min(failures_ + 1, rules.failures);
  if (failures_ < rules.failures && !ejected_) { return; }
  // What was under way when it was ejected says nothing new.
  if (ejected_ && !trying_) { return; }
  const auto length = rules.shortest * (std::int64_t{1} << std::min(ejections_, kMostDoublings));
  ejected_ = true;
  trying_ = false;
  ejections_ = std::min(ejections_ + 1, kMostDoublings);
  until_ = now + std::min<gslb::milliseconds>(length, rules.longest);
}

bool ServerHealth::check(bool good, const CheckRules& rules) noexcept {
  if (good == checked_up_) {
    streak_ = 0;
    return false;
  }
  if (++streak_ < (good ? rules.healthy : rules.unhealthy)) { return false; }
  streak_ = 0;
  checked_up_ = good;
  if (good) { succeed(); }
  return true;
}

}  // namespace edge::origin
