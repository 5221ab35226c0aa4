#include "edge/config/filters.h"

#include <algorithm>
#include <utility>

namespace edge::config {
namespace {

using gslb::TomlTable;

// Text that no server sends coded already, and what of fonts and programs is not.
const std::vector<std::string>& default_types() {
  static const std::vector<std::string> types = {
      "text/*",          "*+json",
      "*+xml",           "application/json",
      "application/xml", "application/javascript",
      "font/otf",        "application/x-javascript",
      "font/ttf",        "application/vnd.ms-fontobject",
      "image/bmp",       "application/wasm",
      "image/x-icon",    "application/x-ndjson",
  };
  return types;
}

// "text/html", "text/*" or "*+json".
bool is_type_pattern(std::string_view text) {
  const auto is_name = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '+' ||
             c == '_';
    });
  };
  if (text.starts_with("*+")) { return is_name(text.substr(2)); }
  const std::size_t slash = text.find('/');
  if (slash == text.npos || !is_name(text.substr(0, slash))) { return false; }
  return text.substr(slash + 1) == "*" || is_name(text.substr(slash + 1));
}

void read_types(TomlTable& table, std::vector<std::string>& types) {
  if (!table.has("types")) { return; }
  types.clear();
  for (const gslb::LocatedString& given : table.strings("types")) {
    std::string type = given.text;
    std::transform(type.begin(), type.end(), type.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (!is_type_pattern(type)) {
      table.error("types", "\"" + given.text + "\" is no media type",
                  "as in \"text/html\", \"text/*\" or \"*+json\"");
    }
    types.push_back(std::move(type));
  }
}

void read_codings(TomlTable& table, std::vector<Coding>& codings) {
  if (!table.has("codings")) { return; }
  codings.clear();
  for (const gslb::LocatedString& given : table.strings("codings")) {
    const auto* const at = std::find(kCodingNames.begin() + 1, kCodingNames.end(), given.text);
    const auto coding = static_cast<Coding>(at - kCodingNames.begin());
    if (at == kCodingNames.end()) {
      table.error("codings", "\"" + given.text + "\" is no coding made here",
                  "\"gzip\", \"br\" or \"zstd\"");
    } else if (std::find(codings.begin(), codings.end(), coding) != codings.end()) {
      table.error("codings", "\"" + given.text + "\" stands there twice");
    } else {
      codings.push_back(coding);
    }
  }
  if (codings.empty()) {
    table.error("codings", "there is none", "enabled = false turns compression off");
  }
}

// gzip = { stored = 6, dynamic = 4 }
void read_levels(TomlTable& table, Compress& compress) {
  constexpr std::array<int, kCodings> kMost = {0, 9, 9, 15};
  for (std::size_t i = 1; i < kCodings; ++i) {
    auto own = table.table(kCodingNames[i]);
    if (!own) { continue; }
    Compress::Levels& levels = compress.levels[i];
    levels.stored = static_cast<int>(own->integer("stored", 1, kMost[i]).value_or(levels.stored));
    levels.dynamic =
        static_cast<int>(own->integer("dynamic", 1, kMost[i]).value_or(levels.dynamic));
    own->finish();
  }
}

std::optional<Compress> read_compress(TomlTable table, std::optional<Compress> inherited) {
  if (!inherited) {
    inherited.emplace();
    inherited->types = default_types();
  }
  const bool enabled = table.boolean("enabled").value_or(true);
  read_codings(table, inherited->codings);
  read_types(table, inherited->types);
  if (const auto least = table.size_octets("min_length", 0, 1 << 30)) {
    inherited->min_octets = static_cast<std::uint64_t>(*least);
  }
  read_levels(table, *inherited);
  inherited->decode = table.boolean("decode").value_or(inherited->decode);
  table.finish();
  return enabled ? inherited : std::nullopt;
}

std::optional<Esi> read_esi(TomlTable table, std::optional<Esi> inherited) {
  Esi esi = std::move(inherited).value_or(Esi{});
  const bool enabled = table.boolean("enabled").value_or(true);
  read_types(table, esi.types);
  const auto depth = table.integer("max_depth", 1, 10);
  if (depth) { esi.max_depth = static_cast<unsigned>(*depth); }
  const auto includes = table.integer("max_includes", 1, 1000);
  if (includes) { esi.max_includes = static_cast<unsigned>(*includes); }
  const auto octets = table.size_octets("max_include_size", 1, std::int64_t{1} << 32);
  if (octets) { esi.max_octets = static_cast<std::uint64_t>(*octets); }
  esi.timeout_ms = table.duration_ms("timeout", 10, 3'600'000).value_or(esi.timeout_ms);
  const auto failed = table.choice("failed_include", {"cut", "omit"});
  if (failed) { esi.omit_failed = *failed == "omit"; }
  table.finish();
  return enabled ? std::optional(std::move(esi)) : std::nullopt;
}

}  // namespace

Filters read_filters(TomlTable& table, const Filters& inherited) {
  Filters filters = inherited;
  if (auto own = table.table("compress")) {
    filters.compress = read_compress(std::move(*own), std::move(filters.compress));
  }
  if (auto own = table.table("esi")) {
    filters.esi = read_esi(std::move(*own), std::move(filters.esi));
  }
  return filters;
}

}  // namespace edge::config
