// What results of a monitor make of its target: up or down, with gdnsd's accounting.
//
// Source: gdnsd.config(5), up_thresh, ok_thresh, down_thresh; the very first result decides alone,
// as there.
//
// Why not "n failures in a row": a server that fails every third request never fails twice in a
// row.  Here every failure counts until ok_thresh clean results in a row clear it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gslb::fleet {

enum class MonitorState : std::uint8_t { kUnknown, kUp, kDown };
std::string_view to_string(MonitorState state) noexcept;  // "unknown" "up" "down"
std::optional<MonitorState> parse_monitor_state(std::string_view text) noexcept;

enum class Outcome : std::uint8_t {
  kGood,
  kBad,
  kUnasked,  // we couldn't ask (no privilege, no descriptor): says nothing of the target
};
std::string_view to_string(Outcome outcome) noexcept;  // "good" "bad" "unasked"

struct Thresholds {
  unsigned up = 20;
  unsigned ok = 10;
  unsigned down = 10;
};

// A value.  Counts end at their thresholds.
struct MonitorRecord {
  MonitorState state = MonitorState::kUnknown;
  unsigned good_in_row = 0;
  unsigned failures = 0;  // while up: since the last ok_thresh good ones in a row

  // True when the state changed.
  bool apply(Outcome outcome, const Thresholds& thresholds) noexcept;
};

}  // namespace gslb::fleet
