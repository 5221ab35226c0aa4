#include "gslb/zone/loader.h"

#include <cerrno>
#include <system_error>

#include "gslb/base/file.h"
#include "gslb/zone/checks.h"
#include "gslb/zone/record_log.h"
#include "gslb/zone/zone_reader.h"

namespace gslb::zone {
namespace {

constexpr std::uint64_t kMaxGeneratedFromText = 65'536;

void check_route(const Zone& zone, const RouteBinding& binding, Problems& problems) {
  dns::QuestionName owner;
  owner.assign(binding.owner.wire());
  const std::string name = binding.owner.to_string();
  const Found found = find(zone, owner, dns::RrType::kA);
  if (found.kind == Found::Kind::kDelegation) {
    return problems.error(binding.at, name + " lies at or below a zone cut",
                          "route it in the zone it is delegated to");
  }
  if (found.kind == Found::Kind::kDname) {
    return problems.error(binding.at, name + " lies below a DNAME", "route the DNAME's target");
  }
  const NodeIndex node = found.node;
  if (zone.route(node) != binding.route) {
    return problems.error(binding.at, name + " is routed twice");
  }
  for (const dns::RrType type :
       {dns::RrType::kCname, dns::RrType::kDname, dns::RrType::kA, dns::RrType::kAaaa}) {
    if (zone.rrset(node, type)) {
      problems.error(binding.at, name + " is routed but the zone has its " + dns::to_string(type),
                     "remove that record or the route");
    }
  }
}

struct ZoneText {
  const std::string& file;
  std::string_view text;
  ReadLimits limits;
};

std::shared_ptr<const Zone> load(const dns::Name& apex, const ZoneText& source,
                                 const std::vector<RouteBinding>& routes, Problems& problems) {
  Problems found;  // of this zone: `problems` may hold errors of others
  RecordLog log;
  ZoneBuilder builder(apex);
  ZoneReader reader(apex, source.limits, builder, log, found);
  reader.read(source.file, source.text);
  if (!reader.has_soa() && !found.has_errors()) {
    found.error({source.file, 0, 0},
                "the zone " + apex.to_string() + " has no SOA record at its apex",
                "is this the file of that zone?");
  }
  std::shared_ptr<const Zone> zone;
  // With records missing for their syntax, the checks would only report what follows from that.
  if (!found.has_errors()) {
    for (const RouteBinding& binding : routes) {
      if (binding.owner.is_at_or_below(apex)) { builder.bind_route(binding.owner, binding.route); }
    }
    zone = builder.build();
    check_zone(*zone, log, found);
    for (const RouteBinding& binding : routes) {
      if (binding.owner.is_at_or_below(apex)) { check_route(*zone, binding, found); }
    }
  }
  problems.append(found);
  return found.has_errors() ? nullptr : zone;
}

}  // namespace

std::shared_ptr<const Zone> load_zone(const dns::Name& apex, const std::string& file,
                                      const std::vector<RouteBinding>& routes, Problems& problems) {
  const auto text = read_file(file);
  if (!text) {
    problems.error({file, 0, 0}, std::string("cannot read the zone file: ") +
                                     std::generic_category().message(errno));
    return nullptr;
  }
  return load(apex, {file, *text, {}}, routes, problems);
}

std::shared_ptr<const Zone> load_zone_text(const dns::Name& apex, std::string_view text,
                                           const std::string& file,
                                           const std::vector<RouteBinding>& routes,
                                           Problems& problems) {
  const ReadLimits limits{.may_include = false, .max_generated = kMaxGeneratedFromText};
  return load(apex, {file, text, limits}, routes, problems);
}

}  // namespace gslb::zone
