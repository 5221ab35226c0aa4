#include "gslb/fleet/orders.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gslb/fleet/report_parts.h"

namespace gslb::fleet {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, OrderKind>, 4> kLists = {
    {{"urls", OrderKind::kUrl},
     {"prefixes", OrderKind::kPrefix},
     {"hosts", OrderKind::kHost},
     {"keys", OrderKind::kKey}}};

json::string_view shown(std::string_view text) { return {text.data(), text.size()}; }

json::value parse(std::string_view body, json::error_code& error) {
  json::parse_options options;
  options.max_depth = kMaxReportDepth;
  return json::parse(shown(body), error, {}, options);
}

json::object object_of(const Order& order) {
  json::object entry{{"id", order.id},
                     {"kind", shown(kOrderKindNames[static_cast<std::size_t>(order.kind)])}};
  if (!order.value.empty()) { entry["value"] = order.value; }
  if (order.soft) { entry["soft"] = true; }
  return entry;
}

// Nothing: of a kind that only newer edges know.
std::optional<Order> order_of(const json::value& entry, Members& whole) {
  Members members(entry);
  Order order;
  std::string kind;
  members.integer("id", 0, kMaxReportInteger, &order.id);
  members.text("kind", Member::kRequired, &kind);
  members.text("value", Member::kOptional, &order.value);
  members.truth("soft", &order.soft);
  members.integer("at", 0, kMaxReportInteger, &order.at_ms, Member::kOptional);
  if (!members.ok()) {
    whole.fail(members.error());
    return std::nullopt;
  }
  const auto known = parse_order_kind(kind);
  if (!known) { return std::nullopt; }
  order.kind = *known;
  whole.require(is_order(order));
  return order;
}

// Of http or https, or without a scheme; the rest is for the edge to read.
bool has_host(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme < url.find('/')) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) { return false; }
    url.remove_prefix(scheme + 3);
  }
  return !url.empty() && url.find_first_of("/?#") != 0 && url.find(' ') == std::string_view::npos;
}

std::optional<std::string> take_list(const json::array& list, OrderKind kind, bool soft,
                                     std::vector<Order>& orders) {
  for (const json::value& entry : list) {
    const json::string* const text = entry.if_string();
    if (text == nullptr) { return "has something that is not a string"; }
    Order order{0, kind, soft, std::string(text->data(), text->size()), 0};
    if (!is_order(order)) { return "has an entry that is empty, too long or not printable"; }
    const bool is_url = kind != OrderKind::kHost && kind != OrderKind::kKey;
    if (is_url && !has_host(order.value)) { return "has an entry that is no http or https URL"; }
    if (kind == OrderKind::kKey && order.value.find_first_of(" ,") != std::string::npos) {
      return "has a key with a space or a comma in it";
    }
    orders.push_back(std::move(order));
  }
  return std::nullopt;
}

}  // namespace

std::optional<OrderKind> parse_order_kind(std::string_view text) noexcept {
  const auto* const known = std::find(kOrderKindNames.begin(), kOrderKindNames.end(), text);
  if (known == kOrderKindNames.end()) { return std::nullopt; }
  return static_cast<OrderKind>(known - kOrderKindNames.begin());
}

bool is_order(const Order& order) noexcept {
  const bool printable = std::all_of(order.value.begin(), order.value.end(),
                                     [](char c) { return c >= 0x20 && c < 0x7f; });
  return order.id <= kMaxReportInteger && order.value.size() <= kMaxOrderValueOctets && printable &&
         order.value.empty() == (order.kind == OrderKind::kAll);
}

