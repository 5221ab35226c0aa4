// Rows of text in aligned columns, for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gslb::ctl {

enum class Tone { kPlain, kBold, kGood, kWarn, kBad };

// `text` for a terminal: with `colour`, in that tone.
std::string toned(std::string_view text, Tone tone, bool colour);

// Printable: control characters, which could rewrite the screen, become '?'.  Edges and operators
// send free text.
std::string printable(std::string_view text);

struct Cell {
  Cell(std::string from, Tone in = Tone::kPlain) : text(std::move(from)), tone(in) {}  // NOLINT
  Cell(const char* from) : text(from) {}                                               // NOLINT
  std::string text;
  Tone tone = Tone::kPlain;
};

// Thread-compatible.  A column in which every row is empty is not shown.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  // numbers
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // REQUIRES: one cell a column
  void add(std::vector<Cell> row);

  // Every line ends with a newline and begins with `indent`; no trailing blanks.  Widths count
  // UTF-8 characters.
  std::string to_string(bool colour, std::string_view indent = "") const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace gslb::ctl
