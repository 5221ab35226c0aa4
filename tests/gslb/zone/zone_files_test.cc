// Whole files: the shipped example, the broken ones, and third-party zones with their verdicts.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/base/file.h"

#include "lookup.h"
#include "tests/support/folder.h"

namespace gslb::zone {
namespace {

const std::string kZones = TEST_SOURCE_DIR "/zones";
const std::string kShared = SHARED_DATA_DIR "/zone-parser";

TEST(ZoneFiles, ExampleZoneLoadsWithoutAWord) {
  Problems problems;
  const auto zone = load_zone(name_of("example.com"), kZones + "/example.zone", {}, problems);
  ASSERT_NE(zone, nullptr) << problems.to_string();
  EXPECT_EQ(problems.to_string(), "");
  EXPECT_EQ(look_up(*zone, "x.apps.example.com"),
            "wildcard *.apps.example.com. of "
            "apps.example.com. 1");
  EXPECT_EQ(look_up(*zone, "c.deep.example.com"), "exact c.deep.example.com.");
  EXPECT_EQ(look_up(*zone, "a.ns.sub.example.com"), "delegation sub.example.com. 2");
  EXPECT_EQ(look_up(*zone, "a.moved.example.com"), "dname moved.example.com. 1");
  EXPECT_EQ(look_up(*zone, "node8.example.com"), "exact node8.example.com.");
}

TEST(ZoneFiles, EachBrokenZoneIsRefusedForItsFault) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(kZones + "/broken")) {
    if (file.path().extension() != ".zone") { continue; }
    const std::string path = file.path().string();
    const std::string text = read_file(path).value();
    const std::string mark = "; expect: ";
    ASSERT_TRUE(text.starts_with(mark)) << path;
    const std::string expected = text.substr(mark.size(), text.find('\n') - mark.size());
    Problems problems;
    EXPECT_EQ(load_zone(name_of("example.com"), path, {}, problems), nullptr) << path;
    EXPECT_THAT(problems.to_string(), testing::HasSubstr(expected)) << path;
    EXPECT_EQ(problems.error_count(), 1U) << problems.to_string();
    ++count;
  }
  EXPECT_GE(count, 40U);
}

std::string apex_of(const std::string& file) {
  if (file.find("dns-sd-reverse") != std::string::npos) { return "0.0.0.0.in-addr.arpa"; }
  return file.find("rpz-prefix") != std::string::npos ? "db" : "example";
}

// Lines "file named=STATUS nsd=STATUS ldns=STATUS".
TEST(ZoneFiles, VerdictsAreThoseOnWhichBindAndNsdAgree) {
  std::ifstream table(kShared + "/calibration-debian12.txt");
  if (!table) { GTEST_SKIP() << "no third-party zones here"; }
  std::size_t refused_by_both = 0;
  std::size_t loaded_by_both = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string file;
    std::string named;
    std::string nsd;
    fields >> file >> named >> nsd;
    const bool named_loads = named == "named=0";
    const bool nsd_loads = nsd == "nsd=0";
    if (named_loads != nsd_loads) { continue; }
    Problems problems;
    const auto zone =
        load_zone(name_of(apex_of(file)), kShared + "/bind-checkzone/zones/" + file, {}, problems);
    EXPECT_EQ(zone != nullptr, named_loads) << file << '\n' << problems.to_string();
    ++(named_loads ? loaded_by_both : refused_by_both);
  }
  RecordProperty("refused_by_both", static_cast<int>(refused_by_both));
  RecordProperty("loaded_by_both", static_cast<int>(loaded_by_both));
  EXPECT_EQ(refused_by_both, 92U);
  EXPECT_GT(loaded_by_both, 15U);
}

// Loads every file of a folder as a zone; returns how many.  Under the sanitizers, that nothing
// crashes, leaks or hangs is the test.
std::size_t survive(const std::string& folder, std::initializer_list<const char*> apexes) {
  std::size_t read = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) { continue; }
    for (const char* apex : apexes) {
      Problems problems;
      const auto zone = load_zone(name_of(apex), file.path().string(), {}, problems);
      EXPECT_EQ(zone == nullptr, problems.has_errors()) << file.path();
    }
    ++read;
  }
  return read;
}

TEST(ZoneFiles, HostileFilesAreSurvived) {
  if (!std::filesystem::exists(kShared)) { GTEST_SKIP() << "no third-party zones here"; }
  EXPECT_GT(survive(kShared, {"example", "."}), 300U);
}

TEST(ZoneFiles, GeneratedInvalidZonesAreSurvived) {
  const std::string archive = SHARED_DATA_DIR "/ferret-invalid-zones/ferret-invalid-zones.tar.xz";
  if (!std::filesystem::exists(archive)) { GTEST_SKIP() << "no third-party zones here"; }
  const tests::Folder folder;
  ASSERT_EQ(std::system(("tar xJf '" + archive + "' -C '" + folder.path() + "'").c_str()), 0);
  EXPECT_GT(survive(folder.path(), {"bar", "."}), 800U);
}

}  // namespace
}  // namespace gslb::zone
