#include "edge/http/structured.h"

#include <algorithm>

#include "edge/http/fields.h"

namespace edge::http {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) noexcept { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

// Takes values off the front; each step says whether it found what the grammar wants.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  bool dictionary(Dictionary& out) {
    skip(' ');
    while (!rest_.empty()) {
      DictionaryMember member;
      if (!this->member(member)) { return false; }
      const auto same = std::find_if(out.begin(), out.end(),
                                     [&](const auto& each) { return each.key == member.key; });
      if (same == out.end()) {
        out.push_back(std::move(member));
      } else {
        same->value = std::move(member.value);
      }
      skip_ows();
      if (rest_.empty()) { return true; }
      if (!take(',')) { return false; }
      skip_ows();
      if (rest_.empty()) { return false; }  // a trailing comma
    }
    return true;
  }

 private:
  char front() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) noexcept {
    if (front() != c || rest_.empty()) { return false; }
    rest_.remove_prefix(1);
    return true;
  }
  void skip(char c) noexcept {
    while (take(c)) {}
  }
  void skip_ows() noexcept {
    while (take(' ') || take('\t')) {}
  }

  bool key(std::string& out) {
    if (!is_lower(front()) && front() != '*') { return false; }
    const auto in_key = [](char c) {
      return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
    };
    while (in_key(front())) {
      out += front();
      rest_.remove_prefix(1);
    }
    return true;
  }

  bool member(DictionaryMember& out) {
    if (!key(out.key)) { return false; }
    out.value.integer = 1;
    if (take('=') && !(front() == '(' ? inner_list(out.value) : bare_item(out.value))) {
      return false;
    }
    return parameters();
  }

  bool parameters() {
    while (take(';')) {
      skip(' ');
      std::string name;
      BareItem ignored;
      if (!key(name) || (take('=') && !bare_item(ignored))) { return false; }
    }
    return true;
  }

  bool inner_list(BareItem& out) {
    out.kind = BareItem::Kind::kInnerList;
    rest_.remove_prefix(1);
    while (true) {
      skip(' ');
      if (take(')')) { return true; }
      BareItem ignored;
      if (!bare_item(ignored) || !parameters()) { return false; }
      if (front() != ' ' && front() != ')') { return false; }
    }
  }

  bool bare_item(BareItem& out) {
    const char c = front();
    if (c == '-' || is_digit(c)) { return number(out); }
    if (c == '"') { return string(out); }
    if (c == ':') { return bytes(out); }
    if (c == '?') { return boolean(out); }
    return (is_alpha(c) || c == '*') && token(out);
  }

  // At most 15 digits, or 12 before and 3 behind the point.
  bool number(BareItem& out) {
    const bool negative = take('-');
    std::size_t whole = 0;
    std::int64_t value = 0;
    for (; is_digit(front()); ++whole) {
      if (whole == 15) { return false; }
      value = value * 10 + (front() - '0');
      rest_.remove_prefix(1);
    }
    if (whole == 0) { return false; }
    out.kind = BareItem::Kind::kInteger;
    out.integer = negative ? -value : value;
    if (!take('.')) { return true; }
    out.kind = BareItem::Kind::kDecimal;
    std::size_t fraction = 0;
    for (; is_digit(front()); ++fraction) { rest_.remove_prefix(1); }
    return whole <= 12 && fraction >= 1 && fraction <= 3;
  }

  bool string(BareItem& out) {
    out.kind = BareItem::Kind::kString;
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      char c = front();
      rest_.remove_prefix(1);
      if (c == '"') { return true; }
      if (c == '\\') {
        c = front();
        if (c != '"' && c != '\\') { return false; }
        rest_.remove_prefix(1);
      }
      if (c < ' ' || c > '~') { return false; }
      out.text += c;
    }
    return false;
  }

  bool bytes(BareItem& out) {
    out.kind = BareItem::Kind::kBytes;
    rest_.remove_prefix(1);
    while (is_alpha(front()) || is_digit(front()) || front() == '+' || front() == '/' ||
           front() == '=') {
      rest_.remove_prefix(1);
    }
    return take(':');
  }

  bool boolean(BareItem& out) {
    out.kind = BareItem::Kind::kBoolean;
    rest_.remove_prefix(1);
    out.integer = front() == '1' ? 1 : 0;
    return take('0') || take('1');
  }

  bool token(BareItem& out) {
    out.kind = BareItem::Kind::kToken;
    while (!rest_.empty() && (front() == ':' || front() == '/' || is_token(rest_.substr(0, 1)))) {
      out.text += front();
      rest_.remove_prefix(1);
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Dictionary> parse_dictionary(std::string_view value) {
  while (!value.empty() && value.back() == ' ') { value.remove_suffix(1); }
  Dictionary result;
  if (!Parser(value).dictionary(result)) { return std::nullopt; }
  return result;
}

}  // namespace edge::http
