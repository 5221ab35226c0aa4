#include "gslb/fleet/monitor_record.h"

#include <algorithm>

namespace gslb::fleet {

std::string_view to_string(MonitorState state) noexcept {
  switch (state) {
    case MonitorState::kUnknown:
      return "unknown";
    case MonitorState::kUp:
      return "up";
    case MonitorState::kDown:
      return "down";
  }
  return "unknown";
}

std::optional<MonitorState> parse_monitor_state(std::string_view text) noexcept {
  for (const MonitorState state :
       {MonitorState::kUnknown, MonitorState::kUp, MonitorState::kDown}) {
    if (to_string(state) == text) { return state; }
  }
  return std::nullopt;
}

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kGood:
      return "good";
    case Outcome::kBad:
      return "bad";
    case Outcome::kUnasked:
      return "unasked";
  }
  return "unasked";
}

bool MonitorRecord::apply(Outcome outcome, const Thresholds& thresholds) noexcept {
  const MonitorState before = state;
  const bool good = outcome == Outcome::kGood;
  if (outcome == Outcome::kUnasked) { return false; }
  good_in_row = good ? std::min(good_in_row + 1, std::max(thresholds.up, thresholds.ok)) : 0;
  switch (state) {
    case MonitorState::kUnknown:
      state = good ? MonitorState::kUp : MonitorState::kDown;
      break;
    case MonitorState::kDown:
      if (good_in_row >= thresholds.up) { state = MonitorState::kUp; }
      break;
    case MonitorState::kUp:
      if (!good) { ++failures; }
      if (good_in_row >= thresholds.ok) { failures = 0; }
      if (failures >= thresholds.down) { state = MonitorState::kDown; }
      break;
  }
  if (state != before) { failures = 0; }
  return state != before;
}

}  // namespace gslb::fleet
