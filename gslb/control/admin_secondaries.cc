// /v1/secondaries: how secondary zones fare, and the operator's verbs for them.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "gslb/control/admin_api.h"
#include "gslb/control/admin_json.h"

namespace gslb::control {
namespace {

namespace json = boost::json;

const char* state_of(const transfer::SecondaryStatus& status) {
  switch (status.state) {
    case transfer::Refresh::State::kEmpty:
      return "empty";
    case transfer::Refresh::State::kCurrent:
      return "current";
    case transfer::Refresh::State::kExpired:
      return "expired";
  }
  return "";
}

std::int64_t unix_s(WallTime time) {
  return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

json::value unix_s(const std::optional<WallTime>& time) {
  return time ? json::value(unix_s(*time)) : json::value(nullptr);
}

json::object to_object(const transfer::SecondaryStatus& status) {
  json::array primaries;
  for (const std::string& primary : status.primaries) { primaries.emplace_back(primary); }
  return {{"name", status.apex.to_string()},
          {"state", state_of(status)},
          {"is_catalog", status.is_catalog},
          {"catalog", status.catalog ? json::value(status.catalog->to_string()) : nullptr},
          {"serial", status.serial ? json::value(*status.serial) : nullptr},
          {"primaries", std::move(primaries)},
          {"next_refresh", unix_s(status.next_refresh)},
          {"expires", unix_s(status.expires)},
          {"transferred", unix_s(status.transferred)},
          {"last_error", status.last_error}};
}

HttpResponse answer(unsigned status, const json::object& body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = json::serialize(body) + '\n';
  return response;
}

}  // namespace

HttpResponse AdminApi::secondaries(const HttpRequest& request) {
  ZoneSecondaries& secondaries = supervisor_.secondaries();
  if (request.method == "GET") {
    json::array zones;
    for (const auto& status : secondaries.status()) { zones.push_back(to_object(status)); }
    return answer(200, {{"secondaries", std::move(zones)}});
  }
  const auto name = dns::Name::parse(request.parameter("zone").value_or(""));
  const bool whole = request.path.ends_with("/retransfer");
  if (!name || !secondaries.refresh(name->lower(), whole)) {
    return answer(404, {{"error", "no secondary zone is called '" +
                                      std::string(request.parameter("zone").value_or("")) + "'"},
                        {"hint", "see /v1/secondaries"}});
  }
  return answer(202, {{"zone", name->to_string()}});
}

}  // namespace gslb::control
