#include "gslb/control/zone_files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "gslb/base/bytes.h"
#include "gslb/base/check.h"
#include "gslb/dnssec/verify_zone.h"
#include "gslb/zone/derive.h"

namespace gslb::control {
namespace {

using zone::RouteBinding;

// The kernel stamps files with the time of its last tick: two writes within one look alike.
constexpr std::int64_t kStampGrain_ns = 20'000'000;

struct NamedZone {
  dns::Name apex;
  const config::Zone* from = nullptr;
  std::vector<RouteBinding> routes;
};

std::int64_t wall_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) { return std::nullopt; }
  return FileStamp{info.st_ino, static_cast<std::uint64_t>(info.st_size),
                   std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

// Notes what was read since `started_ns`, the zone's own file first; nothing when one of the files
// may have changed since.
void stamp_files(const std::vector<std::string>& files, std::int64_t started_ns, LoadedZone& row) {
  auto included = std::make_shared<LoadedZone::Included>();
  for (const std::string& file : files) {
    const auto stamp = stamp_of(file);
    if (!stamp || stamp->modified_ns > started_ns - kStampGrain_ns) {
      row.stamp.reset();
      return;
    }
    if (&file == files.data()) {
      row.stamp = stamp;
    } else {
      included->emplace_back(file, *stamp);
    }
  }
  if (!included->empty()) { row.included = std::move(included); }
}

std::vector<NamedZone> name_zones(const config::Config& config, NameIndex& index,
                                  Problems& problems) {
  std::vector<NamedZone> named;
  named.reserve(config.zones.size());
  for (const config::Zone& from : config.zones) {
    auto apex = dns::Name::parse(from.name.text);
    if (!apex) {
      problems.error(from.name.at, "zone name '" + from.name.text + "' is not a domain name",
                     std::string(dns::describe(apex.error())));
      continue;
    }
    const auto apex_at = [&](std::uint32_t at) -> const dns::Name& { return named[at].apex; };
    if (index.find(*apex, apex_at) != NameIndex::kNone) {
      problems.error(from.name.at, "zone '" + from.name.text + "' is configured twice",
                     "names are compared without case and final dot");
      continue;
    }
    index.insert(*apex, static_cast<std::uint32_t>(named.size()));
    named.push_back({std::move(*apex), &from, {}});
  }
  return named;
}

// A route belongs to the zone with the longest apex around it, as a query would find it.
void bind_routes(const steer::ServiceTable& services, const NameIndex& index,
                 std::vector<NamedZone>& named, Problems& problems) {
  const auto apex_at = [&](std::uint32_t at) -> const dns::Name& { return named[at].apex; };
  for (std::size_t i = 0; i < services.routes.size(); ++i) {
    const steer::Route& route = services.routes[i];
    std::uint32_t home = index.find(route.owner, apex_at);
    for (dns::Name name = route.owner; home == NameIndex::kNone && !name.is_root();) {
      name = name.parent();
      home = index.find(name, apex_at);
    }
    if (home == NameIndex::kNone) {
      problems.error(route.at, "route '" + route.owner.to_string() + "' lies in no zone",
                     "add a [[zone]] whose name it ends with");
      continue;
    }
    const steer::Service& service = services.services[route.service];
    named[home].routes.push_back({route.owner, static_cast<zone::RouteIndex>(i), route.at,
                                  service.may_alias ? service.id : std::string()});
  }
}

// One zone's way through load_zones().
struct Reading {
  ZoneTable::Row row;  // null: it can't be served
  Problems problems;   // of the configuration, or of a file without an older copy; warnings
  Problems kept;       // of a file whose older copy stays
};

struct ZoneFile {
  const dns::Name& apex;
  const std::string& file;
  bool is_signed_here = false;  // by a policy, whatever signatures it has
};

std::shared_ptr<LoadedZone> read_zone(const ZoneFile& from, const std::vector<RouteBinding>& routes,
                                      Problems& problems) {
  const std::int64_t started_ns = wall_ns();
  std::vector<std::string> files;
  auto zone = zone::load_zone(from.apex, from.file, routes, problems, &files);
  if (!zone) { return nullptr; }
  auto row = std::make_shared<LoadedZone>();
  row->apex = from.apex;
  row->file = from.file;
  row->routes = routes;
  stamp_files(files, started_ns, *row);
  row->zone = std::move(zone);
  row->read_at = std::chrono::system_clock::now();
  if (!from.is_signed_here) {
    dnssec::verify_zone(*row->zone, row->read_at, dnssec::VerifyDepth::kQuick, from.file, problems);
  }
  return row;
}

// The first error, for status.
std::string first_error(const Problems& problems) {
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Severity::kError) { return problem.to_string(); }
  }
  return {};
}

