#include "gslb/zone/generate.h"

#include <charconv>
#include <cstdio>

namespace gslb::zone {
namespace {

constexpr std::int64_t kMaxCounter = 0x7fffffff;
constexpr std::uint32_t kMaxWidth = 255;  // nothing longer fits a name or character string

// Takes a number off the front of `text`.
template <typename T>
bool take_number(std::string_view& text, T& value) {
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) { return false; }
  text.remove_prefix(static_cast<std::size_t>(stopped - text.data()));
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) { return false; }
  text.remove_prefix(1);
  return true;
}

// Reverse nibbles with dots between them, for ip6.arpa; `width` counts the dots too.
std::string nibbles(std::uint32_t value, std::uint32_t width, bool upper) {
  std::string out;
  do {
    out += (upper ? "0123456789ABCDEF" : "0123456789abcdef")[value & 15U];
    value >>= 4;
    if (value != 0 || out.size() < width) { out += '.'; }
  } while (value != 0 || out.size() < width);
  return out;
}

std::string format(std::uint32_t value, std::uint32_t width, char base) {
  if (base == 'n' || base == 'N') { return nibbles(value, width, base == 'N'); }
  std::string digits(16, '\0');
  const char* pattern = base == 'd' ? "%u" : base == 'o' ? "%o" : base == 'x' ? "%x" : "%X";
  const int length = std::snprintf(digits.data(), digits.size(), pattern, value);
  digits.resize(static_cast<std::size_t>(length));
  if (digits.size() < width) { digits.insert(0, width - digits.size(), '0'); }
  return digits;
}

// What stands after "${", through the closing brace.
std::optional<std::string> expand_modifier(std::string_view& rest, std::uint32_t counter) {
  std::int64_t offset = 0;
  std::uint32_t width = 0;
  char base = 'd';
  take(rest, '+');
  if (!take_number(rest, offset)) { return std::nullopt; }
  if (take(rest, ',')) {
    if (!take_number(rest, width) || width > kMaxWidth) { return std::nullopt; }
    if (take(rest, ',')) {
      if (rest.empty() || std::string_view("doxXnN").find(rest.front()) == rest.npos) {
        return std::nullopt;
      }
      base = rest.front();
      rest.remove_prefix(1);
    }
  }
  if (!take(rest, '}')) { return std::nullopt; }
  if (offset > kMaxCounter || offset < -kMaxCounter) { return std::nullopt; }
  const std::int64_t value = offset + counter;
  if (value < 0 || value > kMaxCounter) { return std::nullopt; }
  return format(static_cast<std::uint32_t>(value), width, base);
}

}  // namespace

std::optional<GenerateRange> parse_generate_range(std::string_view text) {
  GenerateRange range;
  if (!take_number(text, range.start) || !take(text, '-') || !take_number(text, range.stop)) {
    return std::nullopt;
  }
  if (take(text, '/') && !take_number(text, range.step)) { return std::nullopt; }
  if (!text.empty() || range.step == 0 || range.start > range.stop || range.stop > kMaxCounter ||
      range.step > kMaxCounter) {
    return std::nullopt;
  }
  return range;
}

std::optional<std::string> expand_generate(std::string_view pattern, std::uint32_t counter) {
  std::string out;
  while (!pattern.empty()) {
    const char c = pattern.front();
    pattern.remove_prefix(1);
    if (c == '\\' && !pattern.empty()) {  // an escaped dollar stays escaped: the name reader's
      out += c;
      out += pattern.front();
      pattern.remove_prefix(1);
    } else if (c != '$') {
      out += c;
    } else if (take(pattern, '$')) {
      out += '$';
    } else if (take(pattern, '{')) {
      const auto number = expand_modifier(pattern, counter);
      if (!number) { return std::nullopt; }
      out += *number;
    } else {
      out += std::to_string(counter);
    }
  }
  return out;
}

}  // namespace gslb::zone
