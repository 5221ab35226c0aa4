#include "gslb/config/key_file.h"

#include <vector>

namespace gslb::config {
namespace {

// Words between white space, braces, semicolons and quotes; comments left out.  "//" begins one
// only before a space or at the start of a line, as base64 may hold it.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) { words.push_back(std::move(word)); }
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const bool starts_line = at == 0 || text[at - 1] == '\n';
    if (word.empty() && (rest.starts_with('#') || rest.starts_with("// ") ||
                         (starts_line && rest.starts_with("//")))) {
      at = text.find('\n', at);
      if (at == std::string_view::npos) { break; }
    } else if (word.empty() && rest.starts_with("/*")) {
      at = text.find("*/", at);
      if (at == std::string_view::npos) { break; }
      at += 2;
    } else {
      const bool separates =
          std::string_view(" \t\r\n{};\"").find(rest.front()) != std::string_view::npos;
      if (separates) {
        end_word();
      } else {
        word.push_back(rest.front());
      }
      ++at;
    }
  }
  end_word();
  return words;
}

}  // namespace

std::optional<KeyFile> parse_key_file(std::string_view text) {
  std::vector<std::string> words = words_of(text);
  std::erase(words, "-");  // YAML's list mark
  KeyFile key;
  if (words.size() == 1) {
    key.secret = words.front();
    return key;
  }
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    std::string* into = nullptr;
    const std::string& word = words[at];
    if (word == "key" || word == "id:") { into = &key.name; }
    if (word == "algorithm" || word == "algorithm:") { into = &key.algorithm; }
    if (word == "secret" || word == "secret:") { into = &key.secret; }
    if (into == nullptr) { continue; }
    if (!into->empty()) { return std::nullopt; }
    *into = words[++at];
  }
  if (key.secret.empty()) { return std::nullopt; }
  return key;
}

}  // namespace gslb::config
