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

std::string reason() { return std::generic_category().message(errno); }

std::string_view stem(std::string_view path) {
  if (path.ends_with(kPublicSuffix)) { path.remove_suffix(kPublicSuffix.size()); }
  if (path.ends_with(kPrivateSuffix)) { path.remove_suffix(kPrivateSuffix.size()); }
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
  const std::string public_file = base + std::string(kPublicSuffix);
  const std::string private_file = base + std::string(kPrivateSuffix);
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

std::vector<KeyFile> read_key_directory(const KeyDirectory& directory, const dns::Name& zone,
                                        Problems& problems) {
  std::vector<KeyFile> keys;
  if (directory.failure()) {
    problems.error({directory.path(), 0, 0},
                   "cannot read the key directory: " + directory.failure().message());
    return keys;
  }
  for (const std::string& file : directory.public_files(zone)) {
    if (!read_half(file, problems)) { continue; }
    std::error_code failure;
    const std::string private_file = std::string(stem(file)) + std::string(kPrivateSuffix);
    if (!std::filesystem::exists(private_file, failure)) {
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
  const std::string private_file = base + std::string(kPrivateSuffix);
  const std::string public_file = base + std::string(kPublicSuffix);
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
