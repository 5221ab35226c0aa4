// What is wrong with an operator's file, collected so that all of it is shown at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gslb {

// The name of a file, held once by all places in it that are copies of one: a configuration of
// 100,000 zones has some hundred thousand.  Immutable value; converts both ways without a word.
class FileName {
 public:
  FileName() = default;
  // NOLINTBEGIN(google-explicit-constructor): it stands where a std::string stood
  FileName(std::string name) : name_(std::make_shared<const std::string>(std::move(name))) {}
  FileName(const char* name) : FileName(std::string(name)) {}
  operator const std::string&() const noexcept { return text(); }
  // NOLINTEND(google-explicit-constructor)
  const std::string& text() const noexcept;

  friend bool operator==(const FileName& a, const FileName& b) noexcept {
    return a.name_ == b.name_ || a.text() == b.text();
  }

 private:
  std::shared_ptr<const std::string> name_;  // null: ""
};

// A place in a file; line and column count from 1, 0 = not known.
struct Location {
  FileName file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const Location&, const Location&) = default;
};

enum class Severity : std::uint8_t { kWarning, kError };

struct Problem {
  Location at;
  Severity severity = Severity::kError;
  std::string what;  // the fact, lower case, no full stop
  std::string hint;  // what to do; may be empty

  // "file:line:column: error: what (hint)"; unknown line or column left out.  What the file has of
  // control characters is shown as \DDD (RFC 1035 5.1): it must not speak to the terminal.
  std::string to_string() const;
};

// Thread-compatible.
class Problems {
 public:
  void error(Location at, std::string what, std::string hint = {});
  void warning(Location at, std::string what, std::string hint = {});
  void append(const Problems& other);

  bool has_errors() const noexcept { return error_count_ > 0; }
  std::size_t error_count() const noexcept { return error_count_; }
  const std::vector<Problem>& list() const noexcept { return list_; }
  // One problem a line, in the order found.
  std::string to_string() const;

 private:
  std::vector<Problem> list_;
  std::size_t error_count_ = 0;
};

// The candidate most like `word` (edit distance at most a third of its length; otherwise the first
// that `word` of three characters or more begins), for "did you mean"; empty when none is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace gslb
