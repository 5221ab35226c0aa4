#include "gslb/ctl/render.h"

#include <boost/json.hpp>

#include "gslb/ctl/members.h"
#include "gslb/ctl/table.h"

namespace gslb::ctl {
namespace {

namespace json = boost::json;

std::string where_text(const json::object& from) {
  std::string text = text_at(from, "leaf");
  if (const auto asn = number_at(from, "asn"); asn.value_or(0) > 0) {
    text += "  AS" + fixed(asn, 0);
    if (const std::string name = text_at(from, "asn_name"); !name.empty()) { text += " " + name; }
  }
  if (const std::string country = text_at(from, "country"); !country.empty()) {
    text += "  " + country;
  }
  const auto latitude = number_at(from, "latitude");
  const auto longitude = number_at(from, "longitude");
  if (latitude && longitude) {
    text += "  " + fixed(latitude, 2) + ", " + fixed(longitude, 2) + " \u00b1 " +
            fixed(number_at(from, "place_sigma_km"), 0) + " km";
    if (flag_at(from, "place_contradicted")) { text += " (contradicted by measured RTT)"; }
  } else {
    text += "  place unknown";
  }
  if (text_at(from, "place_from") == "override") { text += " (by an override)"; }
  return text;
}

// Whose clients a resolver's queries are for: the most, and how many units more.
std::string mixture_text(const json::object& from) {
  constexpr std::size_t kShown = 4;
  const json::array& clients = array_at(from, "mixture");
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, clients.size()); ++i) {
    const json::object& client = as_object(clients[i]);
    text += (i == 0 ? "" : ", ") + fixed(number_at(client, "share").value_or(0) * 100, 0) + "%";
    if (number_at(client, "asn").value_or(0) > 0) {
      text += " AS" + fixed(number_at(client, "asn"), 0);
    }
    if (const std::string country = text_at(client, "country"); !country.empty()) {
      text += " " + country;
    }
  }
  if (clients.size() > kShown) { text += ", " + std::to_string(clients.size() - kShown) + " more"; }
  return text;
}

std::string decision_text(const json::object& from) {
  if (text_at(from, "route").empty()) { return "not routed: static data of the zone"; }
  const std::string cluster = text_at(from, "cluster");
  return (cluster.empty() ? "no cluster" : cluster) + " (" + text_at(from, "reason") + "), route " +
         text_at(from, "route") + ", service " + text_at(from, "service");
}

std::string answer_text(const json::object& from) {
  const std::string addresses = joined(array_at(from, "addresses"), ", ");
  std::string text = text_at(from, "rcode");
  if (addresses.empty()) {
    text += ", no addresses";
  } else {
    text += "  " + addresses + "  TTL " + fixed(number_at(from, "ttl_s"), 0) + " s";
  }
  return text + "  scope /" + fixed(number_at(from, "scope_bits"), 0);
}

// A part of the cost; empty when it adds nothing, so that its column vanishes when nobody has it.
std::string part(const json::object& cluster, std::string_view key) {
  const auto value = number_at(cluster, key);
  return value.value_or(0) == 0 ? "" : (*value > 0 ? "+" : "") + fixed(value, 1);
}

void put_cluster(const json::object& cluster, Table& table) {
  const bool masked = !text_at(cluster, "mask").empty();
  const bool chosen = flag_at(cluster, "chosen");
  const auto rank = number_at(cluster, "rank");
  const auto share = number_at(cluster, "share");
  const std::string verdict = text_at(cluster, "verdict");
  table.add({{text_at(cluster, "id"), chosen ? Tone::kBold : Tone::kPlain},
             fixed(number_at(cluster, "rtt_ms"), 1) + " \u00b1 " +
                 fixed(number_at(cluster, "rtt_sigma_ms"), 1),
             text_at(cluster, "rtt_source"),
             part(cluster, "caution_ms"),
             part(cluster, "transfer_ms"),
             part(cluster, "loss_ms"),
             part(cluster, "fill_ms"),
             part(cluster, "trouble_ms"),
             part(cluster, "on_net_ms"),
             part(cluster, "pool_ms"),
             part(cluster, "tier_ms"),
             part(cluster, "money_ms"),
             part(cluster, "bias_ms"),
             part(cluster, "file_ms"),
             part(cluster, "prefer_ms"),
             masked ? "-" : fixed(number_at(cluster, "cost_ms"), 1),
             fixed(number_at(cluster, "price_ms"), 1),
             rank.value_or(-1) < 0 ? "-" : fixed(*rank + 1, 0),
             share.value_or(0) > 0 ? fixed(*share * 100, 0) + "%" : "-",
             {verdict, chosen                         ? Tone::kGood
                       : !flag_at(cluster, "serving") ? Tone::kBad
                                                      : Tone::kPlain}});
}

void put_room(const json::object& cluster, Table& table) {
  const std::string admin = text_at(cluster, "admin");
  const auto utilisation = number_at(cluster, "utilisation");
  const auto capacity = number_at(cluster, "capacity_per_s");
  table.add({text_at(cluster, "id"), text_at(cluster, "tier"),
             fixed(number_at(cluster, "serving_nodes"), 0) + "/" +
                 fixed(number_at(cluster, "nodes"), 0) + (admin == "none" ? "" : " " + admin),
             utilisation.value_or(0) > 0 ? fixed(*utilisation * 100, 0) + "%" : "",
             load_text(array_at(cluster, "load"), {"current", "target", "max"}),
             fixed(number_at(cluster, "planned_load_per_s"), 1),
             capacity ? fixed(capacity, 1) : "no limit"});
}

