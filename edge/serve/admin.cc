#include "edge/serve/admin.h"

#include <chrono>
#include <utility>

#include "edge/origin/swift_page.h"
#include "edge/serve/orders.h"
#include "edge/serve/push.h"

namespace edge::serve {
namespace {

std::string error_json(const std::string& what) {
  // Our own words quote nothing but names of members, which are escaped for that.
  std::string escaped;
  for (const char c : what) {
    if (c == '"' || c == '\\') { escaped += '\\'; }
    escaped += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return "{\"error\":\"" + escaped + "\"}\n";
}

report::AdminAnswer answer_of(bool kept, std::size_t count) {
  if (kept) { return {200, "{\"purged\":" + std::to_string(count) + "}\n"}; }
  return {500, error_json("purged, but the journal can't be written: a restart may forget it")};
}

}  // namespace

bool Admin::handle(const report::AdminRequest& request, report::AdminDone done) {
  if (request.path == "/v1/purge" && request.method == "POST") {
    purge(request, std::move(done));
    return true;
  }
  const bool lists = request.method == "POST" || request.method == "DELETE";
  if (request.path == "/v1/prefetch" && (lists || request.method == "GET")) {
    done(prefetch(request));
    return true;
  }
  if (request.path == "/v1/pins" && (lists || request.method == "GET")) {
    done(pins(request));
    return true;
  }
  if (request.path == "/v1/objects" && request.method == "PUT") {
    done(put(request));
    return true;
  }
  return false;
}

report::AdminAnswer Admin::prefetch(const report::AdminRequest& request) {
  if (request.method == "DELETE") {
    return {200, "{\"cleared\":" + std::to_string(prefetcher_.clear()) + "}\n"};
  }
  if (request.method == "POST") {
    const auto wanted = gslb::fleet::parse_prefetch_request(request.body);
    if (!wanted) { return {400, error_json(wanted.error())}; }
    Prefetcher::List list;
    list.priority = wanted->priority;
    list.off_peak = wanted->off_peak;
    for (const std::string& url : wanted->urls) {
      auto parsed = parse_prefetch_url(url);
      if (!parsed) { return {400, error_json(url + " is no http or https URL")}; }
      list.urls.push_back(*std::move(parsed));
    }
    if (!prefetcher_.submit(std::move(list))) { return {429, error_json("too many wait")}; }
  }
  const Prefetcher::Figures now = prefetcher_.figures();
  return {request.method == "POST" ? 202U : 200U,
          "{\"waiting\":" + std::to_string(now.waiting) + ",\"in_flight\":" +
              std::to_string(now.in_flight) + ",\"done\":" + std::to_string(now.done) +
              ",\"failed\":" + std::to_string(now.failed) +
              ",\"refused\":" + std::to_string(now.refused) +
              ",\"off_peak\":" + (now.window_open ? "true" : "false") + "}\n"};
}

report::AdminAnswer Admin::pins(const report::AdminRequest& request) {
  if (request.method == "GET") { return {200, pins_.to_json()}; }
  const auto wanted = gslb::fleet::parse_prefetch_request(request.body);
  if (!wanted) { return {400, error_json(wanted.error())}; }
  std::vector<PrefetchUrl> urls;
  for (const std::string& url : wanted->urls) {
    auto parsed = parse_prefetch_url(url);
    if (!parsed) { return {400, error_json(url + " is no http or https URL")}; }
    urls.push_back(*std::move(parsed));
  }
  const bool unpins = request.method == "DELETE";
  const PinList::Outcome outcome = unpins ? pins_.remove(urls) : pins_.add(urls);
  if (outcome == PinList::Outcome::kTooMany) { return {429, error_json("too many are pinned")}; }
  if (outcome == PinList::Outcome::kNotKept) {
    return {500, error_json("done, but the list can't be written: a restart forgets it")};
  }
  return {200, pins_.to_json()};
}

report::AdminAnswer Admin::put(const report::AdminRequest& request) {
  constexpr std::string_view kUrl = "url=";
  if (!request.query.starts_with(kUrl)) {
    return {400, error_json("url is missing: PUT /v1/objects?url=http%3A%2F%2Fwww.example%2Fa")};
  }
  const std::string url = origin::percent_decode(request.query.substr(kUrl.size()));
  const PushOutcome outcome = push(shared_, *config_(), {url, request.fields, request.body});
  if (!outcome.error.empty()) { return {outcome.status, error_json(outcome.error)}; }
  return {outcome.status, "{\"ttl\":" + std::to_string(outcome.ttl_s) + "}\n"};
}

void Admin::purge(const report::AdminRequest& request, report::AdminDone done) {
  const auto orders = gslb::fleet::parse_purge_request(request.body);
  if (!orders) { return done({400, error_json(orders.error())}); }
  const config::ConfigRef config = config_();
  std::vector<cache::Purge> purges;
  for (const gslb::fleet::Order& order : *orders) {
    auto purge = purge_of(*config, order);
    if (!purge) { return done({400, error_json(order.value + " is no http or https URL")}); }
    purges.push_back(*std::move(purge));
  }
  const std::size_t count = purges.size();
  const auto shared = std::make_shared<report::AdminDone>(std::move(done));
  const auto now = std::chrono::steady_clock::now();
  const bool taken = purger_.admit(count, config->purge.per_second, now) &&
                     purger_.submit(std::move(purges), std::nullopt, [shared, count](bool kept) {
                       (*shared)(answer_of(kept, count));
                     });
  if (!taken) { (*shared)({429, error_json("too many purges: see per_second of [purge]")}); }
}

}  // namespace edge::serve
