#include "gslb/metrics/metrics.h"
namespace gslb::metrics {
std::string render(const Input&) { return ""; }
}  // namespace gslb::metrics
