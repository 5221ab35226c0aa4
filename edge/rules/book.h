// What is done with a request before the cache sees it: the first rule that decides.
#pragma once

#include <string_view>
#include <vector>

#include "edge/config/rules.h"
#include "edge/http/message.h"
#include "edge/rules/rate_table.h"
#include "gslb/base/counters.h"
#include "gslb/base/ip.h"

namespace edge::rules {

// A request as rules see it.  References must outlive it.
struct Asked {
  const http::RequestHead& head;
  gslb::Address client;
  const http::Framing& body;
  gslb::MonoTime now;
};

struct Verdict {
  enum class Kind : std::uint8_t { kServe, kDeny, kRedirect, kPass };
  Kind kind = Kind::kServe;
  const config::Rule* rule = nullptr;      // that decided; valid as long as the configuration
  const config::Rule* throttle = nullptr;  // how fast the answer goes out; may be null
  double retry_after_s = 0;                // of what was too much
};

// A rule and where it is counted.
struct Entry {
  const config::Rule* rule = nullptr;
  gslb::Counter* matched = nullptr;  // dry runs too
  gslb::Counter* acted = nullptr;
};

// Looks at the rules one after another.  True: `verdict` is settled, no further list need be asked.
// Allocates nothing.
bool judge(const std::vector<Entry>& rules, const Asked& asked, RateTable& rates, Verdict& verdict);

// True if all conditions but the rate hold.
bool matches(const config::Rule& rule, const Asked& asked);

// The path and the query of a target, without the "?".
std::string_view path_of(std::string_view target) noexcept;
std::string_view query_of(std::string_view target) noexcept;

// The value of a cookie of that name; "": there is none.
std::string_view cookie_of(const http::Fields& request, std::string_view name) noexcept;

}  // namespace edge::rules
