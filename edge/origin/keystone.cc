#include "edge/origin/keystone.h"

#include <chrono>
#include <ctime>

#include <boost/json.hpp>

namespace edge::origin {
namespace {

namespace json = boost::json;

json::object named(const std::string& name) { return {{"name", name}}; }

// "2015-11-06T15:32:17.893769Z", in seconds since 1970; the fraction is dropped.
std::optional<std::int64_t> parse_moment(const json::object& token, std::string_view name) {
  const json::value* const value = token.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) { return std::nullopt; }
  std::tm parts{};
  const char* const end = strptime(text->c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr) { return std::nullopt; }
  return timegm(&parts);
}

}  // namespace

std::string keystone_request(const config::Swift& swift) {
  const config::Keystone& keystone = *swift.keystone;
  json::object auth;
  if (!keystone.credential_id.empty()) {
    const json::object credential = {{"id", keystone.credential_id}, {"secret", swift.key}};
    auth["identity"] = {{"methods", {"application_credential"}},
                        {"application_credential", credential}};
  } else {
    const json::object user = {
        {"name", swift.user}, {"domain", named(keystone.user_domain)}, {"password", swift.key}};
    auth["identity"] = {{"methods", {"password"}}, {"password", {{"user", user}}}};
    const json::object project = {{"name", keystone.project},
                                  {"domain", named(keystone.project_domain)}};
    auth["scope"] = {{"project", project}};
  }
  return json::serialize(json::object{{"auth", auth}});
}

std::optional<std::int64_t> keystone_life_s(std::string_view body) {
  boost::system::error_code error;
  const json::value whole = json::parse(json::string_view(body.data(), body.size()), error);
  if (error || !whole.is_object()) { return std::nullopt; }
  const json::value* const token = whole.as_object().if_contains("token");
  if (token == nullptr || !token->is_object()) { return std::nullopt; }
  const auto ends = parse_moment(token->as_object(), "expires_at");
  const auto begins = parse_moment(token->as_object(), "issued_at");
  if (!ends || !begins || *ends <= *begins) { return std::nullopt; }
  return *ends - *begins;
}

}  // namespace edge::origin
