#include "edge/cache/slices.h"

#include <gtest/gtest.h>

#include "heads.h"

namespace edge::cache {
namespace {

const gslb::WallTime kNow{std::chrono::hours(24 * 365 * 50)};
constexpr std::uint64_t kMib = 1 << 20;

http::ResponseHead large() {
  return response(200, {{"ETag", "\"1\""}, {"Accept-Ranges", "bytes"}});
}

Object index_of(http::ResponseHead head) {
  Object index;
  index.head = std::move(head);
  index.sliced = Sliced{7, 10 * kMib + 5, kMib};
  return index;
}

TEST(Slices, AreOfWhatIsLargeAndComesInRanges) {
  const config::Slices slices;
  const auto sliced = slicing_of(large(), 8 * kMib, false, slices, kNow);
  ASSERT_TRUE(sliced);
  EXPECT_EQ(sliced->total, 8 * kMib);
  EXPECT_EQ(sliced->octets, kMib);
  EXPECT_FALSE(slicing_of(large(), 8 * kMib - 1, false, slices, kNow));
  const auto mute = response(200, {{"ETag", "\"1\""}});
  EXPECT_FALSE(slicing_of(mute, 8 * kMib, false, slices, kNow));
  EXPECT_TRUE(slicing_of(mute, 8 * kMib, true, slices, kNow));
  EXPECT_FALSE(slicing_of(response(200, {{"ETag", "W/\"1\""}}), 8 * kMib, true, slices, kNow));
  EXPECT_FALSE(slicing_of(response(404, {{"ETag", "\"1\""}}), 8 * kMib, true, slices, kNow));
  config::Slices off;
  off.enabled = false;
  EXPECT_FALSE(slicing_of(large(), 8 * kMib, true, off, kNow));
}

TEST(Slices, HaveTheirPlaceAndName) {
  const Sliced sliced{7, 10 * kMib + 5, kMib};
  EXPECT_EQ(slice_range(sliced, 0), (http::ByteRange{0, kMib - 1}));
  EXPECT_EQ(slice_range(sliced, 10), (http::ByteRange{10 * kMib, 10 * kMib + 4}));
  Sliced other = sliced;
  other.generation = 8;
  EXPECT_NE(slice_key("h /a", sliced, 1), slice_key("h /a", sliced, 2));
  EXPECT_NE(slice_key("h /a", sliced, 1), slice_key("h /a", other, 1));
  EXPECT_TRUE(slice_key("h /a", sliced, 1).starts_with("h /a "));
}

TEST(Slices, AreAskedForWhole) {
  const auto aligned = [](std::optional<std::uint64_t> first, std::optional<std::uint64_t> last) {
    return aligned_range({first, last}, 100).value_or("none");
  };
  EXPECT_EQ(aligned(0, 0), "bytes=0-99");
  EXPECT_EQ(aligned(99, 100), "bytes=0-199");
  EXPECT_EQ(aligned(250, std::nullopt), "bytes=200-");
  EXPECT_EQ(aligned(std::nullopt, 5), "none");
  EXPECT_EQ(aligned(100, ~std::uint64_t{0} >> 1), "bytes=100-");
}

TEST(Slices, BelongToTheirIndex) {
  const Object index = index_of(large());
  const auto judged = [&](const http::ResponseHead& head, std::uint64_t from = kMib) {
    return judge_slice(head, index, from, kNow);
  };
  const http::Field place{"Content-Range", "bytes 1048576-2097151/10485765"};
  EXPECT_EQ(judged(response(206, {place, {"ETag", "\"1\""}})), SliceAnswer::kRange);
  // What did not change may be left out (RFC 9110 15.3.7).
  EXPECT_EQ(judged(response(206, {place})), SliceAnswer::kRange);
  EXPECT_EQ(judged(response(206, {place, {"ETag", "\"2\""}})), SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(206, {place, {"ETag", "W/\"1\""}})), SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(206, {place, {"ETag", "\"1\""}}), 0), SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(206, {{"Content-Range", "bytes 1048576-2097151/10485766"}})),
            SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(206, {{"ETag", "\"1\""}})), SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(200, {{"ETag", "\"1\""}, {"Content-Length", "10485765"}})),
            SliceAnswer::kWhole);
  EXPECT_EQ(judged(response(200, {{"ETag", "\"1\""}, {"Content-Length", "10485764"}})),
            SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(200, {})), SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(416, {})), SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(404, {})), SliceAnswer::kChanged);
  EXPECT_EQ(judged(response(503, {})), SliceAnswer::kFailure);
  EXPECT_EQ(judged(response(429, {})), SliceAnswer::kFailure);
}

}  // namespace
}  // namespace edge::cache
