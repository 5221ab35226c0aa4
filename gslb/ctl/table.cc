#include "gslb/ctl/table.h"

#include <algorithm>

#include "gslb/base/check.h"

namespace gslb::ctl {
namespace {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::string toned(std::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::kPlain || text.empty()) { return std::string(text); }
  const char* const code = tone == Tone::kBold   ? "1"
                           : tone == Tone::kGood ? "32"
                           : tone == Tone::kWarn ? "33"
                                                 : "31";
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) { c = '?'; }
  }
  // C1 controls (U+0080 to U+009F) are two octets in UTF-8, the first of them C2.
  for (std::size_t i = 0; i + 1 < clean.size(); ++i) {
    const auto next = static_cast<unsigned char>(clean[i + 1]);
    if (static_cast<unsigned char>(clean[i]) == 0xc2 && next >= 0x80 && next < 0xa0) {
      clean.replace(i, 2, "?");
    }
  }
  return clean;
}

void Table::add(std::vector<Cell> row) {
  CHECK(row.size() == columns_.size());
  for (Cell& cell : row) { cell.text = printable(cell.text); }
  rows_.push_back(std::move(row));
}

std::string Table::to_string(bool colour, std::string_view indent) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    for (const auto& row : rows_) { widths[i] = std::max(widths[i], width(row[i].text)); }
    if (widths[i] > 0) { widths[i] = std::max(widths[i], width(columns_[i].title)); }
  }
  std::string out;
  const auto put_line = [&](const auto& cell_of) {
    std::string line(indent);
    std::string gap;  // waits for the next text, so that no line ends in blanks
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == 0) { continue; }
      const Cell cell = cell_of(i);
      const std::string pad(widths[i] - width(cell.text), ' ');
      if (columns_[i].right) { gap += pad; }
      if (!cell.text.empty()) {
        line += gap + toned(cell.text, cell.tone, colour);
        gap.clear();
      }
      if (!columns_[i].right) { gap += pad; }
      gap += "  ";
    }
    out += line + '\n';
  };
  put_line([this](std::size_t i) { return Cell(columns_[i].title, Tone::kBold); });
  for (const auto& row : rows_) {
    put_line([&row](std::size_t i) { return row[i]; });
  }
  return out;
}

}  // namespace gslb::ctl
