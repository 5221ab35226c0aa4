// Families of metrics as plain values, for what need not know of prometheus-cpp.  Private to
// edge/report.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/report/exposition.h"

namespace edge::report {

struct Family {
  struct Sample {
    std::vector<std::pair<std::string_view, std::string>> labels;
    double value = 0;
  };
  const char* name;  // without "proxima_edge_"
  const char* help;
  bool is_counter = true;
  std::vector<Sample> samples;
};

// What hosts, rules and load did to requests, and what was purged, prefetched and pinned.
std::vector<Family> families_of(const Figures& figures);
// The latter's part of it.
void add_purges(const PurgeFigures& purges, std::vector<Family>& families);

}  // namespace edge::report
