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
  std::uint64_t kept_zones = 0;
  std::string problems;  // one a line
};
Result<ReloadOutcome, std::string> read_reload(std::string_view body);

// Body of GET /v1/monitors.
Result<std::string, std::string> render_monitors(std::string_view body, const Look& look);

// Body of GET /v1/resolvers.
Result<std::string, std::string> render_resolvers(std::string_view body, const Look& look);

// Bodies of GET /v1/zones, GET /v1/secondaries and GET /v1/acme.
Result<std::string, std::string> render_zones(std::string_view body, const Look& look);
Result<std::string, std::string> render_secondaries(std::string_view body, const Look& look);
Result<std::string, std::string> render_tokens(std::string_view body, const Look& look);
// The "owner" of that token in the answer of POST /v1/acme/set.
Result<std::string, std::string> read_token_owner(std::string_view body, std::string_view token);
// True when GET /v1/acme says that answers have the token.
bool is_token_published(std::string_view body, std::string_view owner, std::string_view token);

// Body of GET /v1/purge.
Result<std::string, std::string> render_purges(std::string_view body, const Look& look);

// Bodies of GET /v1/keys: the keys in a table, and DS records for the parent.
Result<std::string, std::string> render_keys(std::string_view body, const Look& look);
Result<std::string, std::string> render_ds(std::string_view body, const Look& look);
// "done" of a command about keys.
std::string read_done(std::string_view body);

// {"error", "hint"} as one line; the body itself when it is something else.
std::string render_error(std::string_view body);

// "matched" of a drain's answer.
Result<std::uint64_t, std::string> read_matched(std::string_view body);

}  // namespace gslb::ctl
