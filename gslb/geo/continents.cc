#include "gslb/geo/continents.h"

#include <cstdint>
#include <iterator>
#include <string_view>

namespace gslb::geo {
namespace {

struct Continent {
  std::array<char, 2> code;
  std::string_view countries;  // separated by blanks
};

constexpr Continent kContinents[] = {
    {{'A', 'F'},
     "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML "
     "MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW"},
    {{'A', 'N'}, "AQ BV GS HM TF"},
    {{'A', 'S'},
     "AE AF AM AZ BD BH BN BT CC CN CX GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM "
     "MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE"},
    {{'E', 'U'},
     "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT "
     "LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK"},
    {{'N', 'A'},
     "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA "
     "PM PR SV SX TC TT US VC VG VI"},
    {{'O', 'C'}, "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS"},
    {{'S', 'A'}, "AR BO BR CL CO EC FK GF GY PE PY SR UY VE"},
};

// By the two letters: position in kContinents plus 1; 0: no country.
constexpr auto kByCountry = [] {
  std::array<std::uint8_t, 26 * 26> table{};
  for (std::size_t i = 0; i < std::size(kContinents); ++i) {
    const std::string_view countries = kContinents[i].countries;
    for (std::size_t at = 0; at + 1 < countries.size(); at += 3) {
      const auto first = static_cast<std::size_t>(countries[at] - 'A');
      const auto second = static_cast<std::size_t>(countries[at + 1] - 'A');
      table[first * 26 + second] = static_cast<std::uint8_t>(i + 1);
    }
  }
  return table;
}();

}  // namespace

std::array<char, 2> continent_of(std::array<char, 2> country) noexcept {
  for (const char letter : country) {
    if (letter < 'A' || letter > 'Z') { return {}; }
  }
  const int at = (country[0] - 'A') * 26 + (country[1] - 'A');
  const std::uint8_t found = kByCountry[static_cast<std::size_t>(at)];
  return found == 0 ? std::array<char, 2>{} : kContinents[found - 1].code;
}

}  // namespace gslb::geo
