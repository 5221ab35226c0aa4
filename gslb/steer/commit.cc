#include "gslb/steer/commit.h"

#include <algorithm>
#include <chrono>

#include "gslb/base/fields.h"
#include "gslb/base/units.h"

namespace gslb::steer {
namespace {

constexpr std::int64_t kSlotS = 300;
constexpr double kFreeShare = 0.05;
// Early in a month so many samples may be above all the same: an hour.
constexpr std::size_t kLeastFree = 12;
// From this share of the billed rate on, more traffic may be what is paid for.
constexpr double kNear = 0.9;
// Shares of the whole surcharge, a slot.
constexpr double kGrowth = 1.0 / 12;
constexpr double kFading = 1.0 / 144;
// What a megabit a second carries in a mean month, GB.
constexpr double kGbPerMbps = 0.125e-3 * 30.4375 * 86'400;
// A month has at most 8,928 samples.
constexpr std::size_t kMostSamples = 31 * 288;
constexpr double kMostMbps = 1e12;

std::int64_t month_of(std::int64_t slot) {
  const std::chrono::sys_seconds at(std::chrono::seconds(slot * kSlotS));
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
  return int{day.year()} * 12 + static_cast<int>(unsigned{day.month()}) - 1;
}

}  // namespace

std::size_t CommitMeter::free_bursts() const noexcept {
  return static_cast<std::size_t>(kFreeShare * static_cast<double>(samples_.size()));
}

double CommitMeter::billed_mbps() const {
  const std::size_t free = std::max(free_bursts(), kLeastFree);
  if (samples_.size() <= free) { return terms_.mbps; }
  std::vector<float> sorted = samples_;
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(free);
  std::nth_element(sorted.begin(), at, sorted.end(), std::greater<>());
  return std::max(terms_.mbps, static_cast<double>(*at));
}

std::size_t CommitMeter::bursts() const {
  const double billed = billed_mbps();
  return static_cast<std::size_t>(std::count_if(samples_.begin(), samples_.end(), [&](float each) {
    return static_cast<double>(each) > billed;
  }));
}

void CommitMeter::add(double mbps, WallTime now) {
  const std::int64_t slot =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() / kSlotS;
  if (slot != slot_) {
    if (count_ > 0) { close_slot(); }
    const std::int64_t month = month_of(slot);
    if (month != month_) { samples_.clear(); }
    month_ = month;
    slot_ = slot;
    sum_ = 0;
    count_ = 0;
  }
  sum_ += std::clamp(mbps, 0.0, kMostMbps);
  ++count_;
}

// Towards what one more megabit a second would cost at this rate: all of its price once the free
// bursts are used up, a part of it before.
void CommitMeter::close_slot() {
  const double rate = sum_ / static_cast<double>(count_);
  if (samples_.size() < kMostSamples) { samples_.push_back(static_cast<float>(rate)); }
  const double billed = billed_mbps();
  const double nearness = std::clamp((rate / billed - kNear) / (1 - kNear), 0.0, 1.0);
  const auto free = static_cast<double>(std::max(free_bursts(), kLeastFree));
  const double used = billed > terms_.mbps ? 1 : static_cast<double>(bursts()) / free;
  const double whole = terms_.cost_per_mbps / kGbPerMbps;
  const double wanted = whole * nearness * std::min(1.0, used);
  surcharge_ = std::clamp(wanted, surcharge_ - whole * kFading, surcharge_ + whole * kGrowth);
  surcharge_ = std::max(surcharge_, 0.0);
}

std::string CommitMeter::write() const {
  std::string line = std::to_string(month_) + ' ' + format_number(surcharge_);
  for (const float each : samples_) { line += ' ' + format_number(static_cast<double>(each)); }
  return line;
}

void CommitMeter::read(std::string_view line) {
  const auto month = parse_number<std::int64_t>(take_field(line, ' '));
  const auto surcharge = parse_number<double>(take_field(line, ' '));
  if (!month || !surcharge || !(*surcharge >= 0 && *surcharge <= kMostMbps)) { return; }
  std::vector<float> samples;
  while (!line.empty() && samples.size() < kMostSamples) {
    const auto rate = parse_number<double>(take_field(line, ' '));
    if (!rate || !(*rate >= 0 && *rate <= kMostMbps)) { return; }
    samples.push_back(static_cast<float>(*rate));
  }
  month_ = *month;
  surcharge_ = std::min(*surcharge, terms_.cost_per_mbps / kGbPerMbps);
  samples_ = std::move(samples);
}

}  // namespace gslb::steer
