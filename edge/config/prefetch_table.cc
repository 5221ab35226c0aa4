#include "edge/config/prefetch_table.h"

#include <optional>
#include <string_view>

namespace edge::config {
namespace {

// "HH:MM" as minutes of the day.
std::optional<unsigned> parse_minute(std::string_view text) {
  const auto digit = [&](std::size_t at) { return static_cast<unsigned>(text[at] - '0'); };
  if (text.size() != 5 || text[2] != ':') { return std::nullopt; }
  for (const std::size_t at : {0U, 1U, 3U, 4U}) {
    if (digit(at) > 9) { return std::nullopt; }
  }
  const unsigned hour = 10 * digit(0) + digit(1);
  const unsigned minute = 10 * digit(3) + digit(4);
  if (hour > 23 || minute > 59) { return std::nullopt; }
  return 60 * hour + minute;
}

}  // namespace

Prefetch read_prefetch(gslb::TomlTable table, gslb::Problems& problems) {
  Prefetch prefetch;
  prefetch.per_second = table.integer("per_second", 1, 100'000).value_or(prefetch.per_second);
  prefetch.in_flight = table.integer("in_flight", 1, 1'000).value_or(prefetch.in_flight);
  if (const auto text = table.string("off_peak")) {
    const std::string_view both = *text;
    const std::size_t dash = both.find('-');
    const auto from = parse_minute(both.substr(0, dash));
    const auto to =
        dash == std::string_view::npos ? std::nullopt : parse_minute(both.substr(dash + 1));
    if (!from || !to) {
      problems.error(table.at("off_peak"), "\"" + *text + "\" is no time of the day",
                     "as in \"01:00-06:00\", local time; it may go over midnight");
    }
    prefetch.from_minute = from.value_or(0);
    prefetch.to_minute = to.value_or(0);
  }
  table.finish();
  return prefetch;
}

}  // namespace edge::config
