// The judge of the format is Prometheus' own tool.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "metrics_fixture.h"
#include "tests/support/folder.h"

namespace gslb::metrics {
namespace {

struct Verdict {
  int status = -1;
  std::string text;
};

// What `promtool check metrics` says about `exposition`; a pipe in and a file out, since popen()
// goes one way only.
Verdict check_metrics(const std::string& exposition) {
  const tests::Folder folder;
  const std::string said = folder / "said";
  FILE* const tool = ::popen(("promtool check metrics >" + said + " 2>&1").c_str(), "w");
  EXPECT_NE(tool, nullptr);
  std::fwrite(exposition.data(), 1, exposition.size(), tool);
  const int status = ::pclose(tool);
  Verdict verdict{WIFEXITED(status) ? WEXITSTATUS(status) : -1, ""};
  FILE* const file = std::fopen(said.c_str(), "r");
  std::array<char, 4096> chunk{};
  verdict.text.assign(chunk.data(), std::fread(chunk.data(), 1, chunk.size(), file));
  std::fclose(file);
  return verdict;
}

class Promtool : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v promtool >/dev/null") != 0) {
      GTEST_SKIP() << "promtool is not installed (Debian package prometheus)";
    }
  }
};

TEST_F(Promtool, FindsNothingToMendInAFullScrape) {
  Fixture f;
  f.answers[0].latency_ns.record(1000);
  f.decisions->count(0, 0, fleet::kNoCluster, steer::Reason::kFallback);
  const Verdict verdict = check_metrics(render(f.input));
  EXPECT_EQ(verdict.status, 0) << verdict.text;
  EXPECT_EQ(verdict.text, "");
}

TEST_F(Promtool, FindsNothingToMendBeforeReady) {
  const Verdict verdict = check_metrics(render(Input{}));
  EXPECT_EQ(verdict.status, 0) << verdict.text;
  EXPECT_EQ(verdict.text, "");
}

// That the two tests above could fail.
TEST_F(Promtool, RefusesAMetricAgainstTheRules) {
  EXPECT_NE(check_metrics("# TYPE proxima_queries counter\nproxima_queries 1\n").status, 0);
}

}  // namespace
}  // namespace gslb::metrics
