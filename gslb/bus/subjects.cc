#include "gslb/bus/subjects.h"

#include <array>

#include "gslb/base/check.h"

namespace gslb::bus {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::size_t kMaxPrefix = 32;
constexpr std::array<std::string_view, 8> kBucketNames = {"beats",    "admin",  "gslb",    "demand",
                                                          "verdicts", "tokens", "secrets", "lease"};

// Of ASCII; a locale may not change what is on the wire.
bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool stands_for_itself(char c) noexcept { return is_alphanumeric(c) || c == '-' || c == '_'; }

}  // namespace

std::string escape_token(std::string_view id) {
  std::string token;
  token.reserve(id.size());
  for (const char c : id) {
    if (stands_for_itself(c)) {
      token.push_back(c);
    } else {
      const auto octet = static_cast<unsigned char>(c);
      token.push_back('=');
      token.push_back(kHex[octet >> 4]);
      token.push_back(kHex[octet & 15]);
    }
  }
  return token;
}

std::optional<std::string> unescape_token(std::string_view token) {
  std::string id;
  id.reserve(token.size());
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (stands_for_itself(token[i])) {
      id.push_back(token[i]);
      continue;
    }
    if (token[i] != '=' || token.size() - i < 3) { return std::nullopt; }
    const std::size_t high = kHex.find(token[i + 1]);
    const std::size_t low = kHex.find(token[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) { return std::nullopt; }
    const char c = static_cast<char>(high << 4 | low);
    // One id, one name: two would be two entries of a table.
    if (stands_for_itself(c)) { return std::nullopt; }
    id.push_back(c);
    i += 2;
  }
  return id;
}

bool is_prefix(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxPrefix &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Subjects::Subjects(std::string prefix) : prefix_(std::move(prefix)) { CHECK(is_prefix(prefix_)); }

std::string Subjects::bucket(Bucket which) const {
  return prefix_ + "_v1_" + std::string(kBucketNames.at(static_cast<std::size_t>(which)));
}

std::string Subjects::value(Bucket which, std::string_view key) const {
  return "$KV." + bucket(which) + '.' + std::string(key);
}

std::string Subjects::node_key(std::string_view cluster, std::string_view node) {
  return escape_token(cluster) + '.' + escape_token(node);
}

std::optional<std::pair<std::string, std::string>> Subjects::parse_node_key(std::string_view key) {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) { return std::nullopt; }
  auto cluster = unescape_token(key.substr(0, dot));
  auto node = unescape_token(key.substr(dot + 1));
  if (!cluster || !node || cluster->empty() || node->empty()) { return std::nullopt; }
  return std::pair(*std::move(cluster), *std::move(node));
}

std::string Subjects::orders(std::string_view cluster, std::string_view node) const {
  return prefix_ + ".v1.orders." + node_key(cluster, node);
}

std::string Subjects::purge() const { return prefix_ + ".v1.purge"; }

}  // namespace gslb::bus
