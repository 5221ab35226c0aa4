#include "gslb/control/admin_keys.h"

#include <charconv>

#include <boost/json.hpp>

#include "gslb/control/admin_json.h"
#include "gslb/dnssec/key_text_form.h"
#include "gslb/dnssec/keys_json.h"

namespace gslb::control {
namespace {

namespace json = boost::json;

HttpResponse respond(unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

HttpResponse fail(unsigned status, std::string_view what, std::string_view hint = {}) {
  return respond(status, error_json(what, hint));
}

HttpResponse tell(const KeyCommandResult& result) {
  if (!result) {
    return fail(result.error().is_unknown ? 404 : 409, result.error().what, result.error().hint);
  }
  return respond(200, json::serialize(json::object{{"done", *result}}) + "\n");
}

HttpResponse list(const ZoneSigner& signer, const HttpRequest& request) {
  std::vector<dnssec::SigningStatus> zones;
  if (const auto zone = request.parameter("zone")) {
    const auto apex = dns::Name::parse(*zone);
    auto status = apex ? signer.status(*apex) : std::nullopt;
    if (!status) {
      return fail(404, "zone '" + std::string(*zone) + "' has no dnssec policy",
                  "set dnssec in its [[zone]]");
    }
    zones.push_back(std::move(*status));
  } else {
    zones = signer.status();
  }
  return respond(200, dnssec::to_json(zones));
}

}  // namespace

HttpResponse handle_keys(ZoneSigner& signer, const HttpRequest& request) {
  const std::string verb = request.path.substr(std::string_view("/v1/keys").size());
  const bool known =
      verb.empty() || verb == "/generate" || verb == "/rollover" || verb == "/ds-seen";
  if (!known) { return fail(404, "no such path"); }
  const std::string_view method = verb.empty() ? "GET" : "POST";
  if (request.method != method) {
    HttpResponse response = fail(405, "method not allowed");
    response.headers.emplace_back("Allow", method);
    return response;
  }
  if (verb.empty()) { return list(signer, request); }
  const auto apex = dns::Name::parse(request.parameter("zone").value_or(""));
  if (!apex) { return fail(400, "zone is not a domain name", dns::describe(apex.error())); }
  std::optional<dnssec::KeyRole> role;
  if (const auto word = request.parameter("role")) {
    role = dnssec::parse_role(*word);
    if (!role) { return fail(400, "role must be csk, ksk or zsk"); }
  }
  const std::string_view tag_text = request.parameter("tag").value_or("");
  std::optional<std::uint16_t> tag;
  if (!tag_text.empty() && tag_text != "none") {
    std::uint16_t value = 0;
    const auto* const end = tag_text.data() + tag_text.size();
    const auto [stop, error] = std::from_chars(tag_text.data(), end, value);
    if (error != std::errc() || stop != end) { return fail(400, "tag is not a key tag"); }
    tag = value;
  }
  if (verb == "/generate") { return tell(signer.generate(*apex, role)); }
  if (verb == "/rollover") { return tell(signer.roll(*apex, role, tag)); }
  if (tag_text.empty()) {
    return fail(400, "tag is missing", "of the key whose DS the parent has, or none");
  }
  return tell(signer.ds_seen(*apex, tag));
}

}  // namespace gslb::control
