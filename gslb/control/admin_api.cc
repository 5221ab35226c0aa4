#include "gslb/control/admin_api.h"

#include <charconv>

#include <openssl/crypto.h>

#include "gslb/control/admin_json.h"
#include "gslb/control/admin_keys.h"
#include "gslb/metrics/metrics.h"

namespace gslb::control {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

HttpResponse respond(unsigned status, std::string body, std::string_view type = kJson) {
  HttpResponse response;
  response.status = status;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

HttpResponse fail(unsigned status, std::string_view what, std::string_view hint = {}) {
  return respond(status, error_json(what, hint));
}

HttpResponse not_allowed(std::string_view method) {
  HttpResponse response = fail(405, "method not allowed");
  response.headers.emplace_back("Allow", method);
  return response;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

constexpr std::string_view kBadFor = "for_ms must be a positive number of milliseconds";

// `lasts` stays unset without for_ms; false when it is no such number.
bool take_for(const HttpRequest& request, std::optional<milliseconds>& lasts) {
  const auto text = request.parameter("for_ms");
  if (!text) { return true; }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  lasts = milliseconds(value);
  return error == std::errc() && end == text->data() + text->size() && value > 0;
}

std::string_view header_or_empty(const HttpRequest& request, std::string_view name) {
  return request.header(name).value_or(std::string_view());
}

}  // namespace

bool AdminApi::allowed(const HttpRequest& request) const {
  if (token_.empty()) { return true; }
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view presented = header_or_empty(request, "Authorization");
  return presented.starts_with(kScheme) && same_secret(presented.substr(kScheme.size()), token_);
}

HttpResponse AdminApi::handle(const HttpRequest& request) {
  const std::string& path = request.path;
  const bool get = request.method == "GET";
  if (path == fleet::kReportPath) {
    return request.method == "POST" ? heartbeat(request) : not_allowed("POST");
  }
  if (path == "/metrics" || path == "/healthz" || path == "/readyz") {
    if (!get) { return not_allowed("GET"); }
    if (path == "/metrics") {
      return respond(200, metrics::render(supervisor_.metrics()), kMetricsType);
    }
    if (path == "/healthz") { return respond(200, "ok\n", "text/plain"); }
    return supervisor_.ready()
               ? respond(200, "ready\n", "text/plain")
               : respond(503, "waiting for the first full round of health\n", "text/plain");
  }
  if (!path.starts_with("/v1/")) { return fail(404, "no such path"); }
  if (token_.empty() && !request.peer.address.is_loopback()) {
    return fail(403, "without a token only loopback may ask", "set [admin] token_file");
  }
  if (!allowed(request)) {
    HttpResponse response = fail(401, "not authorised", "send Authorization: Bearer TOKEN");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  // A page in somebody's browser must not act for them: its requests carry an Origin.
  if (!get && request.header("Origin")) { return fail(403, "requests from web pages are refused"); }
  if (path == "/v1/status") {
    return get ? respond(200, to_json(supervisor_.status())) : not_allowed("GET");
  }
  if (path == "/v1/explain") { return get ? explain(request) : not_allowed("GET"); }
  if (path == "/v1/learnt") { return get ? learnt() : not_allowed("GET"); }
  if (path == "/v1/monitors") { return get ? monitors() : not_allowed("GET"); }
  if (path == "/v1/resolvers") { return get ? resolvers() : not_allowed("GET"); }
  if (path == "/v1/zones") { return get ? zones(request) : not_allowed("GET"); }
  if (path == "/v1/acme") {
    return get ? respond(200, to_json(supervisor_.tokens())) : not_allowed("GET");
  }
  if (path.starts_with("/v1/keys")) { return handle_keys(supervisor_.signer(), request); }
  if (path == "/v1/reload" && get) { return respond(200, to_json(supervisor_.reload_report())); }
  if (path == "/v1/secondaries") { return get ? secondaries(request) : not_allowed("GET"); }
  if (path == "/v1/secondaries/refresh" || path == "/v1/secondaries/retransfer") {
    return request.method == "POST" ? secondaries(request) : not_allowed("POST");
  }
  if (path == "/v1/purge" || path == "/v1/prefetch") {
    return get || request.method == "POST" ? order(request) : not_allowed("GET, POST");
  }
  return operate(request);
}

HttpResponse AdminApi::operate(const HttpRequest& request) {
  const std::string& path = request.path;
  const bool known = path == "/v1/reload" || path == "/v1/drain" || path == "/v1/undrain" ||
                     path == "/v1/force" || path == "/v1/acme/set" || path == "/v1/acme/clear";
  if (!known) { return fail(404, "no such path"); }
  if (request.method != "POST") { return not_allowed(path == "/v1/reload" ? "GET, POST" : "POST"); }
  if (path == "/v1/reload") { return reload(request); }
  if (path == "/v1/acme/set") { return set_token(request); }
  if (path == "/v1/acme/clear") {
    const std::size_t count = supervisor_.clear_tokens(request.parameter("name").value_or(""));
    if (count == 0) { return fail(404, "no token is set there", "see /v1/acme"); }
    return respond(200, "{\"cleared\":" + std::to_string(count) + "}\n");
  }
  if (path == "/v1/drain") { return set_admin(request, fleet::AdminState::kDrain); }
  if (path == "/v1/undrain") { return set_admin(request, fleet::AdminState::kNone); }
  const std::string_view state = request.parameter("state").value_or("");
  if (state == "up") { return set_admin(request, fleet::AdminState::kUp); }
  if (state == "down") { return set_admin(request, fleet::AdminState::kDown); }
  return fail(400, "state must be up or down", "POST /v1/force?target=fra&state=down");
}

HttpResponse AdminApi::reload(const HttpRequest& request) {
  ReloadRequest wanted;
  wanted.force = request.parameter("force").value_or("") == "1";
  if (const auto text = request.parameter("zone")) {
    auto zone = dns::Name::parse(*text);
    if (!zone) { return fail(400, "zone is not a domain name", dns::describe(zone.error())); }
    if (!supervisor_.zone_status(*zone)) {
      return fail(404, "no zone is called '" + std::string(*text) + "'",
                  "a zone new in the configuration comes with a reload of all");
    }
    wanted.zone = *std::move(zone);
  }
  supervisor_.reload(wanted);
  return respond(202, to_json(supervisor_.reload_report()));
}

HttpResponse AdminApi::learnt() {
  const auto text = supervisor_.learnt();
  if (!text) { return fail(503, "it is being written", "ask again in a moment"); }
  return respond(200, *text, "text/plain");
}

HttpResponse AdminApi::monitors() { return respond(200, to_json(supervisor_.monitors())); }

HttpResponse AdminApi::resolvers() {
  const auto snapshot = supervisor_.snapshot();
  if (!snapshot) { return fail(503, "not ready", "waiting for the first full round of health"); }
  return respond(200, to_json(answer::known_resolvers(*snapshot)));
}

HttpResponse AdminApi::zones(const HttpRequest& request) {
  const auto text = request.parameter("zone");
  if (!text) { return respond(200, to_json(supervisor_.zone_status())); }
  const auto zone = dns::Name::parse(*text);
  const auto status = zone ? supervisor_.zone_status(*zone) : std::nullopt;
  if (!status) { return fail(404, "no zone is called '" + std::string(*text) + "'"); }
  return respond(200, to_json(std::vector<ZoneStatus>{*status}));
}

HttpResponse AdminApi::set_token(const HttpRequest& request) {
  std::optional<milliseconds> lasts = kAcmeLife;
  if (!take_for(request, lasts)) { return fail(400, kBadFor); }
  if (*lasts > kMaxAcmeLife) { return fail(400, "for_ms is over 30 days"); }
  const auto token =
      supervisor_.set_token(request.parameter("name").value_or(""),
                            std::string(request.parameter("token").value_or("")), *lasts);
  if (!token) { return fail(400, token.error().what, token.error().hint); }
  return respond(202, to_json(std::vector<AcmeToken>{*token}));
}

HttpResponse AdminApi::heartbeat(const HttpRequest& request) {
  const HeartbeatAnswer answer =
      supervisor_.heartbeat({.time = header_or_empty(request, fleet::kTimeHeader),
                             .cluster = header_or_empty(request, fleet::kClusterHeader),
                             .signature = header_or_empty(request, fleet::kSignatureHeader)},
                            request.body);
  const fleet::HandledHeartbeat& handled = answer.handled;
  if (!answer.orders.empty()) {
    HttpResponse response = respond(200, answer.orders);
    response.headers.emplace_back(fleet::kSignatureHeader, answer.signature);
    return response;
  }
  const auto status = static_cast<unsigned>(fleet::http_status(handled.verdict));
  if (handled.verdict == fleet::HeartbeatVerdict::kAccepted) {
    return respond(status, status == 204 ? "" : "{}\n");
  }
  return fail(status, fleet::to_string(handled.verdict), handled.detail);
}

HttpResponse AdminApi::explain(const HttpRequest& request) {
  const auto name = dns::Name::parse(request.parameter("name").value_or(""));
  if (!name) { return fail(400, "name is not a domain name", dns::describe(name.error())); }
  const auto type = dns::parse_rr_type(request.parameter("type").value_or("A"));
  if (!type) { return fail(400, "type is not a record type", "A, AAAA, TXT, TYPE65"); }
  const auto client = Address::parse(request.parameter("client").value_or(""));
  if (!client) { return fail(400, "client is not an address", "client=198.51.100.7"); }
  answer::ExplainRequest asked{
      .name = *name, .type = *type, .client = *client, .as_subnet = true, .resolver = {}};
  asked.as_subnet = request.parameter("as").value_or("subnet") != "resolver";
  if (const auto resolver = request.parameter("resolver")) {
    const auto address = Address::parse(*resolver);
    if (!address) { return fail(400, "resolver is not an address"); }
    asked.resolver = *address;
  }
  const auto explanation = supervisor_.explain(asked);
  if (!explanation) { return fail(503, "not ready", "waiting for the first full round of health"); }
  return respond(200, to_json(asked, *explanation));
}

HttpResponse AdminApi::set_admin(const HttpRequest& request, fleet::AdminState state) {
  const std::string target(request.parameter("target").value_or(""));
  if (target.empty()) {
    return fail(400, "target is missing", "a cluster, a cluster/node, or a glob of either");
  }
  std::optional<milliseconds> lasts;
  if (!take_for(request, lasts)) { return fail(400, kBadFor); }
  const std::size_t matched = supervisor_.set_admin(
      target, state, std::string(request.parameter("reason").value_or("")), lasts);
  if (matched == 0) {
    return fail(404, "no cluster or node is called '" + target + "'", "see /v1/status");
  }
  return respond(200, "{\"matched\":" + std::to_string(matched) + "}\n");
}

}  // namespace gslb::control
