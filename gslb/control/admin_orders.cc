// /v1/purge and /v1/prefetch: what edges were ordered, and who has seen it.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "gslb/control/admin_api.h"
#include "gslb/control/admin_json.h"

namespace gslb::control {
namespace {

namespace json = boost::json;

std::string to_json(const OrderBook::Status& status, WallTime now) {
  json::array nodes;
  for (const OrderBook::NodeSeen& node : status.nodes) {
    const auto age = std::chrono::duration_cast<milliseconds>(now - node.heard);
    nodes.push_back(json::object{{"cluster", node.cluster},
                                 {"node", node.node},
                                 {"seen", node.seen},
                                 {"pending", status.last - node.seen},
                                 {"away", age > 3 * node.interval + seconds(1)},
                                 {"heartbeat_age_ms", age.count()}});
  }
  return json::serialize(json::object{{"first", status.first},
                                      {"last", status.last},
                                      {"octets", status.octets},
                                      {"nodes", std::move(nodes)}}) +
         '\n';
}

Result<std::vector<fleet::Order>, std::string> orders_of(const HttpRequest& request) {
  if (request.path == "/v1/purge") { return fleet::parse_purge_request(request.body); }
  auto wanted = fleet::parse_prefetch_request(request.body);
  if (!wanted) { return Unexpected(wanted.error()); }
  std::vector<fleet::Order> orders;
  for (std::string& url : wanted->urls) {
    orders.push_back({0, fleet::OrderKind::kPrefetch, false, std::move(url), 0});
  }
  return orders;
}

}  // namespace

HttpResponse AdminApi::order(const HttpRequest& request) {
  HttpResponse response;
  response.content_type = "application/json";
  if (request.method == "POST") {
    auto orders = orders_of(request);
    if (!orders) {
      response.status = 400;
      response.body = error_json(orders.error(), "{\"urls\":[\"http://www.example/a\"]}");
      return response;
    }
    if (!supervisor_.order(*std::move(orders))) {
      response.status = 500;
      response.body = error_json("the orders can't be kept, so none was given",
                                 "see state_dir of [server], and the log");
      return response;
    }
    response.status = 202;
  }
  response.body = to_json(supervisor_.orders(), std::chrono::system_clock::now());
  return response;
}

}  // namespace gslb::control
