#include "gslb/dnssec/keys_json.h"

#include <array>
#include <ctime>

#include <boost/json.hpp>

#include "gslb/dnssec/key_text_form.h"

namespace gslb::dnssec {
namespace {

namespace json = boost::json;

json::string text(std::string_view value) { return json::string(value.data(), value.size()); }

json::value time(std::optional<WallTime> at) {
  if (!at) { return nullptr; }
  const std::time_t time = std::chrono::system_clock::to_time_t(*at);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> buffer{};
  return text({buffer.data(), std::strftime(buffer.data(), buffer.size(), "%FT%T.000Z", &parts)});
}
json::value time(std::optional<KeyTime> at) {
  return time(at ? std::optional<WallTime>(*at) : std::nullopt);
}

json::object record(const RecordState& state) {
  return {{"state", text(to_string(state.presence))},
          {"since",
           state.since == KeyTime{} ? json::value(nullptr) : time(std::optional(state.since))}};
}

json::object key_object(const ZoneKey& key, const std::string& directory) {
  const KeyState& state = key.state;
  json::object made{{"tag", state.tag},
                    {"algorithm", text(to_string(key.file.key->algorithm()))},
                    {"bits", key.file.key->bits()},
                    {"role", text(to_string(state.role))},
                    {"use", text(use_of(state))},
                    {"file", text(directory + "/" + key_file_name(*key.file.key))},
                    {"created", time(std::optional(state.created))},
                    {"active_since", time(state.activated)},
                    {"dnskey", record(state.dnskey)}};
  made["signatures"] =
      signs_zone(state.role) ? json::value(record(state.zrrsig)) : json::value(nullptr);
  made["ds"] = signs_keys(state.role) ? json::value(record(state.ds)) : json::value(nullptr);
  made["ds_seen"] = time(state.ds_seen);
  made["ds_record"] =
      signs_keys(state.role) ? json::value(text(ds_text(*key.file.key))) : json::value(nullptr);
  return made;
}

json::object zone_object(const SigningStatus& status) {
  json::array keys;
  for (const ZoneKey& key : status.keys) { keys.emplace_back(key_object(key, status.key_dir)); }
  json::array missing;
  for (const KeyRole role : status.missing) { missing.emplace_back(text(to_string(role))); }
  std::vector<KeyState> states;
  for (const ZoneKey& key : status.keys) { states.push_back(key.state); }
  return {{"zone", text(status.apex.to_string())},
          {"policy", text(status.policy)},
          {"key_dir", text(status.key_dir)},
          {"waits_for", text(operator_task(states))},
          {"missing", std::move(missing)},
          {"next_event", time(status.next_event)},
          {"first_expiration", time(status.first_expiration)},
          {"problem", text(status.problem)},
          {"keys", std::move(keys)}};
}

}  // namespace

std::string to_json(const std::vector<SigningStatus>& zones) {
  json::array made;
  for (const SigningStatus& each : zones) { made.emplace_back(zone_object(each)); }
  return json::serialize(json::object{{"zones", std::move(made)}}) + "\n";
}

}  // namespace gslb::dnssec
