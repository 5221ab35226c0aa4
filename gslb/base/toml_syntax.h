// What to say about a file that is not TOML at all.  Internal to toml_table.cc, apart from it only
// because it needs nothing of toml++.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gslb {

// Tables nested by dotted keys ("a.b.c") have no limit in toml++, and its destructors recurse.
inline constexpr std::size_t kMaxDotsInKey = 256;

// What to do about a parse error of toml++ 3.3 with this message.
std::string_view toml_syntax_hint(std::string_view message);

// The first line (from 1) that may hold a key of more than kMaxDotsInKey dots.
std::optional<std::uint32_t> find_endless_key(std::string_view text);

// True for C0 controls and DEL.
bool has_control_character(std::string_view text);

}  // namespace gslb
