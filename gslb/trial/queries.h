// A list of queries with their clients, as demand: what a log or a load generator's file says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/problem.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"

namespace gslb::trial {

struct AskedQuery {
  dns::Name name;
  dns::RrType type = dns::RrType::kA;
  Prefix client;
  double count = 1;  // > 0
};

// Lines "NAME TYPE CLIENT [COUNT]", as dnsperf's with the client's prefix or address behind; empty
// lines and what begins with '#' or ';' don't count.  Wrong lines are problems, the first twenty of
// them; `file` is the name shown.
std::vector<AskedQuery> read_queries(std::string_view text, const std::string& file,
                                     Problems& problems);

}  // namespace gslb::trial
