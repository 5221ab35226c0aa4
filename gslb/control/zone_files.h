// The zones of a configuration as their files say, with the routes bound in each.
//
// Why beside the store: reading is the same for `check`, start and reload, and the table it makes
// is immutable, so a reload that is refused has changed nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/control/name_index.h"
#include "gslb/steer/service.h"
#include "gslb/zone/loader.h"

namespace gslb::control {

// What tells that a file is still the one that was read.
struct FileStamp {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// Immutable once in a ZoneTable.  Slim: there may be 100,000.
struct LoadedZone {
  using Included = std::vector<std::pair<std::string, FileStamp>>;

  dns::Name apex;
  std::string file;                          // "": its data are delivered to the store
  std::vector<zone::RouteBinding> routes;    // that lie in this zone
  std::optional<FileStamp> stamp;            // of `file`; nullopt: it is read again at a reload
  std::shared_ptr<const Included> included;  // files beside it; null: none
  std::shared_ptr<const zone::Zone> zone;    // null: no file
  std::string problem;                       // why `file` as it is now isn't `zone`; "": it is
  WallTime read_at;
};

// Immutable; thread-safe.
class ZoneTable {
 public:
  using Row = std::shared_ptr<const LoadedZone>;
  // REQUIRES: no two rows have the same apex.
  explicit ZoneTable(std::vector<Row> rows);

  // In the order of the configuration.
  const std::vector<Row>& rows() const noexcept { return rows_; }
  // Null when there is none.
  Row find(const dns::Name& apex) const;
  // This table with `row` in the place of the one with its apex.  REQUIRES: there is one.
  std::shared_ptr<const ZoneTable> with(Row row) const;

 private:
  std::uint32_t position(const dns::Name& apex) const;

  std::vector<Row> rows_;
  NameIndex by_apex_;
};

// Octets of the lower-case wire form: the key of a zone in maps.
std::string zone_key(const dns::Name& apex);

// Reads the zone files of `config` on all cores.  `previous` lends every zone whose files are
// unchanged (routes are bound anew where they changed), unless `force`; and the old copy of a zone
// whose file has errors now: those are in `*kept`, not in `problems`.  Everything else that is
// wrong is in `problems`, and then the result is null.
// Takes seconds for a million records; any thread.
std::shared_ptr<const ZoneTable> load_zones(const config::Config& config,
                                            const steer::ServiceTable& services,
                                            const ZoneTable* previous, bool force,
                                            Problems& problems, Problems* kept);

// Reads one zone's file anew, changed or not, and looks at it as load_zones() does; `config` is
// what `old` was loaded by.  Null when it has errors: they are in `problems`.
std::shared_ptr<const LoadedZone> reload_zone(const config::Config& config, const LoadedZone& old,
                                              Problems& problems);

}  // namespace gslb::control
