// What heartbeats say of the node itself: hosts served, store, conditions, siblings.
#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "gslb/fleet/report_parts.h"

namespace gslb::fleet {
namespace {

namespace json = boost::json;

// A host, "*." before one, or "*".
bool is_host_group(std::string_view text) {
  if (text == "*") { return true; }
  if (text.starts_with("*.")) { text.remove_prefix(2); }
  if (text.empty() || text.size() > kMaxHostOctets) { return false; }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
           c == ':' || c == '[' || c == ']';  // addresses are hosts too
  });
}

bool is_use(const HostUse& use) {
  return is_host_group(use.hosts) && use.requests <= kMaxReportInteger &&
         use.hits <= use.requests && use.octets <= kMaxReportInteger &&
         use.hit_octets <= use.octets && use.origin_us <= kMaxReportInteger;
}

bool is_store(const StoreUse& store) {
  return store.memory_octets <= kMaxReportInteger && store.memory_budget <= kMaxReportInteger &&
         store.disk_octets <= kMaxReportInteger && store.disk_budget <= kMaxReportInteger;
}

bool is_condition(const Condition& condition) {
  return is_id(condition.kind) && condition.detail.size() <= kMaxReportDetailOctets;
}

// At most `limit` entries, without those parse_figures would refuse.
template <typename Entry, typename Valid, typename Write>
json::array list_of(const std::vector<Entry>& entries, std::size_t limit, Valid&& valid,
                    Write&& write) {
  json::array list;
  for (const Entry& entry : entries) {
    if (list.size() == limit) { break; }
    if (valid(entry)) { list.push_back(write(entry)); }
  }
  return list;
}

// Nothing to say is not said.
void put(json::object& body, json::string_view name, json::array list) {
  if (!list.empty()) { body[name] = std::move(list); }
}

json::object object_of(const HostUse& use) {
  return {{"hosts", use.hosts},   {"requests", use.requests},     {"hits", use.hits},
          {"octets", use.octets}, {"hit_octets", use.hit_octets}, {"origin_us", use.origin_us}};
}

void write_store(const StoreUse& store, json::object& body) {
  if (store.memory_budget == 0 || !is_store(store)) { return; }
  json::object made{{"memory_octets", store.memory_octets}, {"memory_budget", store.memory_budget}};
  if (store.disk_budget > 0) {
    made["disk_octets"] = store.disk_octets;
    made["disk_budget"] = store.disk_budget;
    made["disk_writable"] = store.disk_writable;
  }
  body["store"] = std::move(made);
}

HostUse parse_use(Members& members) {
  HostUse use;
  members.text("hosts", Member::kRequired, &use.hosts);
  members.integer("requests", 0, kMaxReportInteger, &use.requests);
  members.integer("hits", 0, kMaxReportInteger, &use.hits);
  members.integer("octets", 0, kMaxReportInteger, &use.octets);
  members.integer("hit_octets", 0, kMaxReportInteger, &use.hit_octets, Member::kOptional);
  members.integer("origin_us", 0, kMaxReportInteger, &use.origin_us, Member::kOptional);
  if (members.ok()) { members.require(is_use(use)); }
  return use;
}

Condition parse_condition(Members& members) {
  Condition condition;
  members.text("kind", Member::kRequired, &condition.kind);
  members.text("detail", Member::kOptional, &condition.detail);
  if (members.ok()) { members.require(is_condition(condition)); }
  return condition;
}

SiblingHealth parse_sibling(Members& members) {
  SiblingHealth sibling;
  members.text("node", Member::kRequired, &sibling.node);
  members.flag("up", Member::kRequired, &sibling.up);
  if (members.ok()) { members.require(is_id(sibling.node)); }
  return sibling;
}

void parse_store(Members& report, StoreUse* out) {
  const json::value* found = report.find("store", Member::kOptional);
  if (found == nullptr) { return; }
  Members members(*found);
  members.integer("memory_octets", 0, kMaxReportInteger, &out->memory_octets);
  members.integer("memory_budget", 0, kMaxReportInteger, &out->memory_budget);
  members.integer("disk_octets", 0, kMaxReportInteger, &out->disk_octets, Member::kOptional);
  members.integer("disk_budget", 0, kMaxReportInteger, &out->disk_budget, Member::kOptional);
  members.flag("disk_writable", Member::kOptional, &out->disk_writable);
  if (!members.ok()) { report.fail(members.error()); }
}

template <typename Entry>
void parse_list(Members& report, std::string_view name, std::size_t limit, Entry (*parse)(Members&),
                std::vector<Entry>* out) {
  const json::array* list = report.list(name, limit);
  if (list == nullptr) { return; }
  for (const json::value& value : *list) {
    Members members(value);
    Entry entry = parse(members);
    if (!members.ok()) { return report.fail(members.error()); }
    out->push_back(std::move(entry));
  }
}

}  // namespace

void write_figures(const NodeFigures& figures, json::object& body) {
  if (figures.span_ms > 0 && figures.span_ms <= kMaxReportInteger) {
    body["span_ms"] = figures.span_ms;
  }
  put(body, "hosts", list_of(figures.hosts, kMaxReportHosts, is_use, [](const HostUse& use) {
        return object_of(use);
      }));
  write_store(figures.store, body);
  put(body, "conditions",
      list_of(
          figures.conditions, kMaxReportConditions,
          [](const Condition& condition) { return is_id(condition.kind); },
          [](const Condition& condition) {
            return json::object{{"kind", condition.kind},
                                {"detail", printable(condition.detail, kMaxReportDetailOctets)}};
          }));
  put(body, "siblings",
      list_of(
          figures.siblings, kMaxReportSiblings,
          [](const SiblingHealth& sibling) { return is_id(sibling.node); },
          [](const SiblingHealth& sibling) {
            return json::object{{"node", sibling.node}, {"up", sibling.up}};
          }));
}

void parse_figures(Members& members, NodeFigures* figures) {
  members.integer("span_ms", 0, kMaxReportInteger, &figures->span_ms, Member::kOptional);
  parse_list(members, "hosts", kMaxReportHosts, parse_use, &figures->hosts);
  parse_store(members, &figures->store);
  parse_list(members, "conditions", kMaxReportConditions, parse_condition, &figures->conditions);
  parse_list(members, "siblings", kMaxReportSiblings, parse_sibling, &figures->siblings);
}

}  // namespace gslb::fleet
