#include "gslb/zone/scanner.h"

namespace gslb::zone {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

bool ends_word(char c) noexcept {
  return is_blank(c) || c == '\n' || c == ';' || c == '(' || c == ')' || c == '"' || c == '\0';
}

}  // namespace

void Scanner::end_line() noexcept {
  ++at_;
  ++line_;
  line_start_ = at_;
}

void Scanner::skip_comment() noexcept {
  const std::size_t end = text_.find('\n', at_);
  at_ = end == std::string_view::npos ? text_.size() : end;
}

Scanner::Step Scanner::fail(std::string_view what, std::string_view hint, std::uint32_t line,
                            std::uint32_t column) {
  fault_ = {what, hint, line, column};
  skip_comment();
  return Step::kFault;
}

// The rest of the line up to an unescaped closing quote; false when there is none.
bool Scanner::skip_quoted_part() noexcept {
  ++at_;
  while (!done() && peek() != '\n' && peek() != '\0') {
    if (peek() == '"') {
      ++at_;
      return true;
    }
    if (peek() == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') { ++at_; }
    ++at_;
  }
  return false;
}

bool Scanner::take_quoted(Entry& entry) {
  Word word{{}, true, line_, column()};
  const std::size_t start = at_ + 1;
  if (!skip_quoted_part()) { return false; }
  word.text = text_.substr(start, at_ - 1 - start);
  entry.words.push_back(word);
  return true;
}

bool Scanner::take_word(Entry& entry) {
  Word word{{}, false, line_, column()};
  const std::size_t start = at_;
  while (!done()) {
    const char c = peek();
    // key="a value" of SVCB parameters (RFC 9460 2.1) is one word.
    if (c == '"' && text_[at_ - 1] == '=') {
      if (!skip_quoted_part()) { return false; }
      break;
    }
    if (ends_word(c)) { break; }
    ++at_;
    if (c == '\\' && !done() && peek() != '\n' && peek() != '\0') { ++at_; }
  }
  word.text = text_.substr(start, at_ - start);
  entry.words.push_back(word);
  return true;
}

Scanner::Step Scanner::next(Entry& entry) {
  entry.words.clear();
  entry.starts_blank = !done() && is_blank(peek());
  bool is_open = false;  // between parentheses, which do not nest (RFC 1035 5.1)
  std::uint32_t open_line = 0;
  std::uint32_t open_column = 0;
  while (!done()) {
    const std::uint32_t line = line_;
    const std::uint32_t at = column();
    switch (peek()) {
      case ' ':
      case '\t':
      case '\r':
        ++at_;
        break;
      case '\n':
        end_line();
        if (is_open) { break; }
        if (!entry.words.empty()) { return Step::kEntry; }
        entry.starts_blank = !done() && is_blank(peek());
        break;
      case ';':
        skip_comment();
        break;
      case '(':
        if (is_open) { return fail("parenthesis inside parentheses", "they don't nest", line, at); }
        is_open = true;
        open_line = line;
        open_column = at;
        ++at_;
        break;
      case ')':
        if (!is_open) { return fail("closing parenthesis without an opening one", "", line, at); }
        is_open = false;
        ++at_;
        break;
      case '"':
        if (!take_quoted(entry)) {
          return fail("quoted string is not closed on its line", "add the closing quote", line, at);
        }
        break;
      case '\0':
        return fail("NUL octet in the file", "is this a text file?", line, at);
      default:
        if (!take_word(entry)) {
          return fail("quoted string is not closed on its line", "add the closing quote", line, at);
        }
    }
  }
  if (is_open) {
    return fail("parenthesis is not closed before the end of the file", "add the closing one",
                open_line, open_column);
  }
  return entry.words.empty() ? Step::kEnd : Step::kEntry;
}

}  // namespace gslb::zone
