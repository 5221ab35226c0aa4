// The admin API's answers as JSON text; the shapes are in docs/admin-api.md.
#pragma once

#include <string>

#include "gslb/control/supervisor.h"

namespace gslb::control {

// Times are RFC 3339 UTC with milliseconds; durations carry their unit in the name; infinite
// capacities are null.
std::string to_json(const Status& status);
std::string to_json(const answer::ExplainRequest& asked, const answer::Explanation& explanation);
std::string to_json(const ReloadReport& report);
std::string to_json(const std::vector<ZoneStatus>& zones);
std::string to_json(const std::vector<fleet::MonitorStatus>& monitors);
std::string to_json(const std::vector<AcmeToken>& tokens);
std::string to_json(const std::vector<answer::KnownResolver>& resolvers);
// {"error": what, "hint": hint}
std::string error_json(std::string_view what, std::string_view hint = {});

}  // namespace gslb::control
