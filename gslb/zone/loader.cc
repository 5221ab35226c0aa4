#include "gslb/zone/loader.h"

#include <algorithm>
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
  // A CNAME stands alone (RFC 2181 10.1).
  if (!binding.alone_for.empty() && zone.rrset_count(node) > 0) {
    problems.error(binding.at,
                   "'" + name + "' has records, so service '" + binding.alone_for +
                       "' can't be answered with a CNAME there",
                   "route it by a service without a CNAME fallback and without clusters that are "
                   "a cname");
    return;
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
  std::string* owned = nullptr;  // holds `text`: freed once it is read
};

std::shared_ptr<const Zone> load(const dns::Name& apex, const ZoneText& source,
                                 const std::vector<RouteBinding>& routes, Problems& problems,
                                 std::vector<std::string>* files) {
  Problems found;  // of this zone: `problems` may hold errors of others
  RecordLog log;
  ZoneBuilder builder(apex);
  ZoneReader reader(apex, source.limits, builder, log, found);
  reader.read(source.file, source.text);
  if (source.owned != nullptr) { std::string().swap(*source.owned); }
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
    check_routes(*zone, routes, found);
  }
  for (std::size_t i = 0; files != nullptr && i < log.file_count(); ++i) {
    files->push_back(log.file(static_cast<std::uint16_t>(i)));
  }
  problems.append(found);
  return found.has_errors() ? nullptr : zone;
}

}  // namespace

bool same_routes(const std::vector<RouteBinding>& a, const std::vector<RouteBinding>& b) {
  return std::ranges::equal(a, b, [](const RouteBinding& x, const RouteBinding& y) {
    return x.route == y.route && x.alone_for == y.alone_for && x.owner == y.owner;
  });
}

void check_routes(const Zone& zone, const std::vector<RouteBinding>& routes, Problems& problems) {
  for (const RouteBinding& binding : routes) {
    if (binding.owner.is_at_or_below(zone.apex())) { check_route(zone, binding, problems); }
  }
}

std::shared_ptr<const Zone> load_zone(const dns::Name& apex, const std::string& file,
                                      const std::vector<RouteBinding>& routes, Problems& problems,
                                      std::vector<std::string>* files) {
  auto text = read_file(file);
  if (!text) {
    problems.error({file, 0, 0}, std::string("cannot read the zone file: ") +
                                     std::generic_category().message(errno));
    return nullptr;
  }
  return load(apex, {file, *text, {}, &*text}, routes, problems, files);
}

std::shared_ptr<const Zone> load_zone_text(const dns::Name& apex, std::string_view text,
                                           const std::string& file,
                                           const std::vector<RouteBinding>& routes,
                                           Problems& problems) {
  const ReadLimits limits{.may_include = false, .max_generated = kMaxGeneratedFromText};
  return load(apex, {file, text, limits, nullptr}, routes, problems, nullptr);
}

}  // namespace gslb::zone