Result<std::vector<Order>, std::string> parse_purge_request(std::string_view body) {
  json::error_code error;
  const json::value value = parse(body, error);
  const json::object* const request = value.if_object();
  if (error || request == nullptr) { return Unexpected(std::string("the body is not JSON")); }
  bool soft = false;
  bool all = false;
  for (const auto& member : *request) {
    const bool is_list = std::any_of(kLists.begin(), kLists.end(), [&](const auto& list) {
      return shown(list.first) == member.key();
    });
    if (is_list) { continue; }
    const bool* const truth = member.value().if_bool();
    const bool known = member.key() == "soft" || member.key() == "all";
    if (!known || truth == nullptr) {
      return Unexpected("what is \"" + std::string(member.key()) +
                        "\"? soft and all (true or false), urls, prefixes, hosts, keys (arrays)");
    }
    (member.key() == "soft" ? soft : all) = *truth;
  }
  std::vector<Order> orders;
  if (all) { orders.push_back({0, OrderKind::kAll, soft, "", 0}); }
  for (const auto& [name, kind] : kLists) {
    const json::value* const list = request->if_contains(shown(name));
    if (list == nullptr) { continue; }
    if (!list->is_array()) { return Unexpected(std::string(name) + " is not an array"); }
    if (const auto wrong = take_list(list->get_array(), kind, soft, orders)) {
      return Unexpected(std::string(name) + " " + *wrong);
    }
  }
  if (orders.empty()) { return Unexpected(std::string("nothing to purge is named")); }
  if (orders.size() > kMaxOrdersAtOnce) {
    return Unexpected("more than " + std::to_string(kMaxOrdersAtOnce) + " at once");
  }
  return orders;
}

Result<PrefetchRequest, std::string> parse_prefetch_request(std::string_view body) {
  json::error_code error;
  const json::value value = parse(body, error);
  if (error || !value.is_object()) { return Unexpected(std::string("the body is not JSON")); }
  Members members(value);
  PrefetchRequest request;
  members.integer("priority", 0, 9, &request.priority, Member::kOptional);
  members.truth("off_peak", &request.off_peak);
  const json::array* const urls = members.list("urls", kMaxOrdersAtOnce);
  if (!members.ok()) {
    return Unexpected(std::string("urls (up to 1000), priority (0 to 9), off_peak: ") +
                      std::string(describe(members.error())));
  }
  std::vector<Order> orders;
  if (urls == nullptr) { return Unexpected(std::string("urls are missing")); }
  if (const auto wrong = take_list(*urls, OrderKind::kPrefetch, false, orders)) {
    return Unexpected("urls " + *wrong);
  }
  for (Order& order : orders) { request.urls.push_back(std::move(order.value)); }
  return request;
}

std::string write_order_line(const Order& order) {
  json::object entry = object_of(order);
  entry["at"] = order.at_ms;
  return json::serialize(entry) + '\n';
}

std::optional<Order> parse_order_line(std::string_view line) {
  json::error_code error;
  const json::value value = parse(line, error);
  if (error) { return std::nullopt; }
  Members members(value);
  auto order = order_of(value, members);
  if (!members.ok()) { return std::nullopt; }
  return order;
}

void write_page(const OrderPage& page, json::object& body) {
  json::array entries;
  for (const Order& order : page.orders) { entries.push_back(object_of(order)); }
  body["orders"] = {{"journal", page.journal}, {"seen", page.seen}, {"list", std::move(entries)}};
}

std::optional<OrderPage> parse_page(Members& reply) {
  const json::value* const found = reply.find("orders", Member::kOptional);
  if (found == nullptr) { return std::nullopt; }
  OrderPage page;
  Members members(*found);
  members.integer("journal", 1, kMaxReportInteger, &page.journal);
  members.integer("seen", 0, kMaxReportInteger, &page.seen);
  const json::array* const list = members.list("list", kMaxOrderPage);
  if (list != nullptr) {
    for (const json::value& entry : *list) {
      if (!members.ok()) { break; }
      if (auto order = order_of(entry, members)) { page.orders.push_back(*std::move(order)); }
    }
  }
  if (!members.ok()) {
    reply.fail(members.error());
    return std::nullopt;
  }
  return page;
}

void write_seen(const OrdersSeen& seen, json::object& body) {
  json::object entry{{"journal", seen.journal}, {"seen", seen.seen}};
  if (seen.empty_ms > 0) { entry["empty_ms"] = seen.empty_ms; }
  body["orders"] = std::move(entry);
}

void parse_seen(Members& report, std::optional<OrdersSeen>* out) {
  const json::value* const found = report.find("orders", Member::kOptional);
  if (found == nullptr) { return; }
  OrdersSeen seen;
  Members members(*found);
  members.integer("journal", 0, kMaxReportInteger, &seen.journal);
  members.integer("seen", 0, kMaxReportInteger, &seen.seen);
  members.integer("empty_ms", 0, kMaxReportInteger, &seen.empty_ms, Member::kOptional);
  if (!members.ok()) { return report.fail(members.error()); }
  *out = seen;
}

}  // namespace gslb::fleet
