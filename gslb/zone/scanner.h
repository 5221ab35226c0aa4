// The lexical layer of a zone file: text → entries of words with their places.
//
// Source: RFC 1035 5.1.  A quoted string ends on its line, as BIND has it (RFC 1035 would let it
// run on, and a forgotten quote would swallow the file).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gslb::zone {

// Words are views into the text, escapes untouched, quotes of a quoted word taken off.
struct Word {
  std::string_view text;
  bool is_quoted = false;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct Entry {
  std::vector<Word> words;
  bool starts_blank = false;  // begins with white space: the owner is that of the entry before
};

// Thread-compatible.  Does not own the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : text_(text) {}

  enum class Step : std::uint8_t { kEntry, kEnd, kFault };
  // The next entry that has words.  After kFault (see fault()) the rest of that entry's line is
  // skipped and next() may go on.
  Step next(Entry& entry);

  struct Fault {
    std::string_view what;
    std::string_view hint;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
  };
  const Fault& fault() const noexcept { return fault_; }

 private:
  char peek() const noexcept { return text_[at_]; }
  bool done() const noexcept { return at_ >= text_.size(); }
  std::uint32_t column() const noexcept {
    return static_cast<std::uint32_t>(at_ - line_start_) + 1;
  }
  void end_line() noexcept;
  void skip_comment() noexcept;
  bool take_word(Entry& entry);
  bool take_quoted(Entry& entry);
  bool skip_quoted_part() noexcept;
  Step fail(std::string_view what, std::string_view hint, std::uint32_t line, std::uint32_t column);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  Fault fault_;
};

}  // namespace gslb::zone
