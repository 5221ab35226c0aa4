#include "gslb/transfer/zone_copy.h"

#include <filesystem>

#include "gslb/base/file.h"
#include "gslb/base/random.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

const std::string kText = soa(7) +
                          "example. 300 NS ns.example.\n"
                          "ns.example. 60 A 192.0.2.1\n"
                          "ns.example. 60 RRSIG A 13 2 60 20300101000000 20200101000000 1 "
                          "example. AAAA\n"
                          "*.w.example. 60 MX 10 ns.example.\n";

TEST(ZoneCopy, DecodesToTheZoneItIsOf) {
  const auto zone = zone_of(kText);
  const std::string octets = encode_copy(*zone);
  const auto again = decode_copy(name_of("Example."), octets);
  ASSERT_TRUE(again);
  EXPECT_EQ(dump(*again), dump(*zone));
  EXPECT_EQ(again->serial(), 7U);
}

TEST(ZoneCopy, AnyDamageIsSeen) {
  const std::string good = encode_copy(*zone_of(kText));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode_copy(name_of("example."), std::string_view(good).substr(0, size)), nullptr);
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_EQ(decode_copy(name_of("example."), bad), nullptr) << at;
  }
  EXPECT_EQ(decode_copy(name_of("example.org."), good), nullptr);
}

TEST(ZoneCopy, EveryZoneHasAFileNameOfItsOwn) {
  EXPECT_EQ(copy_path("/s", name_of("Www.Example.")), "/s/www.example.copy");
  EXPECT_EQ(copy_path("/s", dns::Name()), "/s/@.copy");
  EXPECT_EQ(copy_path("/s", name_of("a/b.")), "/s/a%2fb.copy");
  EXPECT_EQ(copy_path("/s", name_of("a\\.b.")), "/s/a%2eb.copy");
  EXPECT_EQ(copy_path("/s", name_of("\\@.")), "/s/%40.copy");
  const std::string label(60, '/');
  const auto one = name_of(label + ".a." + label + "." + label + ".");
  const auto two = name_of(label + ".b." + label + "." + label + ".");
  EXPECT_NE(copy_path("/s", one), copy_path("/s", two));
  EXPECT_LT(copy_path("/s", one).size(), 255U);
}

TEST(ZoneCopy, TheFileRemembersWhenItWasConfirmed) {
  const std::string folder = std::string(TEST_BINARY_DIR) + "/zone_copy_test";
  std::filesystem::create_directories(folder);
  const std::string path = copy_path(folder, name_of("example."));
  remove_copy(path);
  EXPECT_EQ(load_copy(path, name_of("example.")).error(), CopyError::kAbsent);
  const WallTime then = std::chrono::system_clock::from_time_t(1'700'000'000);
  const auto zone = zone_of(kText);
  ASSERT_TRUE(save_copy(path, *zone, then));
  EXPECT_EQ(load_copy(path, name_of("example."))->confirmed, then);
  touch_copy(path, then + seconds(60));
  const auto stored = load_copy(path, name_of("example."));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->confirmed, then + seconds(60));
  EXPECT_EQ(dump(*stored->zone), dump(*zone));
  ASSERT_TRUE(write_file_atomically(path, "not a zone"));
  EXPECT_EQ(load_copy(path, name_of("example.")).error(), CopyError::kDamaged);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gslb::transfer
