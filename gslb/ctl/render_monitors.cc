// What proximactl shows of monitors.
#include <boost/json.hpp>

#include "gslb/ctl/members.h"
#include "gslb/ctl/render.h"
#include "gslb/ctl/table.h"

namespace gslb::ctl {
namespace {

namespace json = boost::json;

Tone tone_of(const std::string& state) {
  if (state == "up") { return Tone::kGood; }
  return state == "down" ? Tone::kBad : Tone::kWarn;
}

}  // namespace

Result<std::string, std::string> render_monitors(std::string_view body, const Look& look) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  Table table({{"MONITOR"},
               {"TARGET"},
               {"STATE"},
               {"SINCE (UTC)"},
               {"FAILURES", true},
               {"GOOD", true},
               {"BAD", true},
               {"TOOK", true},
               {"NODES"},
               {"SERVICES"},
               {"LAST"}});
  for (const json::value& each : array_at(*parsed, "monitors")) {
    const json::object& monitor = as_object(each);
    const std::string state = text_at(monitor, "state");
    const std::string reason = text_at(monitor, "reason");
    const auto took_ms = number_at(monitor, "took_ms");
    table.add({text_at(monitor, "monitor"),
               printable(text_at(monitor, "item")),
               {state, tone_of(state)},
               text_at(monitor, "since"),
               fixed(number_at(monitor, "failures"), 0),
               short_number(number_at(monitor, "good")),
               short_number(number_at(monitor, "bad")),
               took_ms ? short_time(*took_ms / 1000) : "-",
               printable(joined(array_at(monitor, "nodes"), ", ")),
               printable(joined(array_at(monitor, "services"), ", ")),
               {printable(reason.empty() ? text_at(monitor, "last") : reason),
                reason.empty() ? Tone::kPlain : Tone::kWarn}});
  }
  return table.to_string(look.colour);
}

}  // namespace gslb::ctl
