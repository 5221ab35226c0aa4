#include "edge/report/state_json.h"

#include "gslb/base/log.h"

namespace edge::report {
namespace {

void add(std::string& json, std::string_view name, std::string_view text) {
  json.append(json.back() == '{' ? "\"" : ",\"").append(name).append("\":");
  gslb::append_json_string(json, text);
}

void add(std::string& json, std::string_view name, std::uint64_t number) {
  json.append(json.back() == '{' ? "\"" : ",\"").append(name).append("\":");
  json += std::to_string(number);
}

void add_server(std::string& json, const ServerFigures& server) {
  json += json.back() == '[' ? "{" : ",{";
  add(json, "url", server.url);
  add(json, "state", server.state);
  add(json, "in_flight", server.in_flight);
  add(json, "requests", server.requests);
  add(json, "failures", server.failures);
  add(json, "ejections", server.ejections);
  add(json, "checks_failed", server.checks_failed);
  json += '}';
}

}  // namespace

std::string write_state(const Figures& figures) {
  std::string json = "{";
  add(json, "state", state_name(figures.state));
  json += ",\"origins\":[";
  for (const OriginFigures& origin : figures.origins) {
    json += json.back() == '[' ? "{" : ",{";
    add(json, "name", origin.name);
    add(json, "queued", origin.queued);
    add(json, "queue_refused", origin.queue_refused);
    add(json, "retries", origin.retries);
    add(json, "retries_refused", origin.retries_refused);
    json += ",\"servers\":[";
    for (const ServerFigures& server : origin.servers) { add_server(json, server); }
    json += "]}";
  }
  json += "]}\n";
  return json;
}

}  // namespace edge::report