// `old` with other routes; null when they don't fit its records.
ZoneTable::Row with_routes(const ZoneTable::Row& old, const std::vector<RouteBinding>& routes,
                           std::string problem, Problems& problems) {
  if (same_routes(old->routes, routes) && problem == old->problem) { return old; }
  auto row = std::make_shared<LoadedZone>(*old);
  if (!same_routes(old->routes, routes)) {
    row->routes = routes;
    row->zone = old->zone ? zone::rebind_routes(*old->zone, routes, problems) : nullptr;
    if (old->zone && !row->zone) { return nullptr; }
  }
  if (!problem.empty()) { row->stamp.reset(); }
  row->problem = std::move(problem);
  return row;
}

bool may_keep(const ZoneTable::Row& old, const std::string& file) {
  if (!old || !old->zone || old->file != file || !old->stamp) { return false; }
  if (stamp_of(file) != old->stamp) { return false; }
  return !old->included || std::ranges::all_of(*old->included, [](const auto& each) {
    return stamp_of(each.first) == each.second;
  });
}

void read_one(const NamedZone& named, const ZoneTable* previous, bool force, Reading& into) {
  const LocatedString& file = named.from->file;
  const ZoneTable::Row old = previous != nullptr ? previous->find(named.apex) : nullptr;
  if (file.text.empty()) {  // its data come from elsewhere
    auto row = std::make_shared<LoadedZone>();
    row->apex = named.apex;
    row->routes = named.routes;
    into.row = std::move(row);
    return;
  }
  if (!force && may_keep(old, file.text)) {
    into.row = with_routes(old, named.routes, {}, into.problems);
    return;
  }
  Problems found;
  into.row =
      read_zone({named.apex, file.text, named.from->dnssec.has_value()}, named.routes, found);
  // The loader could only name the file; here it is known who asks for it.
  if (!into.row && ::access(file.text.c_str(), R_OK) != 0) {
    found = Problems();
    found.error(file.at, "can't read the zone file " + file.text + ": " + std::strerror(errno),
                "paths are relative to the folder of the configuration");
  }
  // Another file than before is a change of the configuration: no older copy stands for it.
  if (into.row || !old || !old->zone || old->file != file.text) {
    into.problems.append(found);
    return;
  }
  into.row = with_routes(old, named.routes, first_error(found), into.problems);
  (into.row ? into.kept : into.problems).append(found);
}

// Work is taken zone by zone: sizes differ by a factor of a million.
std::vector<Reading> read_all(const std::vector<NamedZone>& named, const ZoneTable* previous,
                              bool force) {
  std::vector<Reading> readings(named.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < named.size(); i = next++) {
      read_one(named[i], previous, force, readings[i]);
    }
  };
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < std::min(cores, named.size()); ++i) { helpers.emplace_back(work); }
  work();
  for (std::thread& helper : helpers) { helper.join(); }
  return readings;
}

}  // namespace

std::string zone_key(const dns::Name& apex) { return std::string(as_text(apex.lower().wire())); }

ZoneTable::ZoneTable(std::vector<Row> rows) : rows_(std::move(rows)), by_apex_(rows_.size()) {
  for (std::uint32_t i = 0; i < rows_.size(); ++i) { by_apex_.insert(rows_[i]->apex, i); }
}

std::uint32_t ZoneTable::position(const dns::Name& apex) const {
  return by_apex_.find(apex,
                       [this](std::uint32_t at) -> const dns::Name& { return rows_[at]->apex; });
}

ZoneTable::Row ZoneTable::find(const dns::Name& apex) const {
  const std::uint32_t at = position(apex);
  return at == NameIndex::kNone ? nullptr : rows_[at];
}

std::shared_ptr<const ZoneTable> ZoneTable::with(Row row) const {
  const std::uint32_t at = position(row->apex);
  CHECK(at != NameIndex::kNone);
  auto changed = std::make_shared<ZoneTable>(*this);
  changed->rows_[at] = std::move(row);
  return changed;
}

std::shared_ptr<const ZoneTable> load_zones(const config::Config& config,
                                            const steer::ServiceTable& services,
                                            const ZoneTable* previous, bool force,
                                            Problems& problems, Problems* kept) {
  const std::size_t errors_before = problems.error_count();
  NameIndex index(config.zones.size());
  std::vector<NamedZone> named = name_zones(config, index, problems);
  bind_routes(services, index, named, problems);
  std::vector<ZoneTable::Row> rows;
  for (Reading& reading : read_all(named, previous, force)) {
    problems.append(reading.problems);
    if (kept != nullptr) { kept->append(reading.kept); }
    if (reading.row) { rows.push_back(std::move(reading.row)); }
  }
  if (problems.error_count() != errors_before) { return nullptr; }
  return std::make_shared<const ZoneTable>(std::move(rows));
}

std::shared_ptr<const LoadedZone> reload_zone(const config::Config& config, const LoadedZone& old,
                                              Problems& problems) {
  const auto from = std::ranges::find_if(config.zones, [&](const config::Zone& zone) {
    const auto apex = dns::Name::parse(zone.name.text);
    return apex && *apex == old.apex;
  });
  const bool is_signed_here = from != config.zones.end() && from->dnssec;
  return read_zone({old.apex, old.file, is_signed_here}, old.routes, problems);
}

}  // namespace gslb::control
