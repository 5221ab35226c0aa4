// What may be done to the bodies of responses on their way to clients: [compress] and [esi].
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/toml_table.h"

namespace edge::config {

// Content codings this edge makes and undoes.
enum class Coding : std::uint8_t { kIdentity, kGzip, kBrotli, kZstd };
inline constexpr std::size_t kCodings = 4;
// As in Content-Encoding.
inline constexpr std::array<std::string_view, kCodings> kCodingNames = {"identity", "gzip", "br",
                                                                        "zstd"};

// [compress], [site.compress]
struct Compress {
  struct Levels {
    int stored = 0;   // of a coding that is made once and kept
    int dynamic = 0;  // of one that is for one client
    friend bool operator==(const Levels&, const Levels&) = default;
  };
  // Best first, where a client likes several alike.
  std::vector<Coding> codings = {Coding::kZstd, Coding::kBrotli, Coding::kGzip};
  std::vector<std::string> types;  // lower case: "text/html", "text/*", "*+json"
  std::uint64_t min_octets = 256;
  std::array<Levels, kCodings> levels = {{{0, 0}, {6, 4}, {5, 4}, {6, 3}}};
  bool decode = true;  // for clients that don't accept the coding a response came in
};

// [esi], [site.esi]
struct Esi {
  std::vector<std::string> types = {"text/html", "application/xhtml+xml"};
  unsigned max_depth = 3;                 // pages within pages
  unsigned max_includes = 64;             // of one answer, those within others counted too
  std::uint64_t max_octets = 8ULL << 20;  // of one included response
  std::int64_t timeout_ms = 10'000;       // until the head of an included response
  bool omit_failed = false;  // else an answer is cut where what it includes can't be had
};

struct Filters {
  std::optional<Compress> compress;
  std::optional<Esi> esi;
  bool any() const noexcept { return compress.has_value() || esi.has_value(); }
};

// Reads [compress] and [esi] of `table` over what `inherited` says.
Filters read_filters(gslb::TomlTable& table, const Filters& inherited);

}  // namespace edge::config
