// Any octets as a geo source, first as an MMDB file, then as CSV: a map or a problem.
#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "gslb/base/check.h"
#include "gslb/geo/compile.h"

namespace {

void check_map(const gslb::geo::GeoMap& map) {
  std::size_t leaves = 0;
  map.for_each_leaf([&](const gslb::Prefix& leaf, gslb::geo::UnitIndex unit) {
    CHECK(unit < map.units().size());
    CHECK(map.find(leaf.address()).unit == unit);
    CHECK(map.find(leaf.last()).bits == leaf.bits());
    ++leaves;
  });
  CHECK(leaves >= 2);
}

}  // namespace

// libmaxminddb 1.7 leaks a few KB when a file's metadata turns out bad half way through opening.
extern "C" const char* __lsan_default_suppressions() { return "leak:libmaxminddb"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = memfd_create("fuzz", MFD_CLOEXEC);
  CHECK(file >= 0);
  CHECK(write(file, data, size) == static_cast<ssize_t>(size));
  gslb::geo::Source source;
  source.file = "/proc/self/fd/" + std::to_string(file);
  source.country_field = "country.iso_code";
  source.latitude_field = "latitude";
  source.longitude_field = "location.longitude";
  source.asn_field = "asn";
  source.operator_field = "organization";
  gslb::Problems problems;
  if (const auto map = gslb::geo::compile({{source}, {}}, problems)) { check_map(*map); }
  source.kind = gslb::geo::SourceKind::kCsv;
  source.country_field = "2";
  source.latitude_field = "3";
  source.longitude_field = "4";
  source.asn_field = "5";
  source.operator_field = "6";
  gslb::Problems csv_problems;
  if (const auto map = gslb::geo::compile({{source}, {}}, csv_problems)) { check_map(*map); }
  close(file);
  return 0;
}
