// docs/heartbeat.md is the contract with edges not in this tree: its example must hold.
#include <gtest/gtest.h>

#include "gslb/base/file.h"
#include "gslb/fleet/report.h"

namespace gslb::fleet {
namespace {

// The one line of the fenced block whose info string ends with `label`.
std::string example(const std::string& label) {
  const auto text = read_file(std::string(TEST_SOURCE_DIR) + "/docs/heartbeat.md");
  if (!text) { return "no docs/heartbeat.md"; }
  const std::size_t fence = text->find(' ' + label + '\n');
  if (fence == std::string::npos) { return "no block " + label; }
  const std::size_t start = text->find('\n', fence) + 1;
  return text->substr(start, text->find('\n', start) - start);
}

TEST(HeartbeatDocument, ExampleIsSignedAsWritten) {
  EXPECT_EQ(sign_report("fra-secret", "1790000000250", example("example-body")),
            example("example-signature"));
}

TEST(HeartbeatDocument, ExampleIsWhatTheWriterWrites) {
  const auto report = parse_report(example("example-body"));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(write_report(*report), example("example-body"));
}

}  // namespace
}  // namespace gslb::fleet
