#include "edge/config/values.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "gslb/base/file.h"

namespace edge::config {

using gslb::Problems;
using gslb::TomlTable;

void read_ms(TomlTable& table, std::string_view key, std::int64_t low, std::int64_t& value) {
  if (const auto given = table.duration_ms(key, low, kDayMs)) { value = *given; }
}

bool is_id(std::string_view text, std::size_t longest) noexcept {
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool is_host_pattern(std::string_view text) noexcept {
  if (text.starts_with("*.")) { text.remove_prefix(2); }
  return !text.empty() && text.find_first_of("*/: ") == text.npos;
}

std::vector<Url> read_urls(TomlTable& table, std::string_view key, Problems& problems) {
  std::vector<Url> urls;
  for (const gslb::LocatedString& text : table.strings(key)) {
    if (auto url = parse_url(text.text)) {
      urls.push_back(std::move(*url));
    } else {
      problems.error(text.at, "\"" + text.text + "\" is no origin URL",
                     "http://host:port or https://host:port, without a path");
    }
  }
  return urls;
}

std::vector<gslb::Prefix> read_prefixes(TomlTable& table, std::string_view key,
                                        Problems& problems) {
  std::vector<gslb::Prefix> prefixes;
  for (const gslb::LocatedString& text : table.strings(key)) {
    if (const auto prefix = gslb::Prefix::parse(text.text)) {
      prefixes.push_back(*prefix);
    } else {
      problems.error(text.at, "\"" + text.text + "\" is no prefix",
                     "as in \"192.0.2.0/24\" or \"2001:db8::/32\", host bits 0");
    }
  }
  return prefixes;
}

// A key or a DER file here would show only later, as peers that nobody can verify.
std::string read_ca_file(TomlTable& table, const std::string& file) {
  const auto path = table.string("ca_file");
  if (!path) { return {}; }
  std::string resolved = gslb::resolve_path(*path, file);
  const auto text = gslb::read_file(resolved);
  if (!text) {
    table.error("ca_file",
                "can't read " + resolved + ": " + std::generic_category().message(errno));
  } else if (text->find("CERTIFICATE-----") == text->npos) {
    table.error("ca_file", resolved + " has no certificate in it",
                "a PEM file with \"-----BEGIN CERTIFICATE-----\"");
  }
  return resolved;
}

std::string read_key(TomlTable& table, const std::string& file) {
  if (table.has("key") && table.has("key_file")) {
    table.error("key_file", "both key and key_file are given", "keep one");
  }
  if (const auto key = table.string("key")) {
    if (key->empty()) { table.error("key", "the key is empty"); }
    return *key;
  }
  const auto path = table.string("key_file");
  if (!path) { return {}; }
  auto key = gslb::read_file(gslb::resolve_path(*path, file));
  if (!key) {
    table.error("key_file", "can't read " + *path + ": " + std::generic_category().message(errno));
    return {};
  }
  // An editor's newline at the end is not part of the key.
  while (!key->empty() && (key->back() == '\n' || key->back() == '\r')) { key->pop_back(); }
  if (key->empty()) { table.error("key_file", *path + " is empty"); }
  return *key;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_plain_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace edge::config
