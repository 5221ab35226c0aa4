// The words of one line, taken from the front.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scenario {

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') { text.remove_prefix(1); }
  while (!text.empty() && text.back() == ' ') { text.remove_suffix(1); }
  return text;
}

// "a; b; c" at ';', trimmed.  A trailing separator leaves an empty part.
inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) { return parts; }
    text.remove_prefix(end + 1);
  }
}

// The whole of `text`; throws std::runtime_error.
template <class Number>
Number number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error("'" + std::string(text) + "' is no number");
  }
  return value;
}

class Words {
 public:
  explicit Words(std::string_view text) : rest_(trim(text)) {}

  bool empty() const { return rest_.empty(); }
  std::string_view peek() const { return rest_.substr(0, rest_.find(' ')); }
  std::string_view rest() const { return rest_; }
  // The next word; throws when there is none.  `what`: what it should have been.
  std::string take(const std::string& what) {
    if (empty()) { throw std::runtime_error(what + " is missing"); }
    const std::string word(peek());
    rest_ = trim(rest_.substr(word.size()));
    return word;
  }
  // True, and it is taken, when the next word is `word`.
  bool take_if(std::string_view word) {
    if (peek() != word || empty()) { return false; }
    take("");
    return true;
  }
  std::string take_rest() { return std::string(std::exchange(rest_, {})); }
  void finish() const {
    if (!empty()) { throw std::runtime_error("can't read '" + std::string(rest_) + "'"); }
  }

 private:
  std::string_view rest_;
};

}  // namespace scenario
