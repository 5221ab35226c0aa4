// What proximactl shows of DNSSEC keys.
#include <boost/json.hpp>

#include "gslb/ctl/members.h"
#include "gslb/ctl/render.h"
#include "gslb/ctl/table.h"

namespace gslb::ctl {
namespace {

namespace json = boost::json;

Tone tone_of(const std::string& use) {
  if (use == "active") { return Tone::kGood; }
  return use == "retiring" || use == "published" ? Tone::kWarn : Tone::kPlain;
}

void add_facts(const json::object& zone, const Look& look, std::string& out) {
  out += toned(printable(text_at(zone, "zone")), Tone::kBold, look.colour);
  if (const std::string policy = text_at(zone, "policy"); !policy.empty()) {
    out += "  policy " + printable(policy);
  }
  if (const std::string at = text_at(zone, "next_event"); !at.empty()) {
    out += ", next step " + at;
  }
  if (const std::string at = text_at(zone, "first_expiration"); !at.empty()) {
    out += ", signatures until " + at;
  }
  out += '\n';
  const std::string problem = text_at(zone, "problem");
  if (!problem.empty()) { out += toned("  " + printable(problem) + "\n", Tone::kBad, look.colour); }
  const std::string task = text_at(zone, "waits_for");
  if (!task.empty()) {
    out += toned("  to do: " + printable(task) + "\n", Tone::kWarn, look.colour);
  }
}

}  // namespace

Result<std::string, std::string> render_keys(std::string_view body, const Look& look) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  std::string out;
  for (const json::value& each : array_at(*parsed, "zones")) {
    const json::object& zone = as_object(each);
    add_facts(zone, look, out);
    Table table({{"TAG", true},
                 {"ROLE"},
                 {"ALGORITHM"},
                 {"USE"},
                 {"DNSKEY"},
                 {"SIGNATURES"},
                 {"DS"},
                 {"CREATED"}});
    for (const json::value& one : array_at(zone, "keys")) {
      const json::object& key = as_object(one);
      const std::string use = text_at(key, "use");
      table.add({fixed(number_at(key, "tag"), 0),
                 text_at(key, "role"),
                 text_at(key, "algorithm"),
                 {use, tone_of(use)},
                 text_at(object_at(key, "dnskey"), "state"),
                 text_at(object_at(key, "signatures"), "state"),
                 text_at(object_at(key, "ds"), "state"),
                 text_at(key, "created")});
    }
    out += table.to_string(look.colour, "  ");
  }
  return out;
}

Result<std::string, std::string> render_ds(std::string_view body, const Look&) {
  const auto parsed = parse_object(body);
  if (!parsed) { return Unexpected(parsed.error()); }
  std::string out;
  for (const json::value& each : array_at(*parsed, "zones")) {
    for (const json::value& one : array_at(as_object(each), "keys")) {
      const json::object& key = as_object(one);
      const std::string use = text_at(key, "use");
      const std::string record = text_at(key, "ds_record");
      if (record.empty() || use == "retiring" || use == "retired" || use == "spare") { continue; }
      out += printable(record) + "\n";
    }
  }
  return out;
}

std::string read_done(std::string_view body) {
  const auto parsed = parse_object(body);
  return parsed ? printable(text_at(*parsed, "done")) : std::string(body);
}

}  // namespace gslb::ctl
