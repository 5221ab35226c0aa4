#include "gslb/geo/overrides.h"

#include <algorithm>
#include <limits>

namespace gslb::geo {
namespace {

constexpr int kMaxIpv6Bits = 64;

struct Span {
  std::uint64_t first;
  std::uint64_t last;
  std::uint32_t override_number;
};

Span span_of(const Prefix& prefix, std::uint32_t number) {
  const Address last = prefix.last();
  if (prefix.is_v6()) { return {prefix.address().high64(), last.high64(), number}; }
  return {prefix.address().v4_host_order(), last.v4_host_order(), number};
}

}  // namespace

void check_overrides(const std::vector<PrefixOverride>& overrides, Problems& problems) {
  std::vector<Prefix> prefixes;
  for (const PrefixOverride& entry : overrides) {
    prefixes.push_back(entry.prefix);
    if (entry.prefix.is_v6() && entry.prefix.bits() > kMaxIpv6Bits) {
      problems.error({}, "override of " + entry.prefix.to_string() + " is longer than /64",
                     "give the /64 around it");
    }
  }
  std::sort(prefixes.begin(), prefixes.end());
  for (auto it = std::adjacent_find(prefixes.begin(), prefixes.end()); it != prefixes.end();
       it = std::adjacent_find(it + 1, prefixes.end())) {
    problems.warning({}, "two overrides of " + it->to_string() + ": the first counts");
  }
}

OverrideRuns flatten_overrides(const std::vector<PrefixOverride>& overrides, bool is_v6) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    if (overrides[i].prefix.is_v6() != is_v6) { continue; }
    spans.push_back(span_of(overrides[i].prefix, static_cast<std::uint32_t>(i)));
  }
  if (spans.empty()) { return {}; }
  // Outer before inner; of the same prefix the first given is innermost, so that it counts.
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    if (a.first != b.first) { return a.first < b.first; }
    if (a.last != b.last) { return a.last > b.last; }
    return a.override_number > b.override_number;
  });
  const std::uint64_t end_of_keys =
      is_v6 ? std::numeric_limits<std::uint64_t>::max() : std::numeric_limits<std::uint32_t>::max();
  OverrideRuns runs{{0, kNoOverride}};
  const auto put = [&runs](std::uint64_t first, std::uint32_t number) {
    if (runs.back().first == first) {
      runs.back().override_number = number;
    } else if (runs.back().override_number != number) {
      runs.push_back({first, number});
    }
  };
  std::vector<Span> open;  // prefixes nest or are disjoint: a stack
  const auto close_before = [&](std::uint64_t key, bool all) {
    while (!open.empty() && (all || open.back().last < key)) {
      const std::uint64_t last = open.back().last;
      open.pop_back();
      if (last != end_of_keys) {
        put(last + 1, open.empty() ? kNoOverride : open.back().override_number);
      }
    }
  };
  for (const Span& span : spans) {
    close_before(span.first, false);
    put(span.first, span.override_number);
    open.push_back(span);
  }
  close_before(0, true);
  return runs;
}

Record apply(const PrefixOverride& override_, const Record& below) {
  Record record = below;
  if (override_.asn) { record.asn = *override_.asn; }
  if (override_.country.size() >= 2) {
    const std::array<char, 2> country{override_.country[0], override_.country[1]};
    // A place in another country contradicts the operator: better only the country's middle.
    if (country != record.country) {
      record = Record{};
      record.asn = override_.asn.value_or(below.asn);
    }
    record.country = country;
    constexpr std::size_t kBefore = 3;  // "US-"
    if (override_.country.size() > kBefore) {
      record.subdivision = {};
      std::copy_n(override_.country.begin() + kBefore,
                  std::min(override_.country.size() - kBefore, record.subdivision.size()),
                  record.subdivision.begin());
    }
  }
  if (override_.place) {
    record.latitude = static_cast<float>(override_.place->latitude);
    record.longitude = static_cast<float>(override_.place->longitude);
    record.sigma_km = kOverrideSigmaKm;
  }
  return record;
}

}  // namespace gslb::geo
