// What proximactl shows of zones and of ACME tokens.
#include <algorithm>
#include <chrono>

#include <boost/json.hpp>

#include "gslb/ctl/members.h"
#include "gslb/ctl/render.h"
#include "gslb/ctl/table.h"

namespace gslb::ctl {
namespace {

namespace json = boost::json;

std::string whole(const json::object& from, std::string_view key) {
  return fixed(number_at(from, key), 0);
}

// The token in an answer with "tokens"; null when it isn't there.
const json::object* find_token(const json::object& from, std::string_view token) {
  for (const json::value& each : array_at(from, "tokens")) {
    if (text_at(as_object(each), "token") == token) { return &as_object(each); }
  }
  return nullptr;
}

}  // namespace

Result<std::string, std::string> render_zones(std::string_view body, const Look& look) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  Table table({{"ZONE"},
               {"SERIAL", true},
               {"STATE"},
               {"KIND"},
               {"SIGNED"},
               {"RECORDS", true},
               {"SINCE"},
               {"FROM"},
               {"PROBLEM"}});
  for (const json::value& each : array_at(*parsed, "zones")) {
    const json::object& zone = as_object(each);
    const std::string state = text_at(zone, "state");
    const std::string problem = text_at(zone, "problem");
    const Tone tone = state != "served" ? Tone::kBad : problem.empty() ? Tone::kGood : Tone::kWarn;
    table.add({printable(text_at(zone, "name")),
               whole(zone, "serial"),
               {state, tone},
               text_at(zone, "kind"),
               text_at(zone, "signed"),
               whole(zone, "records"),
               text_at(zone, "since"),
               printable(text_at(zone, "source")),
               {printable(problem), Tone::kWarn}});
  }
  return table.to_string(look.colour);
}

Result<std::string, std::string> render_secondaries(std::string_view body, const Look& look) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  Table table({{"ZONE"},
               {"SERIAL", true},
               {"STATE"},
               {"REFRESH IN", true},
               {"EXPIRES IN", true},
               {"CATALOG"},
               {"PRIMARIES"},
               {"LAST ERROR"}});
  const auto until = [&](const json::object& zone, std::string_view key) {
    const auto at = number_at(zone, key);
    return short_time(at ? std::optional(std::max(0.0, *at - now)) : std::nullopt);
  };
  for (const json::value& each : array_at(*parsed, "secondaries")) {
    const json::object& zone = as_object(each);
    const std::string state = text_at(zone, "state");
    table.add({printable(text_at(zone, "name")),
               whole(zone, "serial"),
               {state, state == "current" ? Tone::kGood : Tone::kBad},
               until(zone, "next_refresh"),
               until(zone, "expires"),
               printable(text_at(zone, "catalog")),
               printable(joined(array_at(zone, "primaries"), ", ")),
               {printable(text_at(zone, "last_error")), Tone::kWarn}});
  }
  return table.to_string(look.colour);
}

Result<std::string, std::string> render_tokens(std::string_view body, const Look& look) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  Table table({{"NAME"}, {"TXT AT"}, {"TOKEN"}, {"EXPIRES"}, {"ANSWERED"}});
  for (const json::value& each : array_at(*parsed, "tokens")) {
    const json::object& token = as_object(each);
    table.add({printable(text_at(token, "name")), printable(text_at(token, "owner")),
               printable(text_at(token, "token")), text_at(token, "expires"),
               flag_at(token, "published") ? "yes" : "not yet"});
  }
  return table.to_string(look.colour);
}

Result<std::string, std::string> read_token_owner(std::string_view body, std::string_view token) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  const json::object* const found = find_token(*parsed, token);
  if (found == nullptr) { return Unexpected(std::string("the answer has no token")); }
  return printable(text_at(*found, "owner"));
}

bool is_token_published(std::string_view body, std::string_view owner, std::string_view token) {
  const auto parsed = parse_object(body);
  if (!parsed) { return false; }
  for (const json::value& each : array_at(*parsed, "tokens")) {
    const json::object& from = as_object(each);
    if (text_at(from, "token") == token && text_at(from, "owner") == owner &&
        flag_at(from, "published")) {
      return true;
    }
  }
  return false;
}

}  // namespace gslb::ctl
