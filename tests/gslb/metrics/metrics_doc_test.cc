// docs/metrics.md against what is rendered, both ways.
#include <regex>

#include "gslb/base/file.h"

#include "metrics_fixture.h"

namespace gslb::metrics {
namespace {

struct Row {
  std::string type;
  std::set<std::string> labels;
};

// Rows "| `name` | type | labels | meaning |" of all tables; label names are in backticks.
std::map<std::string, Row> documented() {
  const auto text = read_file(std::string(TEST_SOURCE_DIR) + "/docs/metrics.md");
  EXPECT_TRUE(text);
  std::map<std::string, Row> rows;
  const std::regex row("\\| `([a-z_]+)` \\| (\\w+) \\| ([^|]*)\\| [^|]+ \\|");
  const std::regex label("`([a-z_]+)`");
  std::istringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) { continue; }
    const std::string labels = match[3];
    // Those of edges are compared with an edge, in e2e.observability.
    if (match[1].str().starts_with("proxima_edge_")) { continue; }
    Row& added = rows[match[1]];
    EXPECT_EQ(added.type, "") << match[1] << " stands twice";
    added.type = match[2];
    for (std::sregex_iterator it(labels.begin(), labels.end(), label), end; it != end; ++it) {
      added.labels.insert((*it)[1]);
    }
  }
  return rows;
}

TEST(MetricsReference, IsWhatIsRendered) {
  const std::map<std::string, Row> rows = documented();
  const Scrape scrape = Fixture().scrape();
  EXPECT_GE(rows.size(), 50U);
  for (const auto& [name, row] : rows) {
    ASSERT_TRUE(scrape.types.contains(name)) << name << " is documented and not rendered";
    EXPECT_EQ(row.type, scrape.types.at(name)) << name;
    EXPECT_EQ(row.labels, scrape.keys.at(name)) << name;
  }
  for (const auto& [name, type] : scrape.types) {
    EXPECT_TRUE(rows.contains(name)) << name << " is rendered and not documented";
  }
}

}  // namespace
}  // namespace gslb::metrics
