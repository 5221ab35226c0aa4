// The operator's list of whom to probe.
//
// A CSV file, a line a target: WHERE,ADDRESS[,KIND[,PORT]].  WHERE is a prefix, whose unit the
// address stands for, or the id of a unit (16 hexadecimal digits, as explain shows); KIND is icmp
// (default), tcp-syn or dns; PORT defaults to 443 and 53.  '#' begins a comment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/measure/probe_book.h"

namespace gslb::measure {

struct ListedTarget {
  std::optional<Prefix> where;  // one of the two
  std::uint64_t unit_id = 0;
  ProbeTarget target;
};

inline constexpr std::size_t kMostListedTargets = 100'000;

// Every bad line is an error at its place.
std::vector<ListedTarget> parse_probe_targets(std::string_view text, const std::string& file,
                                              Problems& problems);

}  // namespace gslb::measure
