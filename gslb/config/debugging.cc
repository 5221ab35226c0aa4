#include "gslb/config/debugging.h"

#include "gslb/config/sections.h"

namespace gslb::config {

void read_debug(TomlTable& root, Context& context) {
  auto table = root.table("debug");
  if (!table) { return; }
  Debug& into = context.config.debug;
  into.name = located(*table, "name", Need::kRequired);
  into.allow = read_prefixes(*table, "allow", "leave it out for this machine alone", context);
  if (!table->has("allow")) { into.allow = {*Prefix::parse("127.0.0.0/8"), *Prefix::parse("::1")}; }
  table->finish();
}

void read_record(TomlTable& root, Context& context) {
  auto table = root.table("record");
  if (!table) { return; }
  Record& into = context.config.record;
  if (const auto folder = read_path(*table, "folder", context, Need::kRequired)) {
    into.folder = folder->text;
  }
  into.max_octets = table->size_octets("max_size", std::int64_t{1} << 20, std::int64_t{1} << 30)
                        .value_or(into.max_octets);
  into.files = static_cast<unsigned>(table->integer("files", 1, 10'000).value_or(into.files));
  table->finish();
}

}  // namespace gslb::config
