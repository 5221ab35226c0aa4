#include "gslb/control/compiled.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/control/protection.h"

#include "tests/support/folder.h"

namespace gslb::control {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Compiled, TakesTheExampleWithoutAWord) {
  Problems problems;
  const auto compiled = compile(TEST_SOURCE_DIR "/zones/example.toml", problems);
  EXPECT_EQ(problems.to_string(), "");
  ASSERT_NE(compiled, nullptr);
  EXPECT_EQ(compiled->zones->zones().size(), 1U);
  EXPECT_EQ(compiled->services->routes.size(), 2U);
}

TEST(Compiled, AMissingZoneFileIsReportedWhereItIsNamed) {
  const tests::Folder folder;
  const std::string path =
      folder.write("compiled_test.toml",
                   "[[zone]]\nname = 'example.'\nfile = 'no-such.zone'\n"
                   "[[zone]]\nname = 'example.org.'\nfile = 'nor-this.zone'\n");
  Problems problems;
  EXPECT_EQ(compile(path, problems), nullptr);
  ASSERT_EQ(problems.list().size(), 2U) << problems.to_string();
  const std::string first = problems.list()[0].to_string();
  EXPECT_THAT(first, StartsWith(path + ":3:8: error: can't read the zone file "));
  EXPECT_THAT(first, HasSubstr("no-such.zone: No such file or directory"));
  EXPECT_THAT(problems.list()[1].to_string(), StartsWith(path + ":6:8: error: "));
  EXPECT_THAT(first, EndsWith("(paths are relative to the folder of the configuration)"));
}

TEST(Compiled, RefusesACnameFallbackWhereTheOwnerHasRecords) {
  const tests::Folder folder;
  std::ofstream(folder / "apex.zone") << "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.1\n"
                                         "*.a TXT here\n";
  std::ofstream(folder / "apex.toml")
      << "[[zone]]\nname = 'example.'\nfile = 'apex.zone'\n[cluster.fra]\nlatitude = 1\n"
         "longitude = 2\nhealth = 'none'\n[[cluster.fra.node]]\nid = 'n'\nipv4 = '192.0.2.9'\n"
         "[service.web]\nfallback = 'cname'\nfallback_cname = 'other.cdn.'\n"
         "[[route]]\nname = 'example.'\nservice = 'web'\n"
         "[[route]]\nname = '*.a.example.'\nservice = 'web'\n"
         "[[route]]\nname = '*.b.example.'\nservice = 'web'\n";
  Problems problems;
  EXPECT_EQ(compile(folder / "apex.toml", problems), nullptr);
  ASSERT_EQ(problems.error_count(), 2U) << problems.to_string();
  EXPECT_THAT(problems.to_string(), HasSubstr("apex.toml:15:8: error: 'example.' has records"));
  EXPECT_THAT(problems.to_string(), HasSubstr("apex.toml:18:8: error: '*.a.example.' has records"));
}

TEST(Compiled, TakesTheGeoMapFromTheCacheUntilASourceChanges) {
  const tests::Folder folder;
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name) << text;
  };
  write("example.zone", "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.1\n");
  write("asn.csv", "192.0.2.0,192.0.2.255,64496,Net\n");
  write("proxima.toml",
        "[server]\nstate_dir = 'state'\n[[zone]]\nname = 'example.'\nfile = 'example.zone'\n"
        "[[geo.source]]\nfile = 'asn.csv'\npreset = 'asn-csv'\n");
  const auto operator_of = [&](bool uses_cache) {
    Problems problems;
    const auto compiled =
        compile(folder / "proxima.toml", problems,
                {.compiled = nullptr, .zones = nullptr, .uses_geo_cache = uses_cache});
    EXPECT_EQ(problems.to_string(), "");
    return compiled == nullptr ? "" : compiled->geo->operator_name(64496);
  };
  const std::string cache = folder / "state/geo.cache";
  EXPECT_EQ(operator_of(false), "Net");
  EXPECT_FALSE(std::filesystem::exists(cache)) << "check leaves no traces";
  EXPECT_EQ(operator_of(true), "Net");
  ASSERT_TRUE(std::filesystem::exists(cache));

  const auto stamp = [&] {
    struct stat info {};
    return ::stat(cache.c_str(), &info) == 0 ? info.st_mtim.tv_nsec + info.st_ino : 0;
  };
  const auto written = stamp();
  EXPECT_EQ(operator_of(true), "Net");
  EXPECT_EQ(stamp(), written) << "a compile would have written it again";

  std::filesystem::remove(folder / "asn.csv");
  write("asn.csv", "192.0.2.0,192.0.2.255,64496,Other\n");
  EXPECT_EQ(operator_of(true), "Other");
  std::ofstream(cache) << "nonsense";
  EXPECT_EQ(operator_of(true), "Other");
}

TEST(Compiled, WarnsOfAZoneWhoseSignaturesAreOfNoUse) {
  const tests::Folder folder;
  std::ofstream(folder / "signed.zone")
      << "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.1\n"
         "@ DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n";
  std::ofstream(folder / "signed.toml") << "[[zone]]\nname = 'example.'\nfile = 'signed.zone'\n";
  Problems problems;
  const auto compiled = compile(folder / "signed.toml", problems);
  ASSERT_NE(compiled, nullptr);
  EXPECT_THAT(problems.to_string(), HasSubstr("warning: DNSSEC: example. SOA: not signed"));
  Problems again;
  EXPECT_NE(reload_zone(compiled->config, *compiled->table->rows()[0], again), nullptr);
  EXPECT_EQ(again.to_string(), problems.to_string()) << "a reload of one zone says the same";
}

TEST(Compiled, OnlyThoseNamedMayAskAConsumedCatalog) {
  const tests::Folder folder;
  const std::string path = folder / "catalog.toml";
  std::ofstream(path) << "[server]\nstate_dir = '" + folder.path() +
                             "'\n[[remote]]\nid = 'p'\naddress = '192.0.2.1'\n"
                             "[[zone]]\nname = 'closed.'\nprimaries = 'p'\ncatalog = true\n"
                             "[[zone]]\nname = 'open.'\nprimaries = 'p'\ncatalog = true\n"
                             "allow_query = '192.0.2.0/24'\n"
                             "[[zone]]\nname = 'plain.'\nprimaries = 'p'\n";
  Problems problems;
  const auto compiled = compile(path, problems);
  ASSERT_NE(compiled, nullptr) << problems.to_string();
  const auto protection = make_protection(compiled->config, 1);
  const auto may_ask = [&](const char* apex) {
    const auto zone = zone::Zone::without_data(*dns::Name::parse(apex), zone::ZoneState::kExpired);
    return protection->may_ask(*Address::parse("192.0.2.7"), *zone);
  };
  EXPECT_FALSE(may_ask("closed."));
  EXPECT_TRUE(may_ask("open."));
  EXPECT_TRUE(may_ask("plain."));
}

}  // namespace
}  // namespace gslb::control
