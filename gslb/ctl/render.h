// The admin API's JSON for people.
//
// Source: docs/admin-api.md.  Members that are missing or of another type show as "-": a newer or
// older server must not break the tool.
#pragma once

#include <string>
#include <string_view>

#include "gslb/base/result.h"

namespace gslb::ctl {

struct Look {
  bool verbose = false;  // nodes as well
  bool colour = false;
};

// Bodies of GET /v1/status and GET /v1/explain.  The error: that the body isn't the JSON object
// it should be.
Result<std::string, std::string> render_status(std::string_view body, const Look& look);
Result<std::string, std::string> render_explain(std::string_view body, const Look& look);

// What the operator wants to know of GET /v1/reload.
struct ReloadOutcome {
  std::uint64_t number = 0;
  bool running = false;
  bool succeeded = false;
  std::string problems;  // one a line
};
Result<ReloadOutcome, std::string> read_reload(std::string_view body);

// {"error", "hint"} as one line; the body itself when it is something else.
std::string render_error(std::string_view body);

// "matched" of a drain's answer.
Result<std::uint64_t, std::string> read_matched(std::string_view body);

}  // namespace gslb::ctl
