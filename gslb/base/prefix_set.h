// A set of prefixes to test addresses against: access lists.
#pragma once

#include <span>
#include <vector>

#include "gslb/base/ip.h"

namespace gslb {

// Immutable; thread-safe.  Prefixes may overlap.
class PrefixSet {
 public:
  PrefixSet() = default;
  explicit PrefixSet(std::span<const Prefix> prefixes);

  bool empty() const noexcept { return ranges_.empty(); }
  // O(log n).
  bool contains(const Address& address) const noexcept;

  friend bool operator==(const PrefixSet&, const PrefixSet&) noexcept = default;

 private:
  struct Range {
    Address first;
    Address last;
    friend bool operator==(const Range&, const Range&) noexcept = default;
  };
  std::vector<Range> ranges_;  // ascending, disjoint
};

}  // namespace gslb
