#include "gslb/config/probes.h"

#include "gslb/config/sections.h"

namespace gslb::config {

void read_probes(TomlTable& root, Context& context) {
  auto table = root.table("probes");
  if (!table) { return; }
  constexpr std::int64_t kDayMs = 86'400'000;
  Probes& into = context.config.probes;
  into.enabled = table->boolean("enabled").value_or(true);
  into.target_interval_ms =
      table->duration_ms("target_interval", 10, kDayMs).value_or(into.target_interval_ms);
  into.mesh_interval_ms =
      table->duration_ms("mesh_interval", 0, kDayMs).value_or(into.mesh_interval_ms);
  into.mesh_port =
      static_cast<std::uint16_t>(table->integer("mesh_port", 1, 65'535).value_or(into.mesh_port));
  into.exclude = read_prefixes(*table, "exclude", "leave it out to exclude nothing", context);
  into.allow_private = table->boolean("allow_private").value_or(into.allow_private);
  into.targets = read_path(*table, "targets", context);
  table->finish();
}

}  // namespace gslb::config
