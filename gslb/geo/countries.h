// Countries as points: the place of a client of whom only the country is known.
//
// Own estimates from general knowledge, to the nearest half degree: the middle of where people
// live (so Canada's is in southern Ontario), and the radius of a circle that holds most of them.
// A prior of hundreds of km needs no better.
#pragma once

#include <array>

namespace gslb::geo {

struct Country {
  std::array<char, 2> code;  // ISO 3166-1 alpha-2
  float latitude;            // degrees
  float longitude;
  float radius_km;
};

// nullptr for codes not in the table.  O(log n); the table lives as long as the process.
const Country* find_country(std::array<char, 2> code) noexcept;

}  // namespace gslb::geo
