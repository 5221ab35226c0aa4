#include "gslb/config/secondary.h"

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::int64_t kDay = 86'400'000;

void read_groups(TomlTable& table, const Context& context, ZoneSecondary& into) {
  Seen seen;
  for (TomlTable& group : table.tables("member_group")) {
    MemberGroup made;
    if (auto name = located(group, "name", Need::kRequired)) {
      check_duplicate(*name, "member group", seen, context.problems);
      made.name = std::move(*name);
    }
    made.primaries = read_remote_ids(group, "primaries", context);
    if (made.primaries.empty() && !group.has("primaries")) {
      group.error("primaries", "the member group has no primaries", "list ids of [[remote]]");
    }
    group.finish();
    into.groups.push_back(std::move(made));
  }
}

}  // namespace

ZoneSecondary read_zone_secondary(TomlTable& table, const Context& context) {
  ZoneSecondary into;
  into.primaries = read_remote_ids(table, "primaries", context);
  into.allow_notify = read_access(table, "allow_notify", context);
  for (const AccessRule& rule : into.allow_notify) {
    if (rule.tls_name.empty()) { continue; }
    context.problems.error(rule.at, "a NOTIFY comes without a certificate",
                           "a prefix, \"key:NAME\", or the id of a [[remote]]");
  }
  into.is_catalog = table.boolean("catalog").value_or(false);
  into.member_primaries = read_remote_ids(table, "member_primaries", context);
  read_groups(table, context, into);
  // A catalog with neither is made here, of the zones that are members of it.
  const bool is_made = into.is_catalog && !table.has("primaries") && !table.has("file");
  if (table.has("primaries") == table.has("file") && !is_made) {
    table.error(table.has("file") ? "file" : "primaries",
                table.has("file") ? "the zone has a file and primaries"
                                  : "the zone has neither a file nor primaries",
                "its data come from one of them");
  }
  if (!table.has("primaries") && !is_made) {
    for (const char* key : {"allow_notify", "catalog"}) {
      if (table.has(key)) {
        table.error(key, "'" + std::string(key) + "' is for zones with primaries",
                    "set primaries instead of file, or leave it out");
      }
    }
  }
  if (!into.is_catalog) {
    for (const char* key : {"member_primaries", "member_group"}) {
      if (table.has(key)) {
        table.error(key, "'" + std::string(key) + "' is for catalogs", "set catalog = true");
      }
    }
  }
  return into;
}

void read_secondary(TomlTable& root, Context& context) {
  auto table = root.table("secondary");
  if (!table) { return; }
  Secondary& into = context.config.secondary;
  const auto duration = [&](const char* key, std::int64_t low, std::int64_t high,
                            std::int64_t& value) {
    value = table->duration_ms(key, low, high).value_or(value);
  };
  duration("min_refresh", 1000, 28 * kDay, into.min_refresh_ms);
  duration("max_refresh", 1000, 28 * kDay, into.max_refresh_ms);
  duration("min_retry", 1000, 28 * kDay, into.min_retry_ms);
  duration("max_retry", 1000, 28 * kDay, into.max_retry_ms);
  duration("timeout", 100, 600'000, into.timeout_ms);
  duration("max_time", 1000, kDay, into.max_time_ms);
  into.transfers =
      static_cast<unsigned>(table->integer("transfers", 1, 10'000).value_or(into.transfers));
  into.max_records = table->integer("max_records", 1, 1'000'000'000).value_or(into.max_records);
  into.max_octets =
      table->size_octets("max_size", 1024, std::int64_t{3} << 30).value_or(into.max_octets);
  if (into.min_refresh_ms > into.max_refresh_ms) {
    table->error("min_refresh", "min_refresh is above max_refresh");
  }
  if (into.min_retry_ms > into.max_retry_ms) {
    table->error("min_retry", "min_retry is above max_retry");
  }
  table->finish();
}

}  // namespace gslb::config
