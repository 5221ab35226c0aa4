#include "edge/cache/disk_format.h"

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace edge::cache {
namespace {

constexpr std::uint64_t kNonce = 0x1122334455667788ULL;

RecordMeta some_meta(std::uint64_t body_octets) {
  RecordMeta meta;
  meta.key = "www.example.com /a?b";
  meta.variant.selected = {{"accept-language", "de, en"}, {"x-empty", ""}};
  meta.head.status = 203;
  meta.head.reason = "Non-Authoritative Information";
  meta.head.fields.add("ETag", "\"v1\"");
  meta.head.fields.add("Set-Cookie", "a");
  meta.head.fields.add("Set-Cookie", "b");
  meta.freshness.lifetime_s = 86'400;
  meta.freshness.initial_age_s = 7;
  meta.freshness.must_revalidate = true;
  meta.freshness.stale_while_revalidate_s = 30;
  meta.freshness.stale_if_error_s = 0;
  meta.received_ms = 1'700'000'000'123;
  meta.complete = body_octets;
  for (std::uint64_t i = 0; i < block_count(body_octets); ++i) { meta.blocks.push_back(i * 77); }
  return meta;
}

Frame some_frame() {
  Frame frame;
  frame.name = {42, 3, 4};
  frame.meta_octets = 300;
  frame.body_octets = 100'000;
  frame.meta_checksum = 99;
  return frame;
}

TEST(DiskFormat, MetaComesBackAsItWas) {
  for (const std::uint64_t octets : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{kDiskBlock},
                                     std::uint64_t{3 * kDiskBlock + 1}}) {
    const RecordMeta meta = some_meta(octets);
    const auto back = parse_meta(gslb::as_octets(write_meta(meta)), octets);
    ASSERT_TRUE(back) << octets;
    EXPECT_EQ(back->key, meta.key);
    EXPECT_EQ(back->variant, meta.variant);
    EXPECT_EQ(back->head.status, 203);
    EXPECT_EQ(back->head.reason, meta.head.reason);
    EXPECT_EQ(back->head.fields.list(), meta.head.fields.list());
    EXPECT_EQ(back->freshness.lifetime_s, 86'400);
    EXPECT_EQ(back->freshness.initial_age_s, 7);
    EXPECT_TRUE(back->freshness.must_revalidate);
    EXPECT_FALSE(back->freshness.always_validate);
    EXPECT_FALSE(back->freshness.never_stale);
    EXPECT_EQ(back->freshness.stale_while_revalidate_s, 30);
    EXPECT_EQ(back->freshness.stale_if_error_s, 0);
    EXPECT_EQ(back->received_ms, meta.received_ms);
    EXPECT_EQ(back->complete, octets);
    EXPECT_EQ(back->blocks, meta.blocks);
  }
}

TEST(DiskFormat, AnIndexOfSlicesHasNoBody) {
  RecordMeta meta = some_meta(0);
  meta.complete = 5'000'000'000;
  meta.slice_generation = 77;
  meta.slice_octets = 1 << 20;
  const std::string text = write_meta(meta);
  const auto back = parse_meta(gslb::as_octets(text), 0);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->complete, 5'000'000'000U);
  EXPECT_EQ(back->slice_generation, 77U);
  EXPECT_EQ(back->slice_octets, 1U << 20);
  meta = some_meta(100);
  meta.slice_octets = 1 << 20;
  EXPECT_FALSE(parse_meta(gslb::as_octets(write_meta(meta)), 100));
}

TEST(DiskFormat, MetaCutShortOrOfAnotherLengthIsDamaged) {
  const std::string text = write_meta(some_meta(200'000));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_meta(gslb::as_octets(text).first(size), 200'000)) << size;
  }
  EXPECT_FALSE(parse_meta(gslb::as_octets(text + "x"), 200'000));
  EXPECT_FALSE(parse_meta(gslb::as_octets(text), 200'000 + kDiskBlock));
}

TEST(DiskFormat, AFrameIsValidInItsPlaceAndSegmentOnly) {
  const DiskUnitOctets unit = write_frame(some_frame(), kNonce, 640);
  const auto back = parse_frame(unit, kNonce, 640);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->name, some_frame().name);
  EXPECT_EQ(back->octets(), 64U + 320U + 100'032U);
  EXPECT_FALSE(parse_frame(unit, kNonce, 704));
  EXPECT_FALSE(parse_frame(unit, kNonce + 1, 640));
}

TEST(DiskFormat, EveryFlippedBitOfAFrameAndASegmentHeadIsSeen) {
  const DiskUnitOctets frame = write_frame(some_frame(), kNonce, 64);
  const DiskUnitOctets head = write_segment_head({7, kNonce, 5});
  for (std::size_t bit = 0; bit < kDiskUnit * 8; ++bit) {
    DiskUnitOctets broken = frame;
    broken[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(parse_frame(broken, kNonce, 64)) << bit;
    broken = head;
    broken[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(parse_segment_head(broken)) << bit;
  }
  EXPECT_EQ(parse_segment_head(head)->sequence, 7U);
  EXPECT_EQ(parse_segment_head(head)->hash_seed, 5U);
}

TEST(DiskFormat, ABlockIsOfItsKeyAndPlace) {
  std::string block(kDiskBlock, 'x');
  const std::uint64_t sum = block_checksum(gslb::as_octets(block), 1, 0);
  EXPECT_NE(sum, block_checksum(gslb::as_octets(block), 2, 0));
  EXPECT_NE(sum, block_checksum(gslb::as_octets(block), 1, 1));
  gslb::Random random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t bit = random.below(block.size() * 8);
    block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(sum, block_checksum(gslb::as_octets(block), 1, 0)) << bit;
    block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << (bit % 8)));
  }
}

TEST(DiskFormat, TheFooterTellsOfEveryRecord) {
  std::vector<RecordPlace> records;
  for (std::uint32_t i = 0; i < 100; ++i) {
    records.push_back({i % 7 == 0 ? RecordKind::kRemoval : RecordKind::kObject,
                       i % 2 == 0,
                       {i * 1000ULL, static_cast<std::uint16_t>(i), 9},
                       i + 1,
                       1});
  }
  const std::string footer = write_footer(records, kNonce, 6400);
  EXPECT_LE(footer.size(), footer_octets(records.size()));
  const gslb::Octets octets = gslb::as_octets(footer);
  const auto place = parse_trailer(octets.last(kDiskUnit), kNonce, 6400 + footer.size());
  ASSERT_TRUE(place);
  const auto back = parse_footer(octets.first(place->octets), *place, kNonce);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ((*back)[i].kind, records[i].kind);
    EXPECT_EQ((*back)[i].one_variant, records[i].one_variant);
    EXPECT_EQ((*back)[i].name, records[i].name);
    EXPECT_EQ((*back)[i].at, records[i].at);
  }
  std::string broken = footer;
  broken[50] = static_cast<char>(broken[50] ^ 1);
  EXPECT_FALSE(parse_footer(gslb::as_octets(broken).first(place->octets), *place, kNonce));
  EXPECT_FALSE(parse_trailer(octets.last(kDiskUnit), kNonce + 1, 6400 + footer.size()));
  EXPECT_FALSE(parse_trailer(octets.last(kDiskUnit), kNonce, 1000));  // the file was cut
}

TEST(DiskFormat, NamesTellVaryFromValues) {
  const RecordName english = record_name("k", {{{"accept-language", "en"}}}, 1);
  const RecordName german = record_name("k", {{{"accept-language", "de"}}}, 1);
  const RecordName plain = record_name("k", {}, 1);
  EXPECT_EQ(english.names, german.names);
  EXPECT_NE(english.values, german.values);
  EXPECT_NE(english.names, plain.names);
  EXPECT_EQ(english.key, plain.key);
  EXPECT_NE(english.key, record_name("k", {}, 2).key);
}

}  // namespace
}  // namespace edge::cache
