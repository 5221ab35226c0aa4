// What a node says of itself, as the admin API shows it.  Private to gslb/control.
#pragma once

#include "gslb/fleet/report.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace gslb::control {

// Adds the members `hosts`, `store`, `conditions` and `siblings` (docs/admin-api.md).
void put_figures(const fleet::NodeFigures& figures, boost::json::object& node);

}  // namespace gslb::control
