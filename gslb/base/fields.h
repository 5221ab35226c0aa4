// Text of lines and words, taken apart from the front: state files, recordings, query lists.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace gslb {

// What of `text` stands before the first `end`, all of it when there is none; takes it away, `end`
// too.
inline std::string_view take_field(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

// All of `text` as one number; `base`: of an integer.  Total.
template <typename Number, typename... Base>
std::optional<Number> parse_number(std::string_view text, Base... base) {
  Number number{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, base...);
  if (error != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
  return number;
}

}  // namespace gslb
