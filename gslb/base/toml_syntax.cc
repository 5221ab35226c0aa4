#include "gslb/base/toml_syntax.h"

#include <algorithm>
#include <array>

namespace gslb {
namespace {

struct SyntaxHint {
  std::string_view message_part;
  std::string_view hint;
};

// First match wins.
constexpr std::array<SyntaxHint, 12> kSyntaxHints = {{
    {"into existing inline table", "an inline table is complete as written; use [table] instead"},
    {"as array-of-tables", "a list of tables is written [[name]] every time"},
    {"cannot redefine existing table", "a table may stand once; put its keys together"},
    {"cannot redefine", "a key may be set once in a table"},
    {"control characters", "close the quote on the same line, or use triple quotes"},
    {"end-of-file", "something is not closed: a quote, a bracket or a brace"},
    {"value-terminator", "one value a line; text needs quotes: key = \"text\""},
    {"could not determine value type", "text needs quotes: key = \"text\""},
    {"expected '='", "write key = value"},
    {"expected value", "write a value after the '='"},
    {"leading zeroes", "drop the leading zeros, or put text in quotes"},
    {"expected a comment or whitespace", "one key = value a line; text needs quotes"},
}};

}  // namespace

std::string_view toml_syntax_hint(std::string_view message) {
  for (const SyntaxHint& candidate : kSyntaxHints) {
    if (message.find(candidate.message_part) != std::string_view::npos) { return candidate.hint; }
  }
  return "see toml.io for the syntax; text needs quotes";
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7f;
  });
}

std::optional<std::uint32_t> find_endless_key(std::string_view text) {
  std::uint32_t line = 1;
  std::size_t dots = 0;
  bool comment = false;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      comment = false;
      dots = 0;
    } else if (c == '#') {
      comment = true;
    } else if (c == ',') {
      dots = 0;  // lists of addresses and fractions
    } else if (c == '.' && !comment && ++dots > kMaxDotsInKey) {
      return line;
    }
  }
  return std::nullopt;
}

}  // namespace gslb
