#include "gslb/dnssec/key_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "gslb/base/file.h"
#include "gslb/dnssec/key_text.h"

namespace gslb::dnssec {
namespace {

constexpr std::string_view kPublic = ".key";
constexpr std::string_view kPrivate = ".private";
constexpr std::size_t kMaxKeyFile = 64 * 1024;

std::string reason() { return std::generic_category().message(errno); }

std::string_view stem(std::string_view path) {
  if (path.ends_with(kPublic)) { path.remove_suffix(kPublic.size()); }
  if (path.ends_with(kPrivate)) { path.remove_suffix(kPrivate.size()); }
  return path;
}

std::optional<std::string> read_half(const std::string& file, Problems& problems) {
  auto text = read_file(file, kMaxKeyFile);
  if (!text) { problems.error({file, 0, 0}, "cannot read the key file: " + reason()); }
  return text;
}

}  // namespace

std::string key_file_name(const SigningKey& key) {
  std::string name = "K";
  std::array<char, 16> text{};
  for (const char c : key.owner().to_string()) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (is_plain) {
      name += c;
    } else {
      std::snprintf(text.data(), text.size(), "%%%02X", static_cast<unsigned char>(c));
      name += text.data();
    }
  }
  std::snprintf(text.data(), text.size(), "+%03u+%05u", static_cast<unsigned>(key.algorithm()),
                static_cast<unsigned>(key.tag()));
  return name + text.data();
}

std::optional<KeyFile> read_key_file(std::string_view path, Problems& problems) {
  const std::string base(stem(path));
  const std::string public_file = base + std::string(kPublic);
  const std::string private_file = base + std::string(kPrivate);
  const auto public_half = read_half(public_file, problems);
  const auto private_half = read_half(private_file, problems);
  if (!public_half || !private_half) { return std::nullopt; }
  std::error_code failure;
  const std::filesystem::perms allowed =
      std::filesystem::status(private_file, failure).permissions();
  if (!failure && (allowed & std::filesystem::perms::others_read) != std::filesystem::perms::none) {
    problems.warning({private_file, 0, 0}, "can be read by everybody on this machine", "chmod o-r");
  }
  return parse_key_file({public_file, *public_half}, {private_file, *private_half}, problems);
}

std::vector<KeyFile> read_key_directory(const std::string& directory, const dns::Name& zone,
                                        Problems& problems) {
  namespace fs = std::filesystem;
  std::vector<KeyFile> keys;
  std::error_code failure;
  fs::directory_iterator entries(directory, failure);
  if (failure) {
    problems.error({directory, 0, 0}, "cannot read the key directory: " + failure.message());
    return keys;
  }
  std::vector<std::string> files;
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    std::string file = entries->path().string();
    if (entries->path().filename().string().starts_with('K') && file.ends_with(kPublic)) {
      files.push_back(std::move(file));
    }
  }
  std::ranges::sort(files);  // problems in the same order every time
  for (const std::string& file : files) {
    // Other zones' keys may lie here, and may be anything: only the owner of the record counts.
    const auto text = read_half(file, problems);
    if (!text) { continue; }
    Problems ignored;
    const auto record = parse_key_record({file, *text}, ignored);
    if (record && !(record->owner == zone)) { continue; }
    if (!fs::exists(std::string(stem(file)) + std::string(kPrivate), failure)) {
      problems.warning({file, 0, 0}, "the key has no .private file beside it",
                       "only keys with both halves can sign");
      continue;
    }
    if (auto key = read_key_file(file, problems)) { keys.push_back(std::move(*key)); }
  }
  std::ranges::stable_sort(keys, {}, [](const KeyFile& key) { return key.key->tag(); });
  return keys;
}

bool write_key_file(const std::string& directory, const KeyFile& key, Problems& problems) {
  const std::string base = directory + "/" + key_file_name(*key.key);
  // The secret first: a .key alone would be taken for a key whose secret was lost.
  constexpr unsigned kSecretMode = 0600;
  constexpr unsigned kPublicMode = 0644;
  const std::string private_file = base + std::string(kPrivate);
  const std::string public_file = base + std::string(kPublic);
  if (!write_file_atomically(private_file, private_text(key), kSecretMode)) {
    problems.error({private_file, 0, 0}, "cannot write the key file: " + reason());
    return false;
  }
  if (!write_file_atomically(public_file, public_text(key), kPublicMode)) {
    problems.error({public_file, 0, 0}, "cannot write the key file: " + reason());
    return false;
  }
  return true;
}

}  // namespace gslb::dnssec
