#include "gslb/config/sections.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

#include <sys/stat.h>

#include "gslb/base/file.h"

namespace gslb::config {
namespace {

constexpr std::size_t kMaxIdLength = 63;  // as a DNS label: ids stand in names and metric labels
constexpr std::size_t kMaxSecretOctets = 4096;
constexpr std::size_t kStandInDigits = 32;  // as a cookie secret has
constexpr std::size_t kMaxNamesInHint = 12;

// ASCII only, whatever the locale.
std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') { c = static_cast<char>(c - 'a' + 'A'); }
  }
  return text;
}
std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  return text;
}

// The octets of a secret's file; nullopt when it can't be used (reported at `path.at`).
std::optional<std::string> read_secret_file(const LocatedString& path, Problems& problems) {
  struct stat status {};
  const bool found = ::stat(path.text.c_str(), &status) == 0;
  // Looked at before opening: to open a FIFO would wait for ever.
  if (found && !S_ISREG(status.st_mode)) {
    problems.error(path.at, "can't read '" + path.text + "': not a regular file");
    return std::nullopt;
  }
  const auto content = read_file(path.text, kMaxSecretOctets);
  if (!content) {
    problems.error(path.at,
                   "can't read '" + path.text + "': " + std::generic_category().message(errno),
                   "a relative path starts at the configuration file's folder");
    return std::nullopt;
  }
  if ((status.st_mode & S_IROTH) != 0) {
    problems.warning(path.at, "'" + path.text + "' can be read by everybody on this machine",
                     "chmod o-r");
  }
  std::string_view secret = *content;
  if (secret.ends_with('\n')) { secret.remove_suffix(1); }
  if (secret.ends_with('\r')) { secret.remove_suffix(1); }
  return std::string(secret);
}

}  // namespace

std::optional<LocatedString> located(TomlTable& table, std::string_view key, Need need) {
  auto text = table.string(key, need);
  if (!text) { return std::nullopt; }
  return LocatedString{std::move(*text), table.at(key)};
}

std::vector<LocatedString> read_list(TomlTable& table, std::string_view key, std::string_view hint,
                                     const Context& context) {
  const std::size_t errors = context.problems.error_count();
  auto values = table.strings(key);
  // A list whose elements were all refused is not empty.
  if (values.empty() && table.has(key) && context.problems.error_count() == errors) {
    table.error(key, "'" + std::string(key) + "' is empty", std::string(hint));
  }
  return values;
}

