#include "gslb/base/prefix_set.h"

#include <algorithm>

namespace gslb {

PrefixSet::PrefixSet(std::span<const Prefix> prefixes) {
  std::vector<Prefix> sorted(prefixes.begin(), prefixes.end());
  std::sort(sorted.begin(), sorted.end());
  for (const Prefix& prefix : sorted) {
    // Of two prefixes that share an address, one holds the other, and it sorts first.
    if (ranges_.empty() || ranges_.back().last < prefix.address()) {
      ranges_.push_back({prefix.address(), prefix.last()});
    }
  }
}

bool PrefixSet::contains(const Address& address) const noexcept {
  const auto behind =
      std::upper_bound(ranges_.begin(), ranges_.end(), address,
                       [](const Address& a, const Range& range) { return a < range.first; });
  return behind != ranges_.begin() && address <= std::prev(behind)->last;
}

}  // namespace gslb
