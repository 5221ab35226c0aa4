#include "gslb/trial/queries.h"

#include <algorithm>

#include "gslb/base/fields.h"

namespace gslb::trial {
namespace {

constexpr std::size_t kMostProblems = 20;
constexpr double kMostCount = 1e12;

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// The error; empty: `query` is filled.
std::string read_words(const std::vector<std::string>& words, AskedQuery& query) {
  if (words.size() < 3 || words.size() > 4) { return "a line is NAME TYPE CLIENT [COUNT]"; }
  const auto name = dns::Name::parse(words[0]);
  if (!name) { return "'" + words[0] + "' is not a domain name"; }
  const auto type = dns::parse_rr_type(words[1]);
  if (!type) { return "'" + words[1] + "' is not a record type"; }
  const auto client = Prefix::parse(words[2]);
  if (!client) { return "'" + words[2] + "' is not an address or prefix"; }
  query = {.name = *name, .type = *type, .client = *client};
  if (words.size() == 4) {
    const auto count = parse_number<double>(words[3]);
    // A NaN is in no range.
    if (!count || !(*count > 0 && *count <= kMostCount)) {
      return "'" + words[3] + "' is not a count";
    }
    query.count = *count;
  }
  return {};
}

}  // namespace

std::vector<AskedQuery> read_queries(std::string_view text, const std::string& file,
                                     Problems& problems) {
  std::vector<AskedQuery> queries;
  std::uint32_t line = 0;
  std::size_t wrong = 0;
  while (!text.empty() && wrong < kMostProblems) {
    ++line;
    const std::vector<std::string> words = words_of(take_field(text, '\n'));
    if (words.empty() || words[0][0] == '#' || words[0][0] == ';') { continue; }
    AskedQuery query;
    const std::string error = read_words(words, query);
    if (error.empty()) {
      queries.push_back(std::move(query));
    } else {
      problems.error({file, line, 1}, error, "www.cdn.example A 198.51.100.0/24 12");
      ++wrong;
    }
  }
  return queries;
}

}  // namespace gslb::trial