// Only where there is something to choose.
void put_nodes(const json::object& explained, const Look& look, std::string& out) {
  const json::array& nodes = array_at(explained, "nodes");
  if (nodes.size() < 2) { return; }
  Table table({{"NODE OF " + text_at(explained, "cluster")},
               {"SERVING"},
               {"LOAD/SHARE", true},
               {"YIELDS", true},
               {"NAMED"}});
  for (const json::value& each : nodes) {
    const json::object& node = as_object(each);
    const double ratio = number_at(node, "load_ratio").value_or(0);
    const double yield = number_at(node, "yield").value_or(0);
    table.add({text_at(node, "id"),
               flag_at(node, "fails")     ? "fails the service's monitors"
               : flag_at(node, "serving") ? "yes"
                                          : "no",
               ratio > 0 ? fixed(ratio, 2) : "-",
               yield > 0 ? fixed(yield * 100, 1) + "%" : "-",
               {flag_at(node, "named") ? "yes" : "", Tone::kGood}});
  }
  out += "\n" + table.to_string(look.colour);
}

}  // namespace

Result<std::string, std::string> render_explain(std::string_view body, const Look& look) {
  auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  const json::object& from = *parsed;
  std::string out;
  const auto put = [&](std::string_view label, const std::string& text) {
    std::string padded(label);
    padded.resize(12, ' ');
    out += toned(padded, Tone::kBold, look.colour) + printable(text) + "\n";
  };
  put("question",
      text_at(from, "name") + " " + text_at(from, "type") + " for " + text_at(from, "client"));
  put("answer", answer_text(from));
  put("decision", decision_text(from));
  put("located by", text_at(from, "decided_by"));
  put("at", where_text(from));
  if (const std::string clients = mixture_text(from); !clients.empty()) {
    put("asks for", clients + " (resolver " + text_at(from, "resolver_network") + ")");
  }
  if (const std::string rule = text_at(from, "override"); !rule.empty()) { put("override", rule); }
  if (const std::string next = text_at(from, "if_lost"); !next.empty()) { put("if lost", next); }
  put("zone", (text_at(from, "zone").empty() ? "none of ours" : text_at(from, "zone")) + ", unit " +
                  text_at(from, "unit_id") + ", generation " +
                  fixed(number_at(from, "generation"), 0));
  const json::array& clusters = array_at(from, "clusters");
  if (!clusters.empty()) {
    Table table({{"CLUSTER"},
                 {"RTT MS", true},
                 {"FROM"},
                 {"CAUTION", true},
                 {"TRANSFER", true},
                 {"LOSS", true},
                 {"FILL", true},
                 {"TROUBLE", true},
                 {"ON-NET", true},
                 {"POOL", true},
                 {"TIER", true},
                 {"MONEY", true},
                 {"BIAS", true},
                 {"FILE", true},
                 {"PREFER", true},
                 {"COST MS", true},
                 {"PRICE", true},
                 {"RANK", true},
                 {"SHARE", true},
                 {"VERDICT"}});
    for (const json::value& each : clusters) { put_cluster(as_object(each), table); }
    out += "\n" + table.to_string(look.colour);
    Table room({{"CLUSTER"},
                {"TIER"},
                {"NODES UP"},
                {"USE", true},
                {"LOAD/TARGET/MAX"},
                {"PLANNED/S", true},
                {"ROOM FOR", true}});
    for (const json::value& each : clusters) { put_room(as_object(each), room); }
    out += "\n" + room.to_string(look.colour);
    put_nodes(from, look, out);
  }
  if (const std::string credits = joined(array_at(from, "attributions"), "\n"); !credits.empty()) {
    out += "\n";
    for (const json::value& each : array_at(from, "attributions")) {
      if (each.is_string()) {
        out += printable({each.get_string().data(), each.get_string().size()}) + "\n";
      }
    }
  }
  return out;
}

Result<std::string, std::string> render_resolvers(std::string_view body, const Look& look) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  Table table({{"RESOLVER"}, {"REPORTS", true}, {"CLIENTS"}});
  for (const json::value& item : array_at(*parsed, "resolvers")) {
    const json::object& each = as_object(item);
    table.add({text_at(each, "network"), fixed(number_at(each, "weight"), 1), mixture_text(each)});
  }
  return table.to_string(look.colour);
}

Result<ReloadOutcome, std::string> read_reload(std::string_view body) {
  auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  ReloadOutcome outcome;
  const auto number = number_at(*parsed, "number");
  if (!number || *number < 0) { return Unexpected(std::string("the answer has no reload number")); }
  outcome.number = static_cast<std::uint64_t>(*number);
  outcome.running = flag_at(*parsed, "running");
  outcome.succeeded = flag_at(*parsed, "succeeded");
  outcome.kept_zones = static_cast<std::uint64_t>(number_at(*parsed, "kept_zones").value_or(0));
  for (const json::value& each : array_at(*parsed, "problems")) {
    if (each.is_string()) {
      outcome.problems += printable({each.get_string().data(), each.get_string().size()}) + "\n";
    }
  }
  return outcome;
}

std::string render_error(std::string_view body) {
  const auto parsed = parse_object(body);
  std::string text = parsed ? text_at(*parsed, "error") : std::string();
  if (text.empty()) { return printable(body.substr(0, body.find('\n'))); }
  if (const std::string hint = text_at(*parsed, "hint"); !hint.empty()) {
    text += " (" + hint + ")";
  }
  return printable(text);
}

Result<std::uint64_t, std::string> read_matched(std::string_view body) {
  auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  const auto matched = number_at(*parsed, "matched");
  if (!matched || *matched < 0) { return Unexpected(std::string("the answer has no 'matched'")); }
  return static_cast<std::uint64_t>(*matched);
}

}  // namespace gslb::ctl
