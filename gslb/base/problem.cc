#include "gslb/base/problem.h"

#include <algorithm>
#include <numeric>

namespace gslb {
namespace {

// Levenshtein with adjacent transpositions counted as one edit ("tll" is near "ttl").
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string printable(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet != 0x7f) {
      shown += c;
      continue;
    }
    shown += '\\';
    for (const unsigned unit : {100U, 10U, 1U}) {
      shown += static_cast<char>('0' + octet / unit % 10);
    }
  }
  return shown;
}

}  // namespace

const std::string& FileName::text() const noexcept {
  static const std::string none;
  return name_ ? *name_ : none;
}

std::string Problem::to_string() const {
  std::string text = printable(at.file);
  if (at.line > 0) { text += ':' + std::to_string(at.line); }
  if (at.line > 0 && at.column > 0) { text += ':' + std::to_string(at.column); }
  if (!text.empty()) { text += ": "; }
  text += severity == Severity::kError ? "error: " : "warning: ";
  text += printable(what);
  if (!hint.empty()) { text += " (" + printable(hint) + ')'; }
  return text;
}

void Problems::error(Location at, std::string what, std::string hint) {
  list_.push_back({std::move(at), Severity::kError, std::move(what), std::move(hint)});
  ++error_count_;
}

void Problems::warning(Location at, std::string what, std::string hint) {
  list_.push_back({std::move(at), Severity::kWarning, std::move(what), std::move(hint)});
}

void Problems::append(const Problems& other) {
  list_.insert(list_.end(), other.list_.begin(), other.list_.end());
  error_count_ += other.error_count_;
}

std::string Problems::to_string() const {
  std::string text;
  for (const Problem& problem : list_) { text += problem.to_string() + '\n'; }
  return text;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (!best.empty() || word.size() < 3) { return best; }
  const auto longer =
      std::find_if(candidates.begin(), candidates.end(),
                   [&](const auto& candidate) { return candidate.starts_with(word); });
  return longer == candidates.end() ? best : *longer;
}

}  // namespace gslb
