// Any text as what was learnt and kept on disk, or listed by an operator: pairs, mixtures, targets.
#include <cstdint>

#include "gslb/base/bytes.h"
#include "gslb/base/check.h"
#include "gslb/measure/estimator.h"
#include "gslb/measure/mixtures.h"
#include "gslb/measure/probe_targets.h"

namespace {

using namespace gslb;

std::vector<geo::Unit> units() {
  std::vector<geo::Unit> made(3);
  for (std::size_t i = 0; i < made.size(); ++i) { made[i].id = i + 1; }
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(Octets(data, size));
  measure::Estimator pairs(units(), {{"fra", {50, 8}}, {"nyc", {40, -74}}}, measure::PriorLine{});
  pairs.read(text);
  pairs.write();
  measure::Mixtures mixtures(units(), 2);
  mixtures.read(text);
  measure::Mixtures again(units(), 2);
  CHECK(again.read(mixtures.write()) == 0 && again.known() == mixtures.known());
  Problems problems;
  for (const auto& listed : measure::parse_probe_targets(text, "fuzz", problems)) {
    CHECK((listed.target.kind == fleet::ProbeKind::kIcmp) == (listed.target.port == 0));
  }
  return 0;
}
