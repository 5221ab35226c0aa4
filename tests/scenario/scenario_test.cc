// Every scenario file of this folder holds.
#include "tests/scenario/scenario.h"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "gslb/base/file.h"

namespace {

const std::string kFolder = TEST_SOURCE_DIR "/tests/scenario/";

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".scenario") { names.push_back(entry.path().stem()); }
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, Holds) {
  const std::string file = GetParam() + ".scenario";
  const auto text = gslb::read_file(kFolder + file);
  ASSERT_TRUE(text) << file;
  try {
    scenario::run(scenario::parse("tests/scenario/" + file, *text));
  } catch (const std::exception& error) { FAIL() << error.what(); }
}

INSTANTIATE_TEST_SUITE_P(Files, Scenario, testing::ValuesIn(scenario_names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