void check_id(const LocatedString& id, std::string_view kind, Problems& problems) {
  const bool characters = std::all_of(id.text.begin(), id.text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (id.text.empty() || id.text.size() > kMaxIdLength || !characters || id.text.starts_with('-') ||
      id.text.ends_with('-')) {
    problems.error(id.at, std::string(kind) + " '" + id.text + "' is not a valid id",
                   "1 to 63 of a-z, 0-9 and '-', with no '-' at either end");
  }
}

void check_duplicate(const LocatedString& name, std::string_view kind, Seen& seen,
                     Problems& problems) {
  const auto [first, is_new] = seen.emplace(name.text, name.at.line);
  if (is_new) { return; }
  problems.error(name.at, std::string(kind) + " '" + name.text + "' stands twice",
                 "the first is in line " + std::to_string(first->second));
}

void report_unknown(const LocatedString& name, std::string_view kind,
                    const std::vector<std::string>& known, Problems& problems) {
  std::string hint;
  if (const std::string near = did_you_mean(name.text, known); !near.empty()) {
    hint = "did you mean '" + near + "'?";
  } else if (known.empty()) {
    hint = "there is none in this file";
  } else if (known.size() <= kMaxNamesInHint) {
    for (const std::string& candidate : known) {
      hint += (hint.empty() ? "there is " : ", ") + candidate;
    }
  }
  problems.error(name.at, "unknown " + std::string(kind) + " '" + name.text + "'", hint);
}

bool is_country(std::string_view text) noexcept {
  return text.size() == 2 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_subdivision(std::string_view text) noexcept {
  const auto is_code = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  constexpr std::size_t kShortest = 4;  // "SE-M"
  constexpr std::size_t kLongest = 6;   // "GB-ENG"
  return text.size() >= kShortest && text.size() <= kLongest && is_country(text.substr(0, 2)) &&
         text[2] == '-' && std::all_of(text.begin() + 3, text.end(), is_code);
}

bool is_continent(std::string_view text) noexcept {
  constexpr std::string_view kKnown[] = {"AF", "AN", "AS", "EU", "NA", "OC", "SA"};
  return std::find(std::begin(kKnown), std::end(kKnown), text) != std::end(kKnown);
}

std::string read_country(TomlTable& table, std::string_view key) {
  const auto text = table.string(key);
  if (!text) { return {}; }
  std::string code = upper_case(*text);
  if (is_country(code)) { return code; }
  table.error(key, "'" + std::string(key) + "' is \"" + *text + "\", not a country code",
              "two letters of ISO 3166-1, such as DE");
  return {};
}

std::string read_region(TomlTable& table, std::string_view key) {
  const auto text = table.string(key);
  if (!text) { return {}; }
  std::string code = upper_case(*text);
  if (is_country(code) || is_subdivision(code)) { return code; }
  table.error(key, "'" + std::string(key) + "' is \"" + *text + "\", not a country code",
              "two letters of ISO 3166-1, such as DE, or a subdivision, such as US-CA");
  return {};
}

std::optional<std::uint32_t> read_asn(TomlTable& table, std::string_view key) {
  const auto number = table.integer(key, 1, std::numeric_limits<std::uint32_t>::max());
  if (!number) { return std::nullopt; }
  return static_cast<std::uint32_t>(*number);
}

std::optional<LocatedString> read_owner(TomlTable& table, const Context& context,
                                        std::string_view kind, Seen& seen) {
  auto name = located(table, "name", Need::kRequired);
  if (!name) { return std::nullopt; }
  if (name->text.empty()) {
    table.error("name", "the " + std::string(kind) + "'s name is empty", "the root zone is \".\"");
    return name;
  }
  LocatedString plain{lower_case(name->text), name->at};
  if (plain.text.size() > 1 && plain.text.ends_with('.')) { plain.text.pop_back(); }
  check_duplicate(plain, kind, seen, context.problems);
  return name;
}

std::optional<LocatedString> read_path(TomlTable& table, std::string_view key,
                                       const Context& context, Need need) {
  auto path = located(table, key, need);
  if (!path) { return std::nullopt; }
  if (path->text.empty()) {
    table.error(key, "'" + std::string(key) + "' is empty", "name a file, or leave the key out");
    return std::nullopt;
  }
  path->text = resolve_path(path->text, context.file);
  return path;
}

std::string read_secret(TomlTable& table, const std::string& key, std::size_t min_octets,
                        const Context& context) {
  const std::string file_key = key + "_file";
  const auto text = table.string(key);
  const auto path = read_path(table, file_key, context);
  if (table.has(key) && table.has(file_key)) {
    table.error(file_key, "both '" + key + "' and '" + file_key + "' are set", "leave one out");
    return {};
  }
  if (context.secrets == Secrets::kStandIns) {
    return std::string(text || path ? std::max(min_octets, kStandInDigits) : 0, '0');
  }
  const std::string& used = text ? key : file_key;
  auto secret = path ? read_secret_file(*path, context.problems) : text;
  if (!secret) { return {}; }
  if (secret->size() < min_octets) {
    table.error(used,
                "the " + key + " has " + std::to_string(secret->size()) + " octets, fewer than " +
                    std::to_string(min_octets),
                "make one with: openssl rand -hex 32");
  }
  return std::move(*secret);
}

}  // namespace gslb::config
