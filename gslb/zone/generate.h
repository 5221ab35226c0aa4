// The pieces of BIND's $GENERATE: its range and its templates.
//
// Source: BIND 9 Administrator Reference Manual, "BIND Primary File Extension: the $GENERATE
// Directive": "$" is the counter, "$$" a dollar, "${offset,width,base}" with base d o x X n N.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gslb::zone {

struct GenerateRange {
  std::uint32_t start = 0;
  std::uint32_t stop = 0;  // inclusive
  std::uint32_t step = 1;
  std::uint64_t count() const noexcept { return (stop - start) / step + std::uint64_t{1}; }
};

// "start-stop" or "start-stop/step", each below 2^31; nullopt otherwise.
std::optional<GenerateRange> parse_generate_range(std::string_view text);

// nullopt for a malformed template, or a counter that leaves 0 to 2^31-1.
std::optional<std::string> expand_generate(std::string_view pattern, std::uint32_t counter);

}  // namespace gslb::zone
