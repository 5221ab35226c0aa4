// Records → units: who is steered alike, where they are, and how sure that is.
#pragma once

#include <unordered_map>
#include <vector>

#include "gslb/geo/geo_map.h"
#include "gslb/geo/record.h"

namespace gslb::geo {

// The ~100 km cell of a place: bands of 0.9 degrees of latitude (100.07 km), each cut into the
// number of longitude cells that makes them about as wide.  Below 2^17.
std::uint32_t cell_of(double latitude, double longitude) noexcept;

// Collects units while the address space is swept in order.  Unit 0 is the unknown one.
// Thread-compatible; control path.
class UnitBuilder {
 public:
  UnitBuilder();

  // The unit of addresses with this record, a new one if its key is new.
  UnitIndex unit_of(const Record& record, std::int32_t override_index);
  // `weight` more addresses of the unit are where the record says.
  void add(UnitIndex unit, const Record& record, double weight) noexcept;
  std::size_t size() const noexcept { return units_.size(); }
  // Places and sigmas worked out; call once, last.
  std::vector<Unit> finish();

 private:
  struct Sums {  // weighted
    double latitude = 0;
    double longitude = 0;
    double latitude_squared = 0;
    double longitude_squared = 0;
    double sigma_squared = 0;
  };
  std::vector<Unit> units_;
  std::vector<Sums> sums_;
  std::unordered_map<std::uint64_t, UnitIndex> by_id_;
};

}  // namespace gslb::geo
