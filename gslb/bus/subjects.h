// Names on the bus: subjects, buckets and their keys.
//
// Source: docs/bus.md "Names"; NATS subjects, key-value keys (ADR-8).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gslb::bus {

// An id as one token: all but letters, digits, '-' and '_' as =XX.  What is empty stays so, and is
// no token: ids aren't.
std::string escape_token(std::string_view id);
// nullopt: not what escape_token() makes.
std::optional<std::string> unescape_token(std::string_view token);

// 1 to 32 of a-z, 0-9 and '-'.
bool is_prefix(std::string_view text) noexcept;

enum class Bucket : std::uint8_t {
  kBeats,
  kAdmin,
  kGslb,
  kDemand,
  kVerdicts,
  kTokens,
  kSecrets,
  kLease
};

// Immutable.
class Subjects {
 public:
  // REQUIRES: is_prefix(prefix).
  explicit Subjects(std::string prefix);

  std::string bucket(Bucket which) const;  // "proxima_v1_beats"
  // Where a value of the bucket is published: "$KV.proxima_v1_beats.fra.n1".
  std::string value(Bucket which, std::string_view key) const;
  // What the bucket's values are heard on.
  std::string values(Bucket which) const { return value(which, ">"); }

  static std::string node_key(std::string_view cluster, std::string_view node);  // "fra.n1"
  // Cluster and node of such a key.
  static std::optional<std::pair<std::string, std::string>> parse_node_key(std::string_view key);

  std::string orders(std::string_view cluster, std::string_view node) const;
  std::string purge() const;

 private:
  std::string prefix_;
};

}  // namespace gslb::bus
