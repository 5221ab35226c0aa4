#include "gslb/fleet/state_file.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gslb/fleet/report.h"

namespace gslb::fleet {
namespace {

namespace json = boost::json;

std::int64_t to_ms(WallTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(view(name));
  if (found == nullptr || !found->is_string()) { return std::nullopt; }
  return std::string(found->get_string().data(), found->get_string().size());
}

// 0 .. kMaxReportInteger, which also holds times in ms without overflow.
std::optional<std::uint64_t> integer_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(view(name));
  if (found == nullptr || !found->is_int64() || found->get_int64() < 0) { return std::nullopt; }
  const auto value = static_cast<std::uint64_t>(found->get_int64());
  return value <= kMaxReportInteger ? std::optional(value) : std::nullopt;
}

std::optional<WallTime> time_of(const json::object& object, std::string_view name) {
  // system_clock counts nanoseconds: 2^53 ms would overflow it, the year 2262 is its end.
  constexpr std::uint64_t kLastMs = 9'000'000'000'000;
  const auto value = integer_of(object, name);
  if (!value || *value > kLastMs) { return std::nullopt; }
  return WallTime(milliseconds(*value));
}

std::optional<SavedAdmin> admin_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) { return std::nullopt; }
  const auto target = text_of(*object, "target");
  const auto state_text = text_of(*object, "state");
  const auto state = parse_admin_state(state_text.value_or(""));
  const auto set_at = time_of(*object, "set_ms");
  if (!target || !state || *state == AdminState::kNone || !set_at) { return std::nullopt; }
  SavedAdmin saved{*target, *state, text_of(*object, "reason").value_or(""), *set_at, {}};
  if (object->contains("expires_ms")) {
    saved.expires = time_of(*object, "expires_ms");
    // A forced state that was to end must not become one that never does.
    if (!saved.expires) { return std::nullopt; }
  }
  return saved;
}

std::optional<SavedNode> node_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) { return std::nullopt; }
  const auto id = text_of(*object, "id");
  const auto health_text = text_of(*object, "health");
  const auto health = parse_node_health(health_text.value_or(""));
  const auto incarnation = integer_of(*object, "incarnation");
  const auto sequence = integer_of(*object, "sequence");
  const auto interval_ms = integer_of(*object, "interval_ms");
  if (!id || !health || !incarnation || !sequence || !interval_ms) { return std::nullopt; }
  if (*interval_ms > kMaxReportIntervalMs) { return std::nullopt; }
  SavedNode saved{*id, *health, *incarnation, *sequence, static_cast<std::uint32_t>(*interval_ms)};
  // Files of before there were yields have none.
  const json::value* yield = object->if_contains("yield");
  if (yield != nullptr && yield->is_double() && yield->get_double() > 0) {
    saved.yield = std::min(yield->get_double(), 1.0);
  }
  return saved;
}

std::optional<SavedMonitor> monitor_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) { return std::nullopt; }
  const auto key = text_of(*object, "key");
  const auto state_text = text_of(*object, "state");
  const auto state = parse_monitor_state(state_text.value_or(""));
  const auto good_in_row = integer_of(*object, "good_in_row");
  const auto failures = integer_of(*object, "failures");
  const auto since = time_of(*object, "since_ms");
  constexpr std::uint64_t kMost = 65'535;  // of a threshold
  if (!key || !state || !good_in_row || !failures || !since) { return std::nullopt; }
  if (*good_in_row > kMost || *failures > kMost) { return std::nullopt; }
  return SavedMonitor{*key, *state, static_cast<unsigned>(*good_in_row),
                      static_cast<unsigned>(*failures), *since};
}

template <typename Entry, typename Parse>
void read_list(const json::object& file, std::string_view name, Parse parse,
               std::vector<Entry>* out, Problems& problems) {
  const json::value* list = file.if_contains(view(name));
  if (list == nullptr || !list->is_array()) {
    problems.warning({}, "state file: no list \"" + std::string(name) + "\"");
    return;
  }
  std::size_t position = 0;
  for (const json::value& value : list->get_array()) {
    if (auto entry = parse(value)) {
      out->push_back(std::move(*entry));
    } else {
      problems.warning({}, "state file: entry " + std::to_string(position) + " of \"" +
                               std::string(name) + "\" is unusable, left out");
    }
    ++position;
  }
}

}  // namespace

std::string write_state_file(const SavedState& state) {
  json::array admin;
  for (const SavedAdmin& saved : state.admin) {
    json::object entry{{"target", saved.target},
                       {"state", view(to_string(saved.state))},
                       {"reason", saved.reason},
                       {"set_ms", to_ms(saved.set_at)}};
    if (saved.expires) { entry["expires_ms"] = to_ms(*saved.expires); }
    admin.push_back(std::move(entry));
  }
  json::array nodes;
  for (const SavedNode& saved : state.nodes) {
    nodes.push_back(json::object{{"id", saved.full_id},
                                 {"health", view(to_string(saved.health))},
                                 {"incarnation", saved.incarnation},
                                 {"sequence", saved.sequence},
                                 {"interval_ms", saved.interval_ms},
                                 {"yield", saved.yield}});
  }
  json::array monitors;
  for (const SavedMonitor& saved : state.monitors) {
    monitors.push_back(json::object{{"key", saved.key},
                                    {"state", view(to_string(saved.state))},
                                    {"good_in_row", saved.good_in_row},
                                    {"failures", saved.failures},
                                    {"since_ms", to_ms(saved.since)}});
  }
  return json::serialize(json::object{{"version", kStateFileVersion},
                                      {"saved_ms", to_ms(state.saved_at)},
                                      {"admin", std::move(admin)},
                                      {"nodes", std::move(nodes)},
                                      {"monitors", std::move(monitors)}}) +
         "\n";
}

SavedState parse_state_file(const std::string& text, Problems& problems) {
  SavedState state;
  json::error_code not_json;
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // an odd octet in a reason must not cost the whole file
  const json::value value = json::parse(view(text), not_json, {}, options);
  const json::object* file = not_json ? nullptr : value.if_object();
  if (file == nullptr) {
    problems.warning({}, "state file: not a JSON object",
                     "sequence numbers and the operator's states are forgotten");
    return state;
  }
  const auto version = integer_of(*file, "version");
  const auto saved_at = time_of(*file, "saved_ms");
  if (version != kStateFileVersion || !saved_at) {
    problems.warning({}, "state file: unknown version or no time",
                     "sequence numbers and the operator's states are forgotten");
    return state;
  }
  state.saved_at = *saved_at;
  read_list(*file, "admin", admin_of, &state.admin, problems);
  read_list(*file, "nodes", node_of, &state.nodes, problems);
  // Files of before there were monitors have none.
  if (file->contains("monitors")) {
    read_list(*file, "monitors", monitor_of, &state.monitors, problems);
  }
  return state;
}

}  // namespace gslb::fleet
