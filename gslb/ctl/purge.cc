#include "gslb/ctl/purge.h"

#include <boost/json.hpp>

#include "gslb/ctl/members.h"
#include "gslb/ctl/render.h"
#include "gslb/ctl/table.h"

namespace gslb::ctl {
namespace {

namespace json = boost::json;

void add(json::object& body, const char* name, const std::vector<std::string>& list) {
  if (list.empty()) { return; }
  json::array entries;
  for (const std::string& each : list) { entries.emplace_back(each); }
  body[name] = std::move(entries);
}

std::string named(const std::vector<std::string>& nodes) {
  std::string text;
  for (const std::string& node : nodes) { text += (text.empty() ? "" : ", ") + node; }
  return text;
}

}  // namespace

std::string purge_body(const PurgeWish& wish) {
  json::object body;
  if (wish.soft) { body["soft"] = true; }
  if (wish.all) { body["all"] = true; }
  add(body, "urls", wish.urls);
  add(body, "prefixes", wish.prefixes);
  add(body, "hosts", wish.hosts);
  add(body, "keys", wish.keys);
  return json::serialize(body);
}

Result<PurgeProgress, std::string> read_purge(std::string_view body, std::uint64_t wanted) {
  const auto read = parse_object(body);
  if (!read) { return Unexpected(read.error()); }
  PurgeProgress progress;
  progress.last = static_cast<std::uint64_t>(number_at(*read, "last").value_or(0));
  if (wanted == 0) { wanted = progress.last; }
  for (const json::value& each : array_at(*read, "nodes")) {
    const json::object& node = as_object(each);
    const std::string id = text_at(node, "cluster") + '/' + text_at(node, "node");
    if (number_at(node, "seen").value_or(0) >= static_cast<double>(wanted)) {
      ++progress.done;
    } else {
      (flag_at(node, "away") ? progress.away : progress.pending).push_back(id);
    }
  }
  return progress;
}

std::string render_purge(const PurgeProgress& progress) {
  const auto nodes = [](std::size_t count) {
    return std::to_string(count) + (count == 1 ? " node" : " nodes");
  };
  std::string text =
      "order " + std::to_string(progress.last) + ": " + nodes(progress.done) + " done";
  if (!progress.pending.empty()) { text += "; not yet: " + named(progress.pending); }
  if (!progress.away.empty()) {
    text += "; away, will get it when they return: " + named(progress.away);
  }
  return text + '\n';
}

Result<std::string, std::string> render_purges(std::string_view body, const Look& look) {
  const auto read = parse_object(body);
  if (!read) { return Unexpected(read.error()); }
  Table table({{"NODE"}, {"SEEN", true}, {"PENDING", true}, {"HEARD", true}});
  for (const json::value& each : array_at(*read, "nodes")) {
    const json::object& node = as_object(each);
    const auto age_ms = number_at(node, "heartbeat_age_ms");
    table.add({text_at(node, "cluster") + '/' + text_at(node, "node"),
               fixed(number_at(node, "seen"), 0), fixed(number_at(node, "pending"), 0),
               short_time(age_ms ? std::optional(*age_ms / 1e3) : std::nullopt)});
  }
  return "last order " + fixed(number_at(*read, "last"), 0) + '\n' + table.to_string(look.colour);
}

}  // namespace gslb::ctl
