// Values that several tables of the configuration file have alike.  Internal to edge/config.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

inline constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

// From `low` ms to a day; `value` stays when the key is not there.
void read_ms(gslb::TomlTable& table, std::string_view key, std::int64_t low, std::int64_t& value);
// 1 to `longest` of a-z, 0-9 and "-": what goes into header fields, metric labels and host names
// as it is.
bool is_id(std::string_view text, std::size_t longest) noexcept;
// "www.example.com" or "*.example.com".
bool is_host_pattern(std::string_view text) noexcept;
std::vector<Url> read_urls(gslb::TomlTable& table, std::string_view key, gslb::Problems& problems);
std::vector<gslb::Prefix> read_prefixes(gslb::TomlTable& table, std::string_view key,
                                        gslb::Problems& problems);
// ca_file, as a path that can be opened; "": not given.  `file`: the one `table` is of.
std::string read_ca_file(gslb::TomlTable& table, const std::string& file);
// key or key_file, without the newline at its end; "": not given.
std::string read_key(gslb::TomlTable& table, const std::string& file);
// A field name, as far as operators have reason to write one.
bool is_token(std::string_view text);
// Without control characters.
bool is_plain_value(std::string_view text);
// Without spaces, either, and ASCII.
bool is_visible(std::string_view text);

}  // namespace edge::config
