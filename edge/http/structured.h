// Dictionaries of Structured Fields, as far as caching fields use them.
//
// Source: RFC 8941 3.2 (dictionaries), 4.2.2-4.2.7 (parsing).  Strict as the RFC has it: one wrong
// octet makes the whole field void.  Parameters are checked and dropped, inner lists likewise:
// no directive that we know has either (RFC 9213 2.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge::http {

struct BareItem {
  enum class Kind : std::uint8_t {
    kInteger,
    kDecimal,
    kString,
    kToken,
    kBytes,
    kBoolean,
    kInnerList
  };
  Kind kind = Kind::kBoolean;
  std::int64_t integer = 0;  // kInteger; kBoolean: 0 or 1
  std::string text;          // kString (unescaped), kToken
};
struct DictionaryMember {
  std::string key;
  BareItem value;  // true when the member has none
};
using Dictionary = std::vector<DictionaryMember>;

// `value`: all field lines joined by commas.  A key given twice has its last value.  nullopt: not
// a dictionary, which a recipient ignores whole.
std::optional<Dictionary> parse_dictionary(std::string_view value);

}  // namespace edge::http
